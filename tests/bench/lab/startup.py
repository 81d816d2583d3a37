# SPDX-License-Identifier: MIT
"""startup: how long until a node answers, and until a worker that joins is known to all."""
import os
import socket
import statistics
import time

from lab.servers import SECONDS_TO_START, Failed

TIMES = 5
LOOK = 0.001


def members(server):
    """How many workers Redis knows."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(f"{server.folder}/redis.sock")
        s.sendall(b"HLEN nodes\r\n")
        return int(s.recv(64)[1:])


def joined(server, binary):
    """ms until one more worker of this kind is a member."""
    before, began = members(server), time.monotonic()
    server.spawn("joins", [os.path.join(server.binaries, binary), "--config", server.config()])
    while members(server) <= before:
        server.alive()
        if time.monotonic() - began > SECONDS_TO_START:
            raise Failed(f"{binary} did not join; see {server.folder}")
        time.sleep(LOOK)
    return 1000 * (time.monotonic() - began)


def middle(values):
    return f"{statistics.median(values):.0f} ms ({min(values):.0f}-{max(values):.0f})"


def startup(make):
    """make(form) gives a server that is not started. A line for the table."""
    ready, join = [], []
    for _ in range(TIMES):
        for form, out, measure in (("node", ready, lambda s: 1000 * s.ready_after), ("four", join, lambda s: joined(s, "peal-proxy"))):
            server = make(form)
            try:
                server.start("all")
                out.append(measure(server))
            finally:
                server.stop()
    return f"a node answers {middle(ready)} after it was begun; a proxy that joins four workers is a member after {middle(join)}"
