# SPDX-License-Identifier: MIT
"""operate: what an operator does to a running server: restart Redis, lose or drain a worker, reload, look with `peal`."""
import json
import os
import pty
import signal
import time

from kit.flow import flow
from kit.phone import Phone, ack_of
from kit.sip import uri_of


def arrives(caller, sent, callee):
    """The INVITE at the callee; sent again after T1 as a phone does, for a datagram may go with the worker it came to."""
    for _ in range(6):
        try:
            return callee.wait("INVITE", 0.5)
        except AssertionError:
            caller.send(sent)
    return callee.wait("INVITE", 0.5)


def works(server, within=20):
    """A fresh user registers and is called, within so many seconds; the last failure otherwise."""
    end = time.monotonic() + within
    while True:
        try:
            with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
                answer = b.register()
                assert answer.status == 200, answer
                sent = a.invite(b.aor)
                b.reply(arrives(a, sent, b), 486, "Busy Here")
                a.send(ack_of(sent, a.wait(486, 3)))
                return
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


def rings(server, callee):
    with Phone(server, server.name("a")) as a:
        sent = a.invite(callee.aor)
        callee.reply(callee.wait("INVITE"), 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))


@flow("operate.redis-restart", own=True)
def redis_restart(server):
    """Redis goes and comes back: while it is away a REGISTER is answered 5xx and OPTIONS 200, and a call to somebody who was called
    before still arrives; registrations survive."""
    with server.phone(password="secret") as p, server.phone() as q:
        assert p.register().status == 200 and q.register().status == 200
        before = server.bindings(p.aor[4:])
        rings(server, q)
        server.redis.stop()
        time.sleep(0.5)
        away = q.register()
        assert 500 <= away.status < 600, away
        rings(server, q)
        assert q.ask(q.request("OPTIONS", f"sip:{server.host}:{server.port}")).status == 200
        server.redis.start()
        works(server)
        assert server.bindings(p.aor[4:]) == before
        rings(server, q)


@flow("operate.redis-emptied", own=True)
def redis_emptied(server):
    """Redis comes back empty (no disk, FLUSHALL): phones that register again can be called again."""
    with server.phone() as p:
        assert p.register().status == 200
        server.redis("FLUSHALL")
        works(server)
        assert p.register().status == 200
        assert len(server.bindings(p.aor[4:])) == 1


@flow("operate.worker-lost", forms=["separate"], own=True, copies={"transaction": 2, "proxy": 2, "registrar": 2})
def worker_lost(server):
    """One worker of each tier but the door is killed: the others take over, and new ones join."""
    works(server)
    for tier in ("transaction", "proxy", "registrar"):
        victim = next(w for w in server.workers if w.name.startswith(tier))
        victim.process.send_signal(signal.SIGKILL)
        victim.process.wait()
        server.workers.remove(victim)
    works(server)
    for _ in range(8):
        works(server, 8)
    for tier in ("transaction", "proxy", "registrar"):
        server.add(tier)
    time.sleep(2)
    for _ in range(8):
        works(server, 0)


@flow("operate.worker-drained", forms=["separate"], own=True, copies={"transaction": 2, "proxy": 2, "registrar": 2})
def worker_drained(server):
    """SIGTERM to one worker of each tier: it ends with 0 and not one call fails meanwhile."""
    works(server)
    leaving = [next(w for w in server.workers if w.name.startswith(t)) for t in ("transaction", "proxy", "registrar")]
    for w in leaving:
        w.process.send_signal(signal.SIGTERM)
    while any(w.alive() for w in leaving):
        works(server, 0)
    works(server, 0)
    for w in leaving:
        assert w.process.returncode == 0, f"{w.name} ended with {w.process.returncode}"
        server.workers.remove(w)


@flow("operate.reload", own=True)
def reload(server):
    """SIGHUP takes a good configuration; a bad one is refused with its line, and the old one stays."""
    def rewrite(event, **changes):
        server.reread({**server.settings, **{k.replace("__", "."): v for k, v in changes.items()}}, event)

    def least():
        with server.phone() as p:
            return int(p.register(expires=1).get("min-expires"))

    assert least() == 60
    rewrite("config.reloaded", registrar__min_expires=90)
    assert least() == 90
    rewrite("config.refused", registrar__min_expires="many")
    assert least() == 90
    assert all(w.alive() for w in server.workers)
    said = [w.name for w in server.workers if "min_expires" in server.text(os.path.basename(w.log))]
    assert len(said) == len(server.workers), f"only {said} said what was wrong"
    rewrite("config.reloaded")
    assert least() == 60


