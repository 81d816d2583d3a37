# SPDX-License-Identifier: MIT
"""slow: connections that give next to nothing, and too many of them; phones do not notice."""
import select
import socket
import time

from call_flow import bind
from kit.flow import flow
from kit.sipp import Sipp, together

MANY, TIMEOUT, LIMIT = 500, 3, 600
SETTINGS = {"transport.message_timeout": TIMEOUT, "transport.source_connections": LIMIT}
TEXT = b"OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.2:5060;branch=z9hG4bK-slow\r\n"


def connect(server, source):
    s = socket.socket()
    s.bind((source, 0))
    s.settimeout(5)
    s.connect((server.host, server.port))
    s.setblocking(False)
    return s


def ended(sockets, seconds):
    """Those the server has closed within so many seconds; stops when all are."""
    poll, by_fd, gone = select.poll(), {s.fileno(): s for s in sockets}, set()
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    end = time.monotonic() + seconds
    while len(gone) < len(by_fd) and time.monotonic() < end:
        for fd, _ in poll.poll(max(0, 1000 * (end - time.monotonic()))):
            try:
                if by_fd[fd].recv(4096):
                    continue
            except ConnectionResetError:
                pass
            gone.add(by_fd[fd])
            poll.unregister(fd)
    return gone


@flow("slow.loris", SETTINGS, needs=["sipp"])
def loris(server):
    """500 connections send a byte a second: each is cut by message_timeout, and of 40 calls meanwhile none fails."""
    a, b = server.name("a"), server.name("b")
    answering = Sipp(server, "callee", calls=40, extra=["-t", "t1"])
    bind(server, b, answering.port, proto="tcp")
    slow = []
    try:
        with together(answering, Sipp(server, "caller", calls=40, extra=["-t", "t1", "-r", "10"], caller=a, callee=b)):
            slow = [connect(server, "127.0.0.2") for _ in range(MANY)]
            began = time.monotonic()
            for i in range(TIMEOUT):
                for s in slow:
                    s.send(TEXT[i:i + 1])
                early = ended(slow, began + i + 1 - 0.2 - time.monotonic())
                assert not early, f"{len(early)} connections cut after {i + 1} s"
                time.sleep(0.2)
            gone = ended(slow, 2)
            assert len(gone) == MANY, f"{MANY - len(gone)} of {MANY} slow connections are still open after {time.monotonic() - began:.1f} s"
    finally:
        for s in slow:
            s.close()


@flow("slow.flood", SETTINGS)
def flood(server):
    """A source that opens 700 connections keeps 600; another source is not touched."""
    sockets = []
    try:
        sockets = [connect(server, "127.0.0.3") for _ in range(LIMIT + 100)]
        gone = ended(sockets, 2)
        assert len(gone) == 100, f"{len(gone)} of {len(sockets)} were closed"
        with server.phone(proto="tcp") as p:
            assert p.register().status == 200
        # a place given back is a place to take
        for s in [s for s in sockets if s not in gone][:10]:
            s.close()
        time.sleep(0.3)
        again = [connect(server, "127.0.0.3") for _ in range(10)]
        sockets += again
        assert not ended(again, 0.5)
    finally:
        for s in sockets:
            s.close()
