# SPDX-License-Identifier: MIT
"""guard: who is let in and how far: balancers, banned sources, floods, scanners; and several connections to one peer."""
import socket
import struct
import time

from kit import certs, sip
from kit.ear import Ear
from kit.flow import flow
from kit.phone import Phone, ack_of, door

BALANCER, RATE, POOL = "127.0.0.8", 20, 3
SETTINGS = {"transport.balancers": BALANCER, "transport.source_rate": RATE, "transport.peer_connections": POOL, "proxy.peers": "127.0.0.1"}
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


class Behind(Phone):
    """A phone whose connection comes by a balancer, which introduces it as this client."""
    client = ("192.0.2.77", 40001)

    def __init__(self, server, user, introduction, source=BALANCER, **more):
        self.introduction, self.source = introduction, source
        super().__init__(server, user, **more)

    def open(self):
        sock = socket.create_connection(self.peer, 5, (self.source, 0))
        sock.sendall(self.introduction)
        return certs.client().wrap_socket(sock, server_hostname=self.server.host) if self.proto == "tls" else sock


def version_1(client, there):
    return f"PROXY TCP4 {client[0]} {there[0]} {client[1]} {there[1]}\r\n".encode()


def version_2(client, there):
    addresses = socket.inet_aton(client[0]) + socket.inet_aton(there[0]) + struct.pack(">HH", client[1], there[1])
    return SIGNATURE + b"\x21\x11" + struct.pack(">H", len(addresses)) + addresses


@flow("guard.balancer", SETTINGS)
def balancer(server):
    """PROXY protocol, versions 1 and 2, before SIP and before TLS: the client it names is who is there, and calls reach him."""
    for introduce, proto in ((version_1, "tcp"), (version_2, "tcp"), (version_2, "tls")):
        said = introduce(Behind.client, door(server, proto, server.host))
        with Behind(server, server.name("b"), said, proto=proto) as b, Phone(server, server.name("a")) as a:
            answer = b.register()
            assert answer.status == 200 and sip.param(answer.get("via"), "received") == Behind.client[0], answer.text
            sent = a.invite(b.aor)
            b.reply(b.wait("INVITE"), 486, "Busy Here")
            a.send(ack_of(sent, a.wait(486)))


@flow("guard.no-balancer", SETTINGS)
def no_balancer(server):
    """An introduction by anybody else is nonsense that ends the connection; a balancer that introduces nobody is let go, too."""
    for source, first in (("127.0.0.9", version_1(Behind.client, door(server, "tcp", server.host)) + b"\r\n"), (BALANCER, b"OPTIONS sip:a SIP/2.0\r\n")):
        with Behind(server, server.name("b"), first, source, proto="tcp") as b:
            try:
                while b.sock.recv(4096):
                    pass
            except ConnectionResetError:
                pass


def options_from(server, source, n, fields=()):
    """So many OPTIONS at once from this address; the statuses that come back within half a second after the last one."""
    with Phone(server, server.name("g"), host=source) as p:
        for _ in range(n):
            p.send(p.request("OPTIONS", f"sip:{server.domain}", fields=fields))
        heard = []
        try:
            while True:
                heard.append(p.wait("final", 0.5).status)
        except AssertionError:
            return heard


@flow("guard.rate", SETTINGS)
def rate(server):
    """More new requests than source_rate: 503 for those that are too many; ten times as many are not read at all; others do not suffer."""
    heard = options_from(server, "127.0.0.7", 3 * RATE)
    assert len(heard) == 3 * RATE and RATE <= heard.count(200) <= 2 * RATE and heard.count(503) >= RATE, heard
    heard = options_from(server, "127.0.0.5", 30 * RATE)
    assert len(heard) < 20 * RATE, f"{len(heard)} of {30 * RATE} were read"
    assert options_from(server, "127.0.0.4", 2) == [200, 200]
    time.sleep(1.2)
    assert options_from(server, "127.0.0.7", 2) == [200, 200], "a second later it may ask again"


@flow("guard.scanner", SETTINGS)
def scanner(server):
    """A scanner's requests are dropped without an answer, its connections closed; words that merely hold its name are not."""
    for agent, want in (("friendly-scanner", []), ("sipvicious/0.3", []), ("Phone (unfriendly-scannerproof)", [200])):
        assert options_from(server, "127.0.0.3", 1, [("User-Agent", agent)]) == want, agent
    with Phone(server, server.name("s"), proto="tcp") as p:
        p.send(p.request("OPTIONS", f"sip:{server.domain}", fields=[("User-Agent", "sipcli/v1.8")]))
        assert p.sock.recv(4096) == b""


@flow("guard.ban", SETTINGS)
def ban(server):
    """`peal ban add`: datagrams are dropped and connections end at once; `peal ban rm` undoes it."""
    with Phone(server, server.name("p"), proto="tcp", host="127.0.0.6") as p:
        assert p.register().status == 200
        server.peal("ban", "add", "127.0.0.6")
        assert p.sock.recv(4096) == b""
    assert options_from(server, "127.0.0.6", 1) == []
    assert "127.0.0.6" in server.peal("ban", "ls").stdout
    server.peal("ban", "rm", "127.0.0.6")
    end = time.monotonic() + 5
    while options_from(server, "127.0.0.6", 1) != [200]:
        assert time.monotonic() < end


@flow("guard.pool", SETTINGS)
def pool(server):
    """peer_connections: calls to one peer share three connections, and each is used; when all are open, an ACK goes where its INVITE went."""
    with Ear(server, server.name("trunk")) as peer:
        ways = {}
        for _ in range(24):
            settled = peer.opened == POOL
            with Phone(server, server.name("a")) as a:
                sent = a.invite(f"sip:x@{peer.place};transport=tcp")
                arrived = peer.wait("INVITE")
                ways[arrived.way[0]] = ways.get(arrived.way[0], 0) + 1
                peer.reply(arrived, 486, "Busy Here")
                assert peer.wait("ACK").way[0] is arrived.way[0] or not settled
                a.send(ack_of(sent, a.wait(486)))
        assert peer.opened == POOL and len(ways) == POOL, f"{peer.opened} connections, used {sorted(ways.values())}"
