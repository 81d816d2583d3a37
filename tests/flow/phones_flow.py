# SPDX-License-Identifier: MIT
"""phones: two real softphones (baresip) with passwords make a call, and their sound is counted both ways."""
import json
import time

from kit.flow import flow
from kit.softphone import Softphone

SECONDS = 4
DOMAIN = "auth.example.com"


def talk(server, transport):
    a, b = server.name("alice"), server.name("bob")
    for user in (a, b):
        server.add_user(user, f"secret-{user}", DOMAIN)
    with Softphone(server, a, f"secret-{a}", DOMAIN, transport=transport) as alice, \
            Softphone(server, b, f"secret-{b}", DOMAIN, transport=transport) as bob:
        alice.registered()
        bob.registered()
        bob.command("reginfo")  # bob listens to his events from here on
        record = json.loads(next(iter(server.bindings(f"{a}@{DOMAIN}").values())))
        assert record["user_agent"].lower().startswith("baresip"), record
        alice.command("dial", f"sip:{b}@{DOMAIN}")
        bob.wait("CALL_INCOMING")
        alice.wait("CALL_RINGING")
        bob.command("accept")
        alice.wait("CALL_ESTABLISHED")
        bob.wait("CALL_ESTABLISHED")
        time.sleep(SECONDS)
        alice.command("hangup")
        bob.wait("CALL_CLOSED")
        alice.wait("CALL_CLOSED")
        least = SECONDS * 50 * 3 // 4  # a packet every 20 ms
        for phone in (alice, bob):
            sent, heard = phone.packets()
            assert sent >= least and heard >= least, f"{phone.user} sent {sent}, heard {heard} packets of at least {least}"
    for user in (a, b):
        assert server.bindings(f"{user}@{DOMAIN}") == {}, "a phone that was switched off is still registered"


@flow("phones.call", needs=["baresip"])
def call(server):
    """Register with a password, call, answer, talk, hang up, switch off: over UDP."""
    talk(server, "udp")


@flow("phones.call-tcp", needs=["baresip"])
def call_tcp(server):
    """The same over TCP."""
    talk(server, "tcp")


@flow("phones.call-tls", needs=["baresip"])
def call_tls(server):
    """The same over TLS."""
    talk(server, "tls")
