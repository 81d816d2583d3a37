# SPDX-License-Identifier: MIT
"""redis: what a failing Redis costs: REGISTER waits or is answered 503 with Retry-After and leaves nothing half done; who was called
lately is found; what happens within a dialog needs no Redis at all."""
import contextlib
import time

from kit import sip
from kit.flow import flow
from kit.phone import ack_of, answers
from kit.server import Server
from kit.slow import Slow


def established(server, a, b):
    """A call between two phones: (INVITE sent, its 200)."""
    sent = a.invite(b.aor)
    b.reply(b.wait("INVITE"), 200, "OK")
    answer = a.wait(200)
    a.send(a.in_dialog("ACK", sent, answer, 1))
    b.wait("ACK")
    return sent, answer


def ends(a, b, call, within=2.0):
    """Its BYE goes through, and at once: nobody asks Redis."""
    began = time.monotonic()
    a.send(a.in_dialog("BYE", *call, 2))
    b.reply(b.wait("BYE", within), 200, "OK")
    assert a.wait("final", within).status == 200
    assert time.monotonic() - began < within, f"the BYE took {time.monotonic() - began:.1f} s"


def rings(a, b, within=5):
    sent = a.invite(b.aor)
    b.reply(b.wait("INVITE", within), 486, "Busy Here")
    a.send(ack_of(sent, a.wait(486)))


def refused(answer):
    assert answer.status == 503 and int(answer.get("retry-after")) > 0, answer.text


@contextlib.contextmanager
def phones(server):
    with server.phone("a") as a, server.phone("b") as b, server.phone("c") as c:
        assert b.register().status == 200
        rings(a, b)
        yield a, b, c, established(server, a, b)


@flow("redis.full", own=True)
def full(server):
    """maxmemory reached: REGISTER 503 and nothing of it stored; workers do not lose each other; with room again all is as before."""
    with phones(server) as (a, b, c, call):
        before = server.bindings(b.aor[4:])
        server.redis("CONFIG", "SET", "maxmemory", "1")
        end = time.monotonic() + 4  # longer than a worker may be silent in Redis
        while time.monotonic() < end:
            refused(b.register(contact=f"sip:other@{b.place}"))
            refused(c.register())
            rings(a, b)
        assert server.bindings(b.aor[4:]) == before and not server.redis("EXISTS", f"reg:{c.aor[4:]}")
        ends(a, b, call)
        server.redis("CONFIG", "SET", "maxmemory", "0")
        assert b.register().status == 200 and c.register().status == 200
        rings(a, c)


@flow("redis.wiped", own=True)
def wiped(server):
    """FLUSHALL and SCRIPT FLUSH: calls go on, nobody misses a worker, the next REGISTER counts; schema and secret are written again."""
    with phones(server) as (a, b, _, call):
        kept = {k: server.redis("GET", k) for k in ("schema", "secret")}
        server.redis("FLUSHALL")
        server.redis("SCRIPT", "FLUSH")
        ends(a, b, call)
        assert b.register().status == 200
        rings(a, b)
        end = time.monotonic() + 5
        while {k: server.redis("GET", k) for k in kept} != kept:
            assert time.monotonic() < end, "schema and secret are not back"
            time.sleep(0.1)
            rings(a, b)


@flow("redis.away", own=True)
def away(server):
    """Nobody answers at Redis' address: REGISTER 503 with Retry-After; a recent user is found, his established call ends in peace."""
    with phones(server) as (a, b, c, call):
        before = server.bindings(b.aor[4:])
        server.redis.stop()
        refused(b.register(contact=f"sip:other@{b.place}"))
        refused(c.register())
        rings(a, b)
        ends(a, b, call)
        server.redis.start()
        assert server.bindings(b.aor[4:]) == before


@flow("redis.away-caller", own=True)
def away_caller(server):
    """Redis away: who called lately proves who he is and calls; the same credentials serve once; wrong passwords and strangers do not pass."""
    with server.phone("a", password="secret") as a, server.phone("b", password="other") as b, server.phone("s", password="third") as stranger:
        assert b.register().status == 200
        rings(a, b)
        server.redis.stop()
        sent = a.invite(b.aor)
        b.reply(b.wait("INVITE"), 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))
        fresh = {"Via": a.via, "Call-ID": sip.fresh("i")}
        again = a.send(sip.Msg(sent.start, [(n, fresh.get(n, v)) for n, v in sent.fields], sent.body))
        refusal = a.wait(lambda m: answers(m, again) and m.status >= 200)
        assert refusal.status in (407, 503), refusal.text
        a.send(ack_of(again, refusal))
        a.password = "wrong"
        assert a.ask(a.request("OPTIONS", b.aor)).status in (407, 503)
        assert stranger.ask(stranger.request("OPTIONS", b.aor)).status == 503
        server.redis.start()


@flow("redis.slow", server=False)
def slow(form):
    """Each answer 500 ms late: within redis.timeout REGISTER waits and succeeds; later than that it is 503, and calls need no answer."""
    server = Server(form)
    server.slow = Slow(server.redis.port)
    server.settings["redis.url"] = f"redis://127.0.0.1:{server.slow.port}/0"
    server.start()
    try:
        with phones(server) as (a, b, c, call):
            server.slow.delay = 0.5
            assert c.register().status == 200
            rings(a, c)
            server.slow.delay = 1.5
            refused(b.register(contact=f"sip:other@{b.place}"))
            rings(a, b)
            ends(a, b, call, within=0.5)
            server.slow.delay = 0
            end = time.monotonic() + 5
            while b.register().status != 200:
                assert time.monotonic() < end, "REGISTER still fails with a quick Redis"
            assert [1 for v in server.bindings(b.aor[4:]).values() if f'"sip:{b.user}@{b.place}"' in v.replace(" ", "")]
    finally:
        wrong = server.stop()
        server.slow.close()
    assert not wrong, "\n".join(wrong)
