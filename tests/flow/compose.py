#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The container form: build the images, docker-compose up, calls, three tiers scaled up and down under load, Redis restarted and
failed over (profile ha), every worker watched (profile observe), down.

Needs a Docker engine that runs and either network or a local image debian:bookworm-slim; the load is build/bench/bench-storm, run in the
transport's network. Ends with `N passed, N failed`. Words name the steps to do, of those below (all).
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]

from kit.phone import Phone, ack_of  # noqa: E402  (the path comes first)
from kit.ports import take  # noqa: E402
from kit.server import ROOT, TIERS  # noqa: E402

STORM = os.path.join(ROOT, "build", "bench", "bench-storm")
SCALED = ("transaction", "proxy", "registrar")
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
        self.observe_port = take()
        self.config = tempfile.TemporaryDirectory(prefix="peal-compose-")
        os.chmod(self.config.name, 0o755)
        self.configure("server", "    auth_calls = off")
        self.env = {**{k: v for k, v in os.environ.items() if not k.startswith("PEAL_")}, "PEAL_IMAGE": "peal:test",
                    "PEAL_CONFIG_FOLDER": self.config.name, "PEAL_OBSERVE_IMAGE": "peal-observe:test", "PEAL_OBSERVE_PORT": str(self.observe_port),
                    "PEAL_SERVER_DOMAINS": self.domain, "PEAL_PORT": str(self.port), "PEAL_SERVER_DRAIN": "2",
                    "PEAL_TRANSPORT_ADVERTISE": f"{self.host}:{self.port}"}

    def configure(self, *lines):
        with open(os.path.join(self.config.name, "peal.conf"), "w") as f:
            f.write("\n".join(lines) + "\n")

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


    def status(self, service):
        return self.run("docker", "ps", "--filter", f"name={PROJECT}.{service}", "--format", "{{.Status}}")

    def redis_role(self, service):
        return self.compose("exec", "-T", service, "redis-cli", "info", "replication", check=False)

    def replicas(self, n):
        """docker-compose up with n workers of each tier that is scaled; until the membership says so."""
        self.compose("up", "--detach", "--no-build", *[w for t in SCALED for w in ("--scale", f"{t}={n}")])
        self.until(lambda: all(self.peal("node", "ls").count(f"  {t} ") == n for t in SCALED), "peal node ls")

    def until(self, done, what, seconds=40):
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, f"{what}: not after {seconds} s\n{self.peal('node', 'ls', check=False)}"
            time.sleep(0.5)


class Load:
    """Calls in the transport's own network, so that callees need no published ports."""

    def __init__(self, server, users=5):
        self.server, self.name, self.users = server, f"{PROJECT}_load", users

    def __enter__(self):
        transport = self.server.compose("ps", "-q", "transport").strip()
        for i in range(self.users):
            self.server.peal("user", "add", f"a{i:07}@{self.server.domain}", "--password-stdin", stdin="secret\n")
        self.server.run("docker", "run", "--detach", "--name", self.name, "--network", f"container:{transport}", "--volume", f"{STORM}:/storm:ro",
                        "--entrypoint", "/storm", "peal:test", "call", "--target", "127.0.0.1:5060", "--domain", self.server.domain,
                        "--auth", "challenge", "--rate", "20", "--count", "1e9", "--aors", str(self.users), "--hold", "200", "--timeout", "16000",
                        "--callees", "1", "--prepare", "--verbose")
        self.server.until(lambda: '"mode":"insert"' in self.server.run("docker", "logs", self.name), "the load", 20)
        return self

    def __exit__(self, kind, *what):
        self.server.run("docker", "stop", "--time", "40", self.name)
        logs = self.server.run("docker", "logs", self.name)
        self.server.run("docker", "rm", "-f", self.name)
        if kind:
            return
        report = json.loads([x for x in logs.splitlines() if x.startswith("{")][-1])
        assert report["mode"] == "call" and report["failed"] == 0 and report["ops"] > 50, logs[-4000:]
        print(f"      {report['ops']} calls, {report['failed']} failed")


def phones(server, proto):
    return [Phone(server, user, f"pw-{user}", host=server.host, proto=proto) for user in ("alice", "bob")]


def image(server):
    """the image builds"""
    server.run("docker", "build", "--network", "host", "-t", "peal:test", "-f", "deploy/docker/Dockerfile", ".", timeout=1200)
    server.run("docker", "build", "--network", "host", "-t", "peal-observe:test", "-f", "deploy/observe/Dockerfile", ".", timeout=1200)


def locked_down(server):
    """no container runs as root, writes to its image, has a capability, or is stopped before its drain is over"""
    for name in server.run("docker", "ps", "--filter", f"name={PROJECT}", "--format", "{{.Names}}").split():
        found = json.loads(server.run("docker", "inspect", name))[0]
        config, host = found["Config"], found["HostConfig"]
        assert config["User"] in ("peal", "observe"), (name, config["User"])
        assert host["ReadonlyRootfs"] and host["Init"] and host["CapDrop"] == ["ALL"] and not host["CapAdd"], (name, host)
        assert "no-new-privileges:true" in host["SecurityOpt"], (name, host["SecurityOpt"])
        assert config.get("StopTimeout", 0) > 30 or "redis" in name, (name, config.get("StopTimeout"))
    refused = server.compose("exec", "-T", "proxy", "sh", "-c", "touch /usr/bin/x 2>&1 || id -u").split()
    assert refused[-1] == "5060", refused


