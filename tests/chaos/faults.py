# SPDX-License-Identifier: MIT
"""faults: what is done to a running server. A fault is a generator: what stands before its `yield` begins it, what stands behind
ends it; the yield says for how many seconds it lasts."""
import signal
import time

from kit.server import render

faults = {}     # name: Fault, in the order of the table


class Fault:
    def __init__(self, run, kept, registers):
        self.run, self.kept, self.registers = run, kept, registers


def fault(name, kept=("ringing", "up", "new"), registers=True):
    """kept: of which calls none may be lost; registers: whether registrations must succeed all the time."""
    def keep(run):
        faults[name] = Fault(run, kept, registers)
        return run
    return keep


def first(server, tier):
    return next(w for w in server.workers if w.name.startswith(tier + "."))


def killed(server, tier):
    """kill -9; another one is started two seconds later, as a supervisor does."""
    victim = first(server, tier)
    victim.process.send_signal(signal.SIGKILL)
    victim.process.wait()
    server.workers.remove(victim)
    yield 2
    server.add(tier)


def drained(server, tier):
    """SIGTERM; its successor is there first, as in a rolling upgrade."""
    victim = first(server, tier)
    server.add(tier)
    time.sleep(2)
    victim.process.send_signal(signal.SIGTERM)
    yield 1
    code = victim.process.wait(server.settings["server.drain"] + 10)
    assert code == 0, f"{victim.name} ended with status {code}"
    server.workers.remove(victim)


def stopped(server, tier):
    victim = first(server, tier)
    victim.process.send_signal(signal.SIGSTOP)
    yield 5
    victim.process.send_signal(signal.SIGCONT)


fault("kill -9 transaction", kept=("up",))(lambda s: killed(s, "transaction"))
fault("kill -9 proxy", kept=("up",))(lambda s: killed(s, "proxy"))
fault("kill -9 registrar")(lambda s: killed(s, "registrar"))
fault("kill -9 transport", kept=("up",))(lambda s: killed(s, "transport"))
fault("SIGTERM transaction")(lambda s: drained(s, "transaction"))
fault("SIGTERM proxy")(lambda s: drained(s, "proxy"))
fault("SIGTERM registrar")(lambda s: drained(s, "registrar"))
fault("SIGTERM transport")(lambda s: drained(s, "transport"))


@fault("a worker of each tier joins")
def joins(server):
    for tier in ("transaction", "proxy", "registrar", "transport"):
        server.add(tier)
    yield 1


def reload(server, **changes):
    with open(server.config, "w") as f:
        f.write(render({**server.settings, **{k.replace("__", "."): v for k, v in changes.items()}}))
    for w in server.workers:
        w.process.send_signal(signal.SIGHUP)


@fault("SIGHUP, another configuration")
def another(server):
    reload(server, proxy__timer_c=200, registrar__min_expires=50)
    yield 1
    reload(server)


@fault("SIGHUP, a bad configuration")
def bad(server):
    reload(server, proxy__timer_c="soon")
    yield 1
    assert all(w.alive() for w in server.workers), "a worker ended by a bad configuration"
    reload(server)


KNOWN = ("ringing", "up")  # whom a proxy has not looked up before, nobody finds while Redis is away


@fault("Redis restarts", kept=KNOWN, registers=False)
def redis_restarts(server):
    server.redis.stop()
    yield 0.2
    server.redis.start()


def away(server, seconds):
    server.redis.stop()
    yield seconds
    server.redis.start()


fault("Redis is away for 5 s", kept=KNOWN, registers=False)(lambda s: away(s, 5))
fault("Redis is away for 60 s", kept=KNOWN, registers=False)(lambda s: away(s, 60))


@fault("Redis answers 500 ms late for 10 s")
def slow(server):
    server.slow.delay = 0.5
    yield 10
    server.slow.delay = 0


@fault("Redis is full for 10 s", registers=False)
def full(server):
    server.redis("CONFIG", "SET", "maxmemory", "1")
    yield 10
    server.redis("CONFIG", "SET", "maxmemory", "0")


@fault("Redis is wiped", kept=KNOWN)
def wiped(server):
    server.redis("FLUSHALL")
    yield 0.1


fault("SIGSTOP transaction for 5 s", kept=("up",), registers=False)(lambda s: stopped(s, "transaction"))
fault("SIGSTOP proxy for 5 s", kept=("up",))(lambda s: stopped(s, "proxy"))
fault("SIGSTOP registrar for 5 s")(lambda s: stopped(s, "registrar"))


@fault("a next hop is dead")
def dead_hop(server):
    """Calls to a domain whose only address answers nothing, ten a second, beside the load."""
    with server.phone() as p:
        for _ in range(50):
            p.invite(f"sip:nobody@{server.dead}")
            time.sleep(0.1)
        yield 0.1
