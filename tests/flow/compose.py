#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The container form: build the image, docker-compose up, a call, scale three tiers, calls again, down.

Needs a Docker engine that runs and either network or a local image debian:bookworm-slim. Ends with `N passed, N failed`.
"""
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]

from kit.phone import Phone, ack_of  # noqa: E402  (the path comes first)
from kit.ports import take  # noqa: E402
from kit.server import ROOT  # noqa: E402

PROJECT = f"pealtest{os.getpid()}"


def host_address():
    route = subprocess.run(["ip", "-4", "route", "get", "192.0.2.254"], capture_output=True, text=True).stdout
    found = re.search(r"src ([0-9.]+)", route)
    return found.group(1) if found and not found.group(1).startswith("127.") else "127.0.0.1"


class Containers:
    """The compose project; enough of a server for a Phone."""

    def __init__(self):
        self.host, self.domain = host_address(), "example.com"
        self.port = take(self.host)
        self.env = {**{k: v for k, v in os.environ.items() if not k.startswith("PEAL_")}, "PEAL_IMAGE": "peal:test",
                    "PEAL_SERVER_DOMAINS": self.domain, "PEAL_PORT": str(self.port), "PEAL_SERVER_DRAIN": "2",
                    "PEAL_TRANSPORT_ADVERTISE": f"{self.host}:{self.port}"}

    def run(self, *words, check=True, stdin=None, timeout=600):
        r = subprocess.run(words, cwd=ROOT, env=self.env, text=True, input=stdin, timeout=timeout,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if check and r.returncode:
            raise AssertionError(f"{' '.join(words)}: status {r.returncode}\n{r.stdout[-4000:]}")
        return r.stdout

    def compose(self, *words, **more):
        tool = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
        return self.run(*tool, "-p", PROJECT, "-f", "deploy/compose.yml", *words, **more)

    def peal(self, *words, **more):
        return self.compose("exec", "-T", "transport", "peal", *words, **more)

    def call(self, a, b):
        """B registers, a calls, b answers, a hangs up, b leaves."""
        answer = b.register()
        assert answer.status == 200, answer
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        b.reply(arrived, 180, "Ringing")
        b.reply(arrived, 200, "OK")
        answer = a.wait(200)
        assert f"{self.host}:{self.port}" in answer.get("record-route"), answer.text
        a.send(a.in_dialog("ACK", sent, answer, sent.cseq[0]))
        b.wait("ACK")
        a.begin(a.in_dialog("BYE", sent, answer, sent.cseq[0] + 1))
        b.reply(b.wait("BYE"), 200, "OK")
        assert a.wait(lambda m: m.status >= 200 and m.cseq[1] == "BYE").status == 200
        assert b.register(expires=0).status == 200


def phones(server, proto):
    return [Phone(server, user, f"pw-{user}", host=server.host, proto=proto) for user in ("alice", "bob")]


def image(server):
    """the image builds"""
    server.run("docker", "build", "--network", "host", "-t", "peal:test", "-f", "deploy/docker/Dockerfile", ".", timeout=1200)


def up(server):
    """docker-compose up: every service becomes healthy"""
    server.compose("up", "--detach", "--no-build")
    end = time.monotonic() + 60
    while "(healthy)" not in server.run("docker", "ps", "--filter", f"name={PROJECT}.transport", "--format", "{{.Status}}"):
        assert time.monotonic() < end, server.compose("ps") + server.compose("logs", "--tail", "20")
        time.sleep(0.5)
    for user in ("alice", "bob"):
        server.peal("user", "add", f"{user}@{server.domain}", "--password-stdin", stdin=f"pw-{user}\n")


def call_udp(server):
    """a call over UDP"""
    a, b = phones(server, "udp")
    with a, b:
        server.call(a, b)
        assert b.register().status == 200
        assert b.contact in server.peal("reg", "ls")


def call_tcp(server):
    """a call over TCP"""
    a, b = phones(server, "tcp")
    with a, b:
        server.call(a, b)


def scale(server):
    """two transaction, proxy and registrar workers each: calls go on, whoever serves them"""
    server.compose("up", "--detach", "--no-build", *[w for t in ("transaction", "proxy", "registrar") for w in ("--scale", f"{t}=2")])
    end = time.monotonic() + 40
    while min(server.peal("node", "ls").count(f"  {t} ") for t in ("transaction", "proxy", "registrar")) < 2:
        assert time.monotonic() < end, server.peal("node", "ls")
        time.sleep(0.5)
    for _ in range(8):
        a, b = phones(server, "udp")
        with a, b:
            server.call(a, b)


def doctor(server):
    """peal doctor finds nothing to mend"""
    server.peal("doctor")


def redis_restart(server):
    """registrations survive a restart of Redis' container"""
    a, b = phones(server, "udp")
    with a, b:
        assert b.register().status == 200
        server.compose("restart", "redis")
        end = time.monotonic() + 30
        while True:
            try:
                sent = a.invite(b.aor)
                b.reply(b.wait("INVITE", 3), 486, "Busy Here")
                return a.send(ack_of(sent, a.wait(486)))
            except AssertionError:
                a.stash.clear()
                if time.monotonic() > end:
                    raise


def down(server):
    """docker-compose down: every worker drains and ends with 0"""
    server.compose("stop", "-t", "30")
    codes = server.run("docker", "ps", "-a", "--filter", f"name={PROJECT}", "--format", "{{.Names}} {{.Status}}")
    assert all("Exited (0)" in line for line in codes.splitlines()), codes


def main():
    server, passed, failed = Containers(), 0, []
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        print("no Docker engine answers; start one (.ci/run does), then try again")
        failed.append("compose: no Docker engine")
    steps = [] if failed else [image, up, call_udp, call_tcp, scale, doctor, redis_restart, down]
    for step in steps:
        began = time.monotonic()
        try:
            step(server)
            passed += 1
            print(f"ok    compose/{step.__name__}: {step.__doc__}  ({time.monotonic() - began:.1f} s)", flush=True)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as e:
            failed.append(f"compose/{step.__name__}")
            logs = server.compose("logs", "--no-color", "--tail", "10", check=False) if step is not image else ""
            print(f"FAIL  compose/{step.__name__}: {step.__doc__}\n{e}\n{logs[-4000:]}", flush=True)
            if step in (image, up):
                failed += [f"compose/{s.__name__} (not run)" for s in steps[steps.index(step) + 1:]]
                break
    if steps:
        server.compose("down", "-v", "--remove-orphans", check=False)
    for name in failed:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