def up(server):
    """docker-compose up: every service becomes healthy"""
    server.compose("up", "--detach", "--no-build")
    server.until(lambda: "(healthy)" in server.status("transport"), "the transport's health", 60)
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
    """transaction, proxy and registrar scaled to two and back to one under calls: none fails"""
    with Load(server):
        server.replicas(2)
        time.sleep(3)
        server.replicas(1)
        time.sleep(2)
    server.replicas(2)
    for _ in range(4):
        a, b = phones(server, "udp")
        with a, b:
            server.call(a, b)


def apply(server):
    """a configuration with a fault is refused by its line; a good one is taken by every worker"""
    server.configure("server", "    auth_calls = off", "transaction", "    t1 = soon")
    said = server.peal("config", "apply", check=False)
    assert "peal.conf:4" in said and "nothing was changed" in said, said
    server.configure("server", "    auth_calls = off", "transaction", "    t1 = 400")
    said = server.peal("config", "apply")
    assert re.search(r"^8 workers took it", said, re.M), said


def observe(server):
    """profile observe: Prometheus finds every worker and reads its rules"""
    server.compose("--profile", "observe", "up", "--detach", "--no-build", "--no-recreate", "prometheus")

    def ask(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{server.observe_port}/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)["data"]

    def all_up():
        try:
            up = [t["labels"]["tier"] for t in ask("targets?state=active")["activeTargets"] if t["health"] == "up"]
        except OSError:
            return False
        return sorted(up) == sorted([*SCALED, *SCALED, "agent", "transport"])

    server.until(all_up, "Prometheus")
    assert len(ask("rules")["groups"][0]["rules"]) >= 7
    loads = ask("query?query=sum(peal_parcels_total)")["result"]
    assert float(loads[0]["value"][1]) > 0, loads


def doctor(server):
    """peal doctor finds nothing to mend"""
    server.peal("doctor")


def rings(a, b):
    """Does a call of a reach b?"""
    try:
        sent = a.invite(b.aor)
        b.reply(b.wait("INVITE", 3), 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))
        return True
    except AssertionError:
        a.stash.clear()
        return False


def redis_restart(server):
    """registrations survive a restart of Redis' container"""
    a, b = phones(server, "udp")
    with a, b:
        assert b.register().status == 200
        server.compose("restart", "redis")
        server.until(lambda: rings(a, b), "a call", 30)


def failover(server):
    """profile ha: the master of Redis is killed, a sentinel promotes the replica, registrations are still found"""
    server.compose("down")
    server.env.update(PEAL_REDIS_URL="redis+sentinel://sentinel:26379/peal/0", PEAL_REDIS_FOLLOW="yes")
    server.compose("--profile", "ha", "up", "--detach", "--no-build", "redis", "redis-replica", "sentinel", *TIERS)
    server.until(lambda: "(healthy)" in server.status("transport"), "the transport's health", 60)
    server.until(lambda: "role:slave" in server.redis_role("redis-replica") and "link_status:up" in server.redis_role("redis-replica"), "the replica")
    server.until(lambda: "slaves=1" in server.compose("exec", "-T", "sentinel", "redis-cli", "-p", "26379", "info", "sentinel"), "the sentinel", 30)
    a, b = phones(server, "udp")
    with a, b:
        assert b.register().status == 200
        time.sleep(0.5)  # replication is asynchronous
        server.compose("kill", "redis")
        server.until(lambda: "role:master" in server.redis_role("redis-replica"), "the promotion")
        server.until(lambda: rings(a, b), "a call by the registration of before")
        server.until(lambda: b.register(expires=0).status == 200, "a registration with the new master")
    server.compose("--profile", "ha", "up", "--detach", "--no-build", "redis")
    server.until(lambda: "role:slave" in server.redis_role("redis"), "the old master as a replica")


def down(server):
    """docker-compose down: every worker drains and ends with 0"""
    server.compose("--profile", "ha", "--profile", "observe", "stop", "-t", "30")
    codes = server.run("docker", "ps", "-a", "--filter", f"name={PROJECT}", "--format", "{{.Names}} {{.Status}}")
    assert all("Exited (0)" in line for line in codes.splitlines()), codes


ALL = [image, up, locked_down, call_udp, call_tcp, scale, apply, observe, doctor, redis_restart, failover, down]


def main():
    server, passed, failed = Containers(), 0, []
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        print("no Docker engine answers; start one (.ci/run does), then try again")
        failed.append("compose: no Docker engine")
    wanted = sys.argv[1:]
    steps = [] if failed else [s for s in ALL if not wanted or s.__name__ in wanted]
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
        server.run("docker", "rm", "-f", f"{PROJECT}_load", check=False)
        server.compose("--profile", "ha", "--profile", "observe", "down", "-v", "--remove-orphans", check=False)
    for name in failed:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
