# SPDX-License-Identifier: MIT
"""crash: a worker is killed by SIGKILL while calls ring, and no call is lost."""
import re
import signal
import time

from kit.flow import flow
from kit.phone import Phone, ack_of, cancel_of

CALLS = 8


def kill(server, name):
    """The worker is gone without a word."""
    worker = next(w for w in server.workers if w.name == name)
    worker.stop(signal.SIGKILL)
    server.workers.remove(worker)


def lines_of(server, name, *words):
    """Lines of that worker's log that hold all these words."""
    return [line for line in server.text(f"{name}.log").splitlines() if all(w in line for w in words)]


def until(fits, otherwise, seconds=10):
    end = time.monotonic() + seconds
    while not fits():
        assert time.monotonic() < end, otherwise
        time.sleep(0.02)


def misses(server, name, tier):
    """Is the last this worker says of that tier that one is gone?"""
    return "member.gone" in lines_of(server, name, "member.", f"tier={tier} ")[-1]


def wait_gone(server, name, others):
    """Until every other worker of these tiers has noticed."""
    tier = name.split(".")[0].replace("node", "transaction")
    left = [w.name for w in server.workers if w.name.split(".")[0] in others and w.name != name]
    until(lambda: all(misses(server, n, tier) for n in left), f"not all of {left} noticed that {name} is gone")


class Ringing:
    """A call that rings at one phone, or at several of one user."""

    def __init__(self, server, phones=1):
        name = server.name("b")
        self.caller, self.callees = Phone(server, server.name("a")), [Phone(server, name) for _ in range(phones)]
        for b in self.callees:
            assert b.register().status == 200
        self.sent = self.caller.invite(self.callees[0].aor)
        self.arrived = [b.wait("INVITE") for b in self.callees]
        for b, m in zip(self.callees, self.arrived):
            b.reply(m, 180, "Ringing")
            self.caller.wait(180)

    def close(self):
        for p in [self.caller, *self.callees]:
            p.close()

    def answer(self):
        """The callee picks up; retransmits its 200 until the ACK, as 13.3.1.4 wants."""
        for _ in range(6):
            self.callees[0].reply(self.arrived[0], 200, "OK")
            try:
                ok = self.caller.wait(200, 0.5)
                break
            except AssertionError:
                pass
        else:
            raise AssertionError(f"no 200 reached the caller; it saw {self.caller.seen}")
        self.caller.send(self.caller.in_dialog("ACK", self.sent, ok, 1))
        self.callees[0].wait("ACK")
        for b, m in zip(self.callees[1:], self.arrived[1:]):
            b.reply(b.wait("CANCEL"), 200, "OK")
            b.reply(m, 487, "Request Terminated")
            b.wait("ACK")
        self.caller.send(self.caller.in_dialog("BYE", self.sent, ok, 2))
        self.callees[0].reply(self.callees[0].wait("BYE"), 200, "OK")
        assert self.caller.wait("final").cseq == (2, "BYE")

    def refuse(self):
        """Every callee is busy; the caller hears it once all have said so."""
        for b, m in zip(self.callees, self.arrived):
            for _ in range(6):
                b.reply(m, 486, "Busy Here")
                try:
                    b.wait("ACK", 0.5)
                    break
                except AssertionError:
                    pass
            else:
                raise AssertionError("486 was never acknowledged")
        self.caller.send(ack_of(self.sent, self.caller.wait(486)))

    def cancel(self):
        """The caller gives up."""
        request = cancel_of(self.sent)
        for _ in range(6):
            self.caller.send(request)
            try:
                self.caller.wait(lambda m: m.status == 200 and m.cseq[1] == "CANCEL", 0.5)
                break
            except AssertionError:
                pass
        else:
            raise AssertionError(f"CANCEL was not answered; the caller saw {self.caller.seen}")
        for b, m in zip(self.callees, self.arrived):
            b.reply(b.wait("CANCEL"), 200, "OK")
            b.reply(m, 487, "Request Terminated")
            b.wait("ACK")
        self.caller.send(ack_of(self.sent, self.caller.wait(487)))

    def repeat(self):
        """The caller asks again: absorbed, and answered as before."""
        self.caller.stash.clear()
        self.caller.send(self.sent)
        assert self.caller.wait(lambda m: m.status, 2).status in (100, 180)
        self.callees[0].silent(0.2, lambda m: m.method == "INVITE")


def everywhere(server, workers, phones=1):
    """Calls that ring, CALLS and as many more as it takes until each of so many transaction workers has one."""
    calls = [Ringing(server, phones) for _ in range(CALLS)]
    while len(server.redis("KEYS", "tx:*")) < workers:
        assert len(calls) < 8 * CALLS, f"{len(calls)} calls, none at one of {workers} transaction workers"
        calls.append(Ringing(server, phones))
    return calls


def survive(server, victim, others, phones, ends, kept=2):
    """Calls ring, kept by so many transaction workers; the victim dies; each call ends as it should."""
    calls = everywhere(server, kept, phones)
    kill(server, victim)
    wait_gone(server, victim, others)
    for i, c in enumerate(calls):
        ends[i % len(ends)](c)
        c.close()
    fresh = Ringing(server)
    fresh.answer()
    fresh.close()


def adopted(server):
    """How many calls of workers that are gone the others took over."""
    left = [w.name for w in server.workers if w.name.startswith("transaction.")]
    return sum(int(re.search(r"calls=(\d+)", line)[1]) for name in left for line in lines_of(server, name, "txn.adopted"))


