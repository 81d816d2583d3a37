# SPDX-License-Identifier: MIT
"""alias: a peer that connected itself is called back over its connection, whichever worker has it (RFC 5923)."""
import re
import signal
import socket
import time

from kit import certs, sip
from kit.ear import Ear
from kit.flow import flow
from kit.phone import Phone, ack_of, door

CALLERS = 8  # each from a port of its own: they are spread over the workers
SETTINGS = {"server.threads": 2, "transport.alias_peers": "127.0.0.1", "transport.client_certificate": "optional"}
TWO = {"transport": 2, "proxy": 2}


def text(server):
    return "".join(server.text(w.log.rpartition("/")[2]) for w in server.workers)


def wait_known(server, n):
    """Until every proxy knows of so many connections of peers."""
    proxies = SETTINGS["server.threads"] * (TWO["proxy"] if server.form == "separate" else 1)
    end = time.monotonic() + 5
    while True:
        last = dict(re.findall(r"proxy\.aliases .*proxy=(\d+) edge=\d+ known=(\d+)", text(server)))
        if len(last) == proxies and set(last.values()) == {str(n)} or not last and not n:
            return
        assert time.monotonic() < end, f"proxies know of {last}, not of {n}"
        time.sleep(0.02)


class Peer(Ear):
    """A neighbour that listens at an address it advertises, and opens connections itself."""
    believed = 0

    def dial(self, claim=None, source="127.0.0.1", names=(), believed=True):
        """Connect, and say `alias` with this sent-by; wait until every proxy knows."""
        s = socket.socket()
        s.bind((source, 0))
        s.settimeout(5)
        s.connect(door(self.server, self.proto, self.host))
        if self.proto == "tls":
            s = certs.client(*names).wrap_socket(s, server_hostname=self.host)
        self.streams[s] = b""
        self.claim = claim or self.place
        options = self.request("OPTIONS", f"sip:{self.server.domain}")
        self.send(options, way=(s, None))
        self.wait(lambda m: m.status == 200 and m.get("call-id") == options.get("call-id"))
        self.believed += believed
        wait_known(self.server, self.believed)
        return s

    def hang_up(self):
        super().hang_up()
        self.forgotten()

    def __exit__(self, *what):
        super().__exit__(*what)
        self.forgotten()

    def forgotten(self):
        if self.believed:
            wait_known(self.server, 0)
        self.believed = 0

    @property
    def via(self):
        return f"SIP/2.0/{self.proto.upper()} {self.claim};branch={sip.branch()};alias"


def calls(server, peer, uri, n=CALLERS):
    """So many strangers call; the connections their calls came by."""
    ways = set()
    for _ in range(n):
        with Phone(server, server.name("a")) as a:
            sent = a.invite(uri)
            arrived = peer.wait("INVITE", 3)
            ways.add(arrived.way[0])
            peer.reply(arrived, 486, "Busy Here")
            peer.wait("ACK")
            a.send(ack_of(sent, a.wait(486)))
    return ways


def target(peer, host=None):
    return f"sip:gateway@{host or peer.host}:{peer.port};transport={peer.proto}"


@flow("alias.any-worker", SETTINGS, copies=TWO)
def any_worker(server):
    """Eight calls by two transports to the address a peer advertised: all over the one connection it made."""
    with Peer(server, "peer") as peer:
        mine = peer.dial()
        assert calls(server, peer, target(peer)) == {mine} and peer.opened == 0


@flow("alias.tls", SETTINGS, copies=TWO)
def tls(server):
    """Over TLS the name its certificate proves; no name server knows it, and none is asked."""
    with Peer(server, "peer", ("tls",)) as peer:
        mine = peer.dial(f"edge.peer.invalid:{peer.port}", names=("DNS:edge.peer.invalid",))
        assert calls(server, peer, target(peer, "edge.peer.invalid")) == {mine} and peer.opened == 0


@flow("alias.several", SETTINGS, copies=TWO)
def several(server):
    """A peer that made four connections gets its calls over all of them."""
    with Peer(server, "peer") as peer:
        mine = {peer.dial() for _ in range(4)}
        used = calls(server, peer, target(peer), 24)
        assert used <= mine and len(used) >= 2 and peer.opened == 0, used


@flow("alias.ended", SETTINGS, copies=TWO)
def ended(server):
    """The connection ends: an address is connected to, a name that DNS does not know is given up at once."""
    with Peer(server, "peer") as peer:
        peer.dial(f"gone.peer.invalid:{peer.port}")
        assert len(calls(server, peer, target(peer, "gone.peer.invalid"), 2)) == 1
        peer.hang_up()
        with Phone(server, server.name("a")) as a:
            began = time.monotonic()
            sent = a.invite(target(peer, "gone.peer.invalid"))
            answer = a.wait("final")
            a.send(ack_of(sent, answer))
            assert answer.status in (404, 480, 500, 503) and time.monotonic() - began < 2.5, answer
        calls(server, peer, target(peer), 2)
        assert 1 <= peer.opened <= 2, peer.opened


@flow("alias.wrong", SETTINGS, copies=TWO)
def wrong(server):
    """Who is no configured peer, or another than his certificate says, claims in vain: logged, and calls go where they belong."""
    with Peer(server, "peer") as peer:
        other = peer.dial(source="127.0.0.9", believed=False)
        used = calls(server, peer, f"sip:gateway@127.0.0.9:{peer.port};transport=tcp", 0) | calls(server, peer, target(peer), 2)
        assert other not in used and peer.opened >= 1
    with Peer(server, "peer", ("tls",), certs.HERE) as peer:
        other = peer.dial(f"localhost:{peer.port}", names=("DNS:thief.example",), believed=False)
        assert other not in calls(server, peer, target(peer, "localhost"), 2) and peer.opened >= 1
    said = text(server)
    for why in ("not in transport.alias_peers", "its certificate does not speak for the sent-by"):
        assert said.count("alias.ignored") >= 2 and why in said, why


@flow("alias.worker-lost", SETTINGS, copies=TWO, forms=["separate"], own=True)
def worker_lost(server):
    """The worker with the connection is killed: the other one connects to the address."""
    with Peer(server, "peer") as peer:
        mine = peer.dial()
        assert calls(server, peer, target(peer), 2) == {mine}
        port = mine.getsockname()[1]
        holder = next(w for w in server.workers if w.name.startswith("transport") and f"127.0.0.1:{port}" in server.text(w.log.rpartition("/")[2]))
        holder.process.send_signal(signal.SIGKILL)
        holder.process.wait()
        server.workers.remove(holder)
        peer.believed, peer.streams = 0, {}  # nobody is left to take the list back
        end = time.monotonic() + 5
        while True:
            try:
                assert calls(server, peer, target(peer), 1) and peer.opened >= 1
                return
            except AssertionError:
                assert time.monotonic() < end
