# SPDX-License-Identifier: MIT
"""redis: what a failing Redis costs: REGISTER waits or is answered 503 with Retry-After and leaves nothing half done; who was called
lately is found; what happens within a dialog needs no Redis at all."""
import contextlib
import os
import subprocess
import time

from kit import sip
from kit.flow import flow
from kit.left import Process
from kit.phone import ack_of, answers
from kit.ports import keep
from kit.redis import Redis
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


@flow("redis.away-dialog", own=True)
def away_dialog(server):
    """Redis away: in a call of users with passwords either end is asked for none, for our Record-Route proves what a password would."""
    with server.phone("a", password="secret") as a, server.phone("b", password="other") as b:
        assert b.register().status == 200
        call = established(server, a, b)
        server.redis.stop()
        b.send(b.in_dialog("INFO", *call, 1, caller=False))
        a.reply(a.wait("INFO"), 200, "OK")
        assert b.wait("final").status == 200
        ends(a, b, call)
        stray = a.in_dialog("BYE", *call, 3)
        stray.fields = [(n, v) for n, v in stray.fields if n != "Route"]
        a.send(stray)
        assert a.wait(lambda m: answers(m, stray) and m.status >= 200).status == 407, "without the proof he is asked"
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


class Guarded(Redis):
    """Asks for a password; a sentinel that asks for another one knows where it is."""

    def start(self):
        super().start()
        self("CONFIG", "SET", "requirepass", "secret")  # our own connection stays good
        port, path = keep(), os.path.join(self.folder, "sentinel.conf")
        with open(path, "w") as f:
            f.write(f"port {port}\nbind 127.0.0.1\ndir {self.folder}\nrequirepass watch\n"
                    f"sentinel monitor peal 127.0.0.1 {self.port} 1\nsentinel auth-pass peal secret\n")
        with open(os.path.join(self.folder, "sentinel.log"), "ab") as log:
            self.sentinel = Process(["redis-server", path, "--sentinel"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             start_new_session=True)
        self.at = f"127.0.0.1:{port}"
        return self

    def stop(self):
        self.sentinel.terminate()
        self.sentinel.wait(10)
        super().stop()

    def by(self, password, watchword):
        return f"redis+sentinel://:{password}@{self.at}/peal/0?sentinel=:{watchword}"


class GuardedServer(Server):
    def start(self):
        self.redis.start()  # before the settings are written: they hold the sentinel's port
        self.settings["redis.url"] = self.redis.url = self.redis.by("secret", "watch")
        self.redis.start = lambda: self.redis
        return super().start()


@flow("redis.passwords", server=False, forms=["node"])
def passwords(form):
    """Redis asks for a password, its sentinel for another: phones register; `peal` with a wrong one says which, and where the right one goes."""
    server = GuardedServer(form, redis=Guarded).start()
    wrong = ["the flow ended early"]
    try:
        with server.phone() as p:
            assert p.register().status == 200
            assert p.aor[4:] in server.peal("reg", "ls", "example.com").stdout
        for url, sign in ((server.redis.by("bad", "watch"), "redis master peal: WRONGPASS"),
                          (server.redis.by("secret", "bad"), f"sentinel {server.redis.at}: WRONGPASS"),
                          (f"redis://127.0.0.1:{server.redis.port}/0", "refuses: NOAUTH")):
            said = server.peal("--redis", url, "reg", "ls", "example.com", check=False)
            assert said.returncode == 1 and sign in said.stderr and "?sentinel=user:password" in said.stderr, (url, said.stderr)
            assert "bad" not in said.stderr and "secret" not in said.stderr, said.stderr
        wrong = []
    finally:
        wrong += server.stop()
    assert not wrong, "\n".join(wrong)
