# SPDX-License-Identifier: MIT
"""server: Peal under test, in either form, on ports and a Redis of its own.

form "separate": a worker of each tier; form "node": one peal-node.
Everything a test run starts is ended by process id, and must end well: exit status 0, no sanitizer report in any log.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from kit import certs, sip
from kit.left import Process
from kit.phone import Phone, bracketed
from kit.ports import take
from kit.redis import Redis

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TIERS = ["transaction", "proxy", "registrar", "agent", "transport"]
REPORT = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:|Assertion .* failed)")
SECONDS_TO_START, SECONDS_TO_STOP = 30, 20


def find_bin():
    """The folder of the binaries under test: FLOW_BIN, else the newest build."""
    given = os.environ.get("FLOW_BIN")
    places = [given] if given else [os.path.join(ROOT, "build", d, "bin") for d in ("asan", "dev", "tsan", "")]
    built = [p for p in places if os.path.exists(os.path.join(p, "peal-node"))]
    if not built:
        raise SystemExit("flow: no binaries found; build them first: cmake --preset asan && cmake --build --preset asan")
    return max(built, key=lambda p: max(os.path.getmtime(os.path.join(p, f)) for f in os.listdir(p)))


def render(settings):
    """{"proxy.timer_c": 3, "domain.example.net.mode": "redirect", "gateway.carrier.berlin": "sip:.."} as a configuration file."""
    out, nested = {}, {"domain": {}, "gateway": {}}
    for name, value in settings.items():
        section, _, key = name.partition(".")
        if section in nested:
            group, _, key = key.rpartition(".")
            nested[section].setdefault(group, {})[key] = value
        else:
            out.setdefault(section, {})[key] = value
    lines = []
    for section, keys in out.items():
        lines += [section] + [f'    {k} = "{v}"' for k, v in keys.items()]
    for section, groups in nested.items():
        lines += [section] if groups else []
        for group, keys in groups.items():
            lines += [f"    {group}"] + [f'        {k} = "{v}"' for k, v in keys.items()]
    return "\n".join(lines) + "\n"


class Worker:
    def __init__(self, name, argv, env, log):
        self.name, self.log = name, log
        with open(log, "ab") as out:
            self.process = Process(argv, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)

    def alive(self):
        return self.process.poll() is None

    def stop(self, how=signal.SIGTERM):
        """End it by its id; returns what was wrong, or None."""
        if not self.alive():
            return f"{self.name} ended by itself with status {self.process.returncode}"
        self.process.send_signal(how)
        try:
            code = self.process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"{self.name} still ran {SECONDS_TO_STOP} s after SIGTERM"
        return f"{self.name} ended with status {code} after SIGTERM" if code else None


class Server:
    def __init__(self, form="node", settings=None, bin_folder=None, keep=False, copies=None, port=None, redis=Redis):
        self.form, self.bin, self.keep = form, bin_folder or find_bin(), keep
        self.copies = copies or {}            # {"proxy": 2}: workers of one tier, separate form only
        self.host, self.port = "127.0.0.1", port or take()
        self.domain = "example.com"
        self.state = tempfile.mkdtemp(prefix="peal-flow-", dir=os.environ.get("TMPDIR", "/tmp"))
        self.redis = redis(os.path.join(self.state, "redis"))
        self.workers, self.users, self.partners = [], 0, {}
        self.started = {}                     # how many of each name
        self.settings = {
            "server.domains": "example.com auth.example.com redirect.example.com",
            "server.state": os.path.join(self.state, "run"),
            "server.drain": 1,
            "transport.listen": "udp tcp tls",
            "redis.url": self.redis.url,
            "proxy.relay": "any",
            "log.level": os.environ.get("FLOW_LOG", "debug"),
            "domain.example.com.auth": "off",
            "domain.auth.example.com.auth": "on",
            "domain.redirect.example.com.auth": "off",
            "domain.redirect.example.com.mode": "redirect",
            **(settings or {}),
        }
        self.settings = {k: v for k, v in self.settings.items() if v is not None}  # None takes a default away
        self.config = os.path.join(self.state, "peal.conf")
        self.doors = {}                       # "tls" or "udp6" to (host, port), when the setting transport.listen names such
        self.open_doors()

    def open_doors(self):
        """transport.listen = "udp tcp tls ws wss udp6 tcp6 tls6 udp*": each at a free port, UDP and TCP at one, udp* at every address;
        a certificate when it takes one."""
        words = self.settings["transport.listen"].split()
        if any(":" in w for w in words):
            return
        for w in words:
            proto, host = w.rstrip("6*"), {"6": "::1", "*": "0.0.0.0"}.get(w[-1], self.host)
            port = take(host) if w.endswith("6") or proto not in ("udp", "tcp") else self.port
            if w == "tcp6" and "udp6" in self.doors:
                port = self.doors["udp6"][1]
            self.doors[w] = (host, port)
        self.settings["transport.listen"] = " ".join(
            f"{w.rstrip('6*')}:{bracketed(host)}:{port}" for w, (host, port) in self.doors.items())
        if any(w.startswith(("tls", "wss")) for w in words):
            cert, key = certs.pair(*certs.HERE)
            for name, value in (("certificate", cert), ("key", key), ("ca", certs.authority())):
                self.settings.setdefault("transport." + name, value)

    # ---- life

    def env(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith("PEAL_")}
        env.setdefault("ASAN_OPTIONS", "exitcode=99")  # fast_unwind_on_malloc=0 shows what stands behind a library, for twice the CPU
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        return env

    def start(self):
        os.makedirs(os.path.join(self.state, "run"))
        os.makedirs(os.path.join(self.state, "log"))
        with open(self.config, "w") as f:
            f.write(render(self.settings))
        try:
            self.redis.start()
            if self.form == "node":
                self.add("node")
            else:
                for tier in TIERS:
                    for _ in range(self.copies.get(tier, 1)):
                        self.add(tier)
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def add(self, name, bin_folder=None):
        n = self.started[name] = self.started.get(name, 0) + 1
        log = os.path.join(self.state, "log", f"{name}.{n}.log")
        binary = os.path.join(bin_folder or self.bin, f"peal-{name}")
        self.workers.append(Worker(f"{name}.{n}", [binary, "--config", self.config], self.env(), log))
        return self.workers[-1]

    def live(self):
        """Process ids of the workers that Redis shows as live."""
        return {r["pid"] for r in map(json.loads, self.redis.hash("nodes").values()) if r["state"] == "live"}

    def replace(self, old, bin_folder=None):
        """A rolling upgrade's step: another of its kind comes, the old one drains and ends well."""
        new = self.add(old.name.partition(".")[0], bin_folder)
        end = time.monotonic() + SECONDS_TO_START
        while new.process.pid not in self.live():
            assert new.alive() and time.monotonic() < end, f"{new.name} did not join:\n{self.tail(new)}"
            time.sleep(0.05)
        time.sleep(0.3)  # one look of everybody (MEMBERSHIP_EARLY, or the published change)
        wrong = old.stop()
        assert not wrong, f"{wrong}\n{self.tail(old)}"
        self.workers.remove(old)
        return new

    def wait_ready(self):
        """Until an OPTIONS and a REGISTER are answered end to end by every tier."""
        end, last = time.monotonic() + SECONDS_TO_START, "nothing"
        with Phone(self, "ready") as o, Phone(self, "ready", domain="auth.example.com") as p:
            while time.monotonic() < end:
                for w in self.workers:
                    if not w.alive():
                        raise AssertionError(f"{w.name} ended with status {w.process.returncode} at start:\n{self.tail(w)}")
                try:
                    options = o.ask(o.request("OPTIONS", f"sip:{self.host}:{self.port}"), 1)
                    query = p.ask(p.request("REGISTER", f"sip:{p.domain}", to=p.aor), 1)
                    last = f"OPTIONS {options.status}, REGISTER {query.status}"
                    if options.status in (200, 407) and query.status in (200, 401, 403, 404):
                        return
                except (AssertionError, OSError) as e:
                    last = str(e)
                time.sleep(0.1)
        logs = "\n".join(f"--- {w.name}\n{self.tail(w)}" for w in self.workers)
        raise AssertionError(f"not ready after {SECONDS_TO_START} s; last: {last}\n{logs}")

    def stop(self):
        """End everything; returns the list of what was wrong."""
        wrong = [x for p in self.partners.values() for x in p.stop()] + [w.stop() for w in reversed(self.workers)]
        self.redis.stop()
        wrong = [x for x in wrong if x] + self.reports()
        if not wrong and not self.keep:
            shutil.rmtree(self.state, ignore_errors=True)
        self.workers = []
        return wrong

    def dead(self):
        """What ended by itself, with the end of its log; empty while all is well."""
        return "\n".join(f"{w.name} ended with status {w.process.returncode}\n{self.tail(w, 40)}" for w in self.workers if not w.alive())

    def reports(self):
        """What sanitizers wrote into the logs."""
        if not os.path.isdir(os.path.join(self.state, "log")):
            return [f"{self.state} was removed while the server ran; give each run a TMPDIR of its own"]
        out = []
        for name in sorted(os.listdir(os.path.join(self.state, "log"))):
            text = self.text(name)
            found = REPORT.search(text)
            if found:
                out.append(f"{name}: {text[max(0, found.start() - 200):found.start() + 3000]}")
        return out

    def text(self, name):
        with open(os.path.join(self.state, "log", name), errors="replace") as f:
            return f.read()

    def tail(self, worker, lines=15):
        return "\n".join(self.text(os.path.basename(worker.log)).splitlines()[-lines:])

    # ---- what flows ask of it

    def reread(self, settings, event="config.reloaded", enough=all):
        """Write a configuration, SIGHUP to all, and wait until all workers (or any) have said what came of it."""
        def said():
            return [self.text(os.path.basename(w.log)).count(f" {event} ") for w in self.workers]
        with open(self.config, "w") as f:
            f.write(render(settings))
        before, end = said(), time.monotonic() + 10
        for w in self.workers:
            w.process.send_signal(signal.SIGHUP)
        while not enough(now > was for now, was in zip(said(), before)):
            assert time.monotonic() < end, f"{enough.__name__} of {[w.name for w in self.workers]} did not say {event} after SIGHUP"
            time.sleep(0.02)

    def partner(self, domain, port, settings):
        """Another server beside this one, for this domain; started when first asked for and stopped with this one."""
        if domain not in self.partners:
            p = self.partners[domain] = Server(self.form, {
                "server.domains": f"{domain} auth.example.com redirect.example.com", "domain.example.com.auth": None, **settings},
                self.bin, self.keep, port=port)
            p.domain = domain
            p.start()
        return self.partners[domain]

    def name(self, prefix="u"):
        """A user name no other flow of this run has."""
        self.users += 1
        return f"{prefix}{self.users}"

    def add_user(self, user, password, domain="auth.example.com", **more):
        """A user record as `peal user add` writes it."""
        fields = {"realm": domain, **more}
        for algorithm, field in (("MD5", "ha1_md5"), ("SHA-256", "ha1_sha256"), ("SHA-512-256", "ha1_sha512")):
            fields[field] = sip.digest(algorithm, f"{user}:{fields['realm']}:{password}")
        self.redis("HSET", f"user:{user}@{domain}", *[x for kv in fields.items() for x in kv])

    def phone(self, prefix="u", password="", domain=None, **more):
        """A phone of a fresh user; with a password he exists in auth.example.com."""
        user = self.name(prefix)
        if password:
            domain = domain or "auth.example.com"
            self.add_user(user, password, domain)
        return Phone(self, user, password, domain, **more)

    def bindings(self, aor):
        """What Redis holds of him, by binding id; fields "n:..." are nonces in use."""
        return {k: v for k, v in self.redis.hash(f"reg:{aor}").items() if not k.startswith("n:")}

    def peal(self, *words, stdin="", check=True, env=None):
        """Run the operator's command against this server."""
        r = subprocess.run([os.path.join(self.bin, "peal"), *words], input=stdin, capture_output=True, text=True, timeout=30,
                           env={**self.env(), "PEAL_REDIS_URL": self.redis.url, **(env or {})})
        if check and r.returncode:
            raise AssertionError(f"peal {' '.join(words)}: status {r.returncode}\n{r.stdout}{r.stderr}")
        return r
