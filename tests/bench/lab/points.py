# SPDX-License-Identifier: MIT
"""points: what is measured, one row each: name, setup of Kamailio it needs, words, arguments of storm."""

STREAM = ["--callers", "16"]
POINTS = [
    ("call", "udp", "call, Record-Route, UDP", ["call", "--prepare", "--record-route"]),
    ("call@1000", "udp", "the same, 1000 a second", ["call", "--prepare", "--record-route", "--rate", "1000"]),
    ("fork3", "udp", "call forked to three, one answers", ["call", "--prepare", "--record-route", "--contacts", "3"]),
    ("tcp", "stream", "call over TCP", ["call", "--prepare", "--record-route", "--transport", "tcp", *STREAM]),
    ("tls", "stream", "call over TLS", ["call", "--prepare", "--record-route", "--transport", "tls", *STREAM]),
    ("message", "udp", "MESSAGE relayed", ["message", "--prepare"]),
    ("register", "udp", "REGISTER refresh", ["register", "--prepare"]),
    # reuse before challenge, which leaves every record full of nonces
    ("reuse", "auth", "REGISTER, digest, the nonce again", ["register", "--prepare", "--auth", "reuse"]),
    ("challenge", "auth", "REGISTER, digest, a challenge each time", ["register", "--auth", "challenge"]),
    ("options", "udp", "OPTIONS to the server", ["options"]),
]
NAMES = [p[0] for p in POINTS]
