# SPDX-License-Identifier: MIT
"""slow: connections that give next to nothing, and too many of them; phones do not notice."""
import resource
import select
import socket
import time

from call_flow import bind
from kit import certs
from kit.flow import flow
from kit.phone import door
from kit.server import Server
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


IDLE, IDLE_TLS, FEW_FILES = 3000, 200, 256


def open_files(soft):
    """The soft limit of this process, and of those it starts; returns what it was."""
    was, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, hard), hard))
    return was


@flow("slow.idle", server=False, needs=["sipp"])
def idle(form):
    """3,000 TCP and 200 TLS connections that say nothing: a worker started with 256 open files takes them all, and of 40 calls none fails."""
    server, held = Server(form, {"transport.source_connections": IDLE}), []
    was = open_files(FEW_FILES)
    try:
        server.start()
        a, b = server.name("a"), server.name("b")
        answering = Sipp(server, "callee", calls=40, timeout=120)
        bind(server, b, answering.port)
        open_files(3 * IDLE)
        for i in range(IDLE):
            held.append(connect(server, f"127.0.1.{1 + i % 200}"))
        for i in range(IDLE_TLS):
            held.append(certs.client().wrap_socket(socket.create_connection(door(server, "tls", server.host), 5), server_hostname=server.host))
        with together(answering, Sipp(server, "caller", calls=40, extra=["-r", "40"], caller=a, callee=b)):
            pass
        for s in held[IDLE:]:
            s.sendall(b"\r\n\r\n")
            assert s.recv(16) == b"\r\n", "an idle TLS connection is gone"
        gone = ended(held[:IDLE], 0.2)
        assert not gone, f"{len(gone)} of {IDLE} idle connections were closed"
    finally:
        for s in held:
            s.close()
        wrong = server.stop()
        open_files(was)
    assert not wrong, "\n".join(wrong)