@flow("operate.peal", own=True)
def peal(server):
    """The operator's command: users, registrations, policies, workers, ping and doctor, from words to answers."""
    domain = "auth.example.com"

    def ask(*words, **more):
        return json.loads(server.peal("--config", server.config, "--json", *words, **more).stdout)

    def say(*words, **more):
        return server.peal("--config", server.config, *words, **more)

    user = server.name("carol")
    aor = f"{user}@{domain}"
    say("user", "add", aor, "--password-stdin", stdin="secret\n")
    assert say("user", "add", aor, "--password-stdin", stdin="x\n", check=False).returncode == 1, "added twice"
    assert "secret" not in str(server.redis.hash(f"user:{aor}")), "the password is stored"
    with Phone(server, user, "secret", domain) as p, Phone(server, server.name("a")) as a:
        for algorithm in ("SHA-512-256", "SHA-256", "MD5"):
            assert p.register(algorithm=algorithm).status == 200, algorithm
        shown = ask("reg", "show", aor)
        assert [b["contact"] for b in shown] == [p.contact], shown
        assert aor in [b["address"] for b in ask("reg", "ls", domain)]
        assert ask("reg", "count", domain) == [{"domain": domain, "registered": 1}]
        assert [u["address"] for u in ask("user", "ls", domain)] == [aor]

        say("policy", "set", aor, "redirect")
        time.sleep(0.2)
        sent = a.invite(p.aor)
        answer = a.wait("final")
        assert answer.status == 302 and uri_of(answer.get("contact")) == p.contact, answer.text
        a.send(ack_of(sent, answer))
        say("policy", "rm", aor)

        say("user", "disable", aor)
        time.sleep(5.5)  # the server remembers a user for 5 s
        assert p.register().status in (401, 403), "a disabled user registered"
        say("user", "enable", aor)
        say("reg", "rm", aor)
        assert server.bindings(aor) == {} and ask("reg", "count", domain)[0]["registered"] == 0
        assert say("reg", "show", aor, check=False).returncode == 1
        say("user", "rm", aor)
    nodes = ask("node", "ls")
    assert {n["tier"] for n in nodes} == {"transport", "transaction", "proxy", "registrar", "agent"}, nodes
    assert all(n["state"] == "live" for n in nodes), nodes
    assert "answers 200" in say("ping").stdout
    report = say("doctor", check=False)
    assert report.returncode == 0, report.stdout + report.stderr
    assert say("usr", "ls", check=False).returncode == 2


@flow("operate.password", forms=["node"])
def password(server):
    """At a terminal the password is asked for twice without echo; two different ones store nothing."""
    def typed(aor, *words):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(os.path.join(server.bin, "peal"), ["peal", "--redis", server.redis.url, "--realm", "auth.example.com", "user", "add", aor],
                      server.env())
        shown = b""
        try:
            for word in words:
                while not shown.endswith(b": "):
                    shown += os.read(terminal, 1000)
                os.write(terminal, word.encode() + b"\n")
                shown += os.read(terminal, 1000)
            while True:
                shown += os.read(terminal, 1000)
        except OSError:  # the other end is closed
            pass
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()

    aor = f"{server.name()}@auth.example.com"
    status, shown = typed(aor, "one", "two")
    assert status == 1 and "not the same" in shown and server.redis.hash(f"user:{aor}") == {}, shown
    status, shown = typed(aor, "sesame", "sesame")
    assert status == 0 and "sesame" not in shown, shown
    with Phone(server, aor.split("@")[0], "sesame", "auth.example.com") as p:
        assert p.register().status == 200


@flow("operate.no-agent", {"agent.services": "echo"}, forms=["separate"], own=True)
def no_agent(server):
    """agent.services is set and the last agent goes: the doctor says so."""
    def doctor():
        r = server.peal("--config", server.config, "doctor", check=False)
        return r.returncode, next(line for line in r.stdout.splitlines() if " services " in line)
    assert doctor() == (0, "ok    services    1, by 1 agent worker")
    agent = next(w for w in server.workers if w.name == "agent.1")
    agent.process.send_signal(signal.SIGTERM)
    assert agent.process.wait(10) == 0
    server.workers.remove(agent)
    status, line = doctor()
    assert status == 1 and line.startswith("BAD ") and "no agent worker lives" in line, line
