# SPDX-License-Identifier: MIT
"""adopt: who takes over what a killed worker had: one of several, the next one, a registrar, a transport's clients."""
import json
import signal

from binding_flow import Outbound, holder
from crash_flow import CALLS, TWO, Ringing, adopted, everywhere, kill, lines_of, misses, until, wait_gone
from kit.flow import flow
from kit.phone import Phone, ack_of
from kit.ports import take

ENDS = [Ringing.answer, Ringing.refuse, Ringing.cancel]


def looked(server, times=1):
    """Has everybody looked so often what there is to adopt?"""
    return all(len(lines_of(server, w.name, "txn.adopted")) >= times for w in server.workers if w.name.startswith("transaction."))


def kept(server):
    """Fields of each tx: in Redis: the calls that ring."""
    return {key: set(server.redis.hash(key)) for key in server.redis("KEYS", "tx:*")}


def all_kept(server, n):
    until(lambda: sum(map(len, kept(server).values())) == n, f"not {n} calls are kept: {kept(server)}")
    return kept(server)


def ends_well(calls):
    for i, c in enumerate(calls):
        ENDS[i % len(ENDS)](c)
        c.close()


@flow("adopt.one-of-several", forms=("separate",), own=True, copies={"transaction": 4})
def one_of_several(server):
    """One of four transaction workers dies: each of its calls is taken by exactly one of the three that are left."""
    calls = everywhere(server, 4)
    before = all_kept(server, len(calls))
    kill(server, "transaction.4")
    wait_gone(server, "transaction.4", ("transaction", "transport"))
    until(lambda: looked(server), "not everybody has looked what there is to adopt")
    after = all_kept(server, len(calls))
    lost = [key for key in before if not after.get(key)]
    assert len(lost) == 1 and adopted(server) == len(before[lost[0]]), (before, after, adopted(server))
    assert len(set.union(*after.values())) == len(calls), "a call has two owners"
    ends_well(calls)
    all_kept(server, 0)


@flow("adopt.twice", forms=("separate",), own=True, copies={"transaction": 3})
def twice(server):
    """Who has adopted dies as well: the third one finishes the calls of both."""
    calls = [Ringing(server) for _ in range(CALLS)]
    for times, name in enumerate(("transaction.3", "transaction.2"), 1):
        kill(server, name)
        wait_gone(server, name, ("transaction", "transport"))
        until(lambda n=times: looked(server, n), f"nobody adopted from {name}")
    ends_well(calls)


@flow("adopt.joined", forms=("separate",), own=True)
def joined(server):
    """A second transaction worker joins while calls ring; the first one dies, and the second finishes them."""
    calls = [Ringing(server) for _ in range(4)]
    all_kept(server, 0)
    server.add("transaction")
    all_kept(server, len(calls))
    until(lambda: all(lines_of(server, w.name, "member.seen", "tier=transaction ") for w in server.workers if w.name.startswith("transport")), "it does not join")
    kill(server, "transaction.1")
    wait_gone(server, "transaction.1", ("transport",))
    ends_well(calls)


def both(server, first, second):
    calls = [Ringing(server) for _ in range(CALLS)]
    for name in (first, second):
        kill(server, name)
        wait_gone(server, name, ("transaction", "transport") if "transaction" in name else ("transaction",))
    ends_well(calls)
    fresh = Ringing(server)
    fresh.answer()
    fresh.close()


@flow("adopt.after-proxy", forms=("separate",), own=True, copies=TWO)
def after_proxy(server):
    """A proxy dies, then the transaction worker that was to finish its calls: the other one finishes them."""
    both(server, "proxy.2", "transaction.2")


@flow("adopt.before-proxy", forms=("separate",), own=True, copies=TWO)
def before_proxy(server):
    """A transaction worker dies, then a proxy."""
    both(server, "transaction.2", "proxy.2")


@flow("adopt.timer-c", {"proxy.timer_c": 3}, forms=("separate",), own=True, copies=TWO)
def timer_c(server):
    """Nobody answers: Timer C (16.8) runs at whoever adopted the call: CANCEL to the callee, 408 to the caller."""
    calls = everywhere(server, 2)
    kill(server, "transaction.2")
    wait_gone(server, "transaction.2", ("transaction", "transport"))
    for c in calls:
        b, m = c.callees[0], c.arrived[0]
        b.reply(b.wait("CANCEL", 6), 200, "OK")
        b.reply(m, 487, "Request Terminated")
        b.wait("ACK")
        c.caller.send(ack_of(c.sent, c.caller.wait(408)))
        c.close()
    assert adopted(server) > 0
    all_kept(server, 0)