TWO = {"proxy": 2, "transaction": 2}


@flow("crash.proxy", forms=("separate",), own=True, copies=TWO)
def proxy(server):
    """A proxy dies: 200 and 486 reach the caller, CANCEL the callee."""
    survive(server, "proxy.2", ("transaction",), 1, [Ringing.answer, Ringing.refuse, Ringing.cancel])


@flow("crash.proxy-fork", forms=("separate",), own=True, copies=TWO)
def proxy_fork(server):
    """The same for calls that ring at two phones: who answers stops the other."""
    survive(server, "proxy.1", ("transaction",), 2, [Ringing.answer, Ringing.refuse, Ringing.cancel])


@flow("crash.transaction", forms=("separate",), own=True, copies=TWO)
def transaction(server):
    """A transaction worker dies: its calls go on at the other one, from what Redis holds of them."""
    survive(server, "transaction.2", ("transaction", "transport"), 1,
            [Ringing.answer, Ringing.refuse, Ringing.cancel, lambda c: (c.repeat(), c.answer())])
    assert adopted(server) > 0, "no call was adopted from Redis"
    until(lambda: not any(server.redis.hash(k) for k in server.redis("KEYS", "tx:*")), "calls that are over are still kept")


@flow("crash.transaction-fork", forms=("separate",), own=True, copies=TWO)
def transaction_fork(server):
    """The same for calls that ring at two phones."""
    survive(server, "transaction.1", ("transaction", "transport"), 2, [Ringing.answer, Ringing.refuse, Ringing.cancel])


@flow("crash.transaction-unkept", {"transaction.keep": "off"}, forms=("separate",), own=True, copies=TWO)
def transaction_unkept(server):
    """Without a record the callee's 200 still reaches the caller (16.7, RFC 6026 8.1)."""
    survive(server, "transaction.2", ("transaction", "transport"), 1, [Ringing.answer], kept=0)


@flow("crash.node", forms=("node",), own=True)
def node(server):
    """All tiers of one of two nodes die at once, with the doors shared between them: the other one finishes the calls."""
    server.add("node")
    end = time.monotonic() + 10
    while time.monotonic() < end and not all("txn.keep " in server.text(f"{w.name}.log") for w in server.workers):
        time.sleep(0.05)
    survive(server, "node.1", ("node",), 1, [Ringing.answer, Ringing.refuse, Ringing.cancel])


# ---- one that only did not run for a while

def stop_and_go(server, name, others, meanwhile=lambda: None):
    """SIGSTOP until all others have missed it, SIGCONT, and until all see it again."""
    worker, tier = next(w for w in server.workers if w.name == name), name.split(".")[0]
    worker.process.send_signal(signal.SIGSTOP)
    try:
        meanwhile()
        wait_gone(server, name, others)
        time.sleep(0.5)  # one look of everybody at who is there, and Redis
    finally:
        worker.process.send_signal(signal.SIGCONT)
    left = [w.name for w in server.workers if w.name.split(".")[0] in others and w is not worker]
    until(lambda: not any(misses(server, n, tier) for n in left), f"{name} is not seen again by all of {left}")
    until(lambda: len(lines_of(server, name, "txn.lapsed")) >= 2, f"{name} did not notice that it was away")


LAPSED = ("transaction", "transport", "proxy")


@flow("crash.stopped", forms=("separate",), own=True, copies=TWO)
def stopped(server):
    """A transaction worker does not run for seconds and comes back: no call has two owners, none is lost, and what was asked meanwhile is asked once."""
    calls = [Ringing(server) for _ in range(CALLS)]
    asked = []

    def ask():
        for _ in range(CALLS):
            a, b = Phone(server, server.name("a")), Phone(server, server.name("b"))
            asked.append((a, b, b.register()))
        asked[:] = [(a, b, a.invite(b.aor)) for a, b, answer in asked if answer.status == 200]
        time.sleep(0.6)
        for a, _, sent in asked:
            a.send(sent)
    stop_and_go(server, "transaction.2", LAPSED, ask)
    given = sum(int(re.search(r"given_up=(\d+)", line)[1]) for line in lines_of(server, "transaction.2", "txn.lapsed"))
    assert given == adopted(server), f"{adopted(server)} calls adopted, {given} given up"
    ends = [Ringing.answer, Ringing.refuse, Ringing.cancel]
    for i, c in enumerate(calls):
        ends[i % len(ends)](c)
        c.close()
    for a, b, sent in asked:
        for _ in range(4):
            try:
                arrived = b.wait("INVITE", 0.5)
                break
            except AssertionError:
                a.send(sent)
        b.reply(arrived, 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))
        b.silent(0.05, lambda m, via=arrived.get("via"): m.method == "INVITE" and m.get("via") != via)
        a.close()
        b.close()
    victim = next(w for w in server.workers if w.name == "transaction.2")
    kill(server, victim.name)  # its next death is one like any other
    wait_gone(server, victim.name, ("transaction", "transport"))
    fresh = Ringing(server)
    fresh.answer()
    fresh.close()


@flow("crash.stopped-only", forms=("separate",), own=True)
def stopped_only(server):
    """The only transaction worker does not run for seconds: its proxy has forgotten its calls, and it finishes them itself."""
    calls = [Ringing(server) for _ in range(3)]
    stop_and_go(server, "transaction.1", ("proxy",))
    for c, end in zip(calls, [Ringing.answer, Ringing.refuse, Ringing.cancel]):
        end(c)
        c.close()