# ---- a registrar

@flow("adopt.registrar", forms=("separate",), own=True, copies={"registrar": 2})
def registrar(server):
    """A registrar dies between a REGISTER and its answer: the phone's retransmission is answered by the other one, at once."""
    victim = next(w for w in server.workers if w.name == "registrar.2")
    phones = [Phone(server, server.name("p")) for _ in range(CALLS)]
    victim.process.send_signal(signal.SIGSTOP)  # what it has now it never answers
    sent = [p.send(p.request("REGISTER", f"sip:{p.domain}", to=p.aor, fields=[("Contact", f"<{p.contact}>"), ("Expires", "300")])) for p in phones]
    waiting = []
    for p, request in zip(phones, sent):
        try:
            assert p.wait("final", 0.2).status == 200
        except AssertionError:
            waiting.append((p, request))
    assert waiting, "every REGISTER came to the other registrar"
    kill(server, victim.name)
    until(lambda: misses(server, "transaction.1", "registrar"), "the transaction worker did not notice")
    for p, request in waiting:
        p.send(request)
        answer = p.wait("final", 1)
        assert answer.status == 200 and p.contact in answer.get("contact"), answer.text
    for p in phones:
        stored = [json.loads(b) for b in server.bindings(p.aor[4:]).values()]
        assert [b["contact"] for b in stored] == [p.contact], stored
        p.close()


# ---- a transport and its clients

class Client(Outbound):
    """A phone over TCP or TLS that connects again when its connection is gone."""
    serial = 0

    def __init__(self, server, user, proto):
        Client.serial += 1
        Phone.__init__(self, server, user, proto=proto)
        self.instance, self.reg_id = f"00000000-0000-1000-8000-{Client.serial:012d}", 1

    def gone(self):
        self.sock.settimeout(3)
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def again(self):
        """Another connection from another port, with what it was in the middle of."""
        self.sock.close()
        self.stream, self.port = b"", take()
        self.sock = self.open()


def clients_of(server, proto):
    """Two phones whose connections two transports have, and a third with the first's."""
    def register(fits):
        for _ in range(60):  # the kernel chooses the worker
            p = Client(server, server.name("t"), proto)
            p.register_flow()
            if fits(p):
                return p
            p.close()
        raise AssertionError("every connection came to one worker")
    first = register(lambda p: True)
    lost = holder(server, first)
    return lost, first, register(lambda p: holder(server, p) is not lost), register(lambda p: holder(server, p) is lost)


def talk(a, b):
    """a calls b; what it needs to go on."""
    sent = a.invite(b.aor)
    b.reply(b.wait("INVITE"), 200, "OK")
    ok = a.wait(200)
    a.send(a.in_dialog("ACK", sent, ok, 1))
    b.wait("ACK")
    return sent, ok


def transport(server, proto):
    lost, a, b, c = clients_of(server, proto)
    try:
        sent, ok = talk(a, b)
        other = talk(b, c)
        kill(server, lost.name)
        assert a.gone() and c.gone()
        b.send(b.in_dialog("BYE", *other, 2))
        assert b.wait("final", 2).status == 430
        again = b.invite(c.aor)
        refused = b.wait("final", 2)
        b.send(ack_of(again, refused))
        assert refused.status in (430, 480), refused.text
        a.again()
        a.register_flow()
        a.send(a.in_dialog("BYE", sent, ok, 2))
        b.reply(b.wait("BYE"), 200, "OK")
        assert a.wait("final").cseq == (2, "BYE")
        talk(b, a)
    finally:
        for p in (a, b, c):
            p.close()


@flow("adopt.transport-tcp", forms=("separate",), own=True, copies={"transport": 2})
def transport_tcp(server):
    """A transport dies with its TCP connections: bindings over them are refused at once, their phones connect again and calls go on."""
    transport(server, "tcp")


@flow("adopt.transport-tls", forms=("separate",), own=True, copies={"transport": 2})
def transport_tls(server):
    """The same over TLS."""
    transport(server, "tls")
