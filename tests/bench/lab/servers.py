# SPDX-License-Identifier: MIT
"""servers: what is measured: Peal in its forms with a private Redis, and Kamailio. Whatever is started here is ended by its id."""
import hashlib
import os
import socket
import subprocess
import time

PORT, TLS_PORT, REDIS_PORT = 5070, 5071, 5072
SECONDS_TO_START, SECONDS_TO_STOP = 20, 15
PASSWORD = "secret"
DOMAIN, AUTH_DOMAIN = "bench.test", "auth.bench.test"

# name -> processes: (name, binary, arguments)
FORMS = {
    "node": [("node", "peal-node", [])],
    "split": [("rest", "peal-node", ["--tiers", "transaction,proxy,registrar"]), ("transport", "peal-transport", [])],
    "four": [(t, f"peal-{t}", []) for t in ("transaction", "proxy", "registrar", "transport")],
}
WORDS = {"node": "one process", "split": "transport apart", "four": "four processes", "kamailio": "Kamailio",
         "kamailio-redis": "Kamailio, in Redis", "reflector": "an echo"}


class Failed(Exception):
    pass


def request(method, host, call):
    to = f"sip:ready@{host}"
    uri = f"sip:127.0.0.1:{PORT}" if method == "OPTIONS" else f"sip:{host}"
    return (f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK{call}\r\nMax-Forwards: 70\r\n"
            f"From: <{to}>;tag={call}\r\nTo: <{to}>\r\nCall-ID: {call}@ready\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n").encode()


class Server:
    """A set of processes on one CPU with one folder of logs."""
    only = None  # names of the points it can be asked for; all

    def __init__(self, name, folder, cpu):
        self.name, self.folder, self.cpu = name, folder, cpu
        self.server, self.aux, self.all = [], [], []
        self.begun = self.ready_after = 0
        os.makedirs(folder, exist_ok=True)

    def spawn(self, name, argv, aux=False):
        env = {k: v for k, v in os.environ.items() if not k.startswith("PEAL_")}
        self.begun = self.begun or (0 if aux else time.monotonic())
        with open(os.path.join(self.folder, f"{name}.log"), "ab") as log:
            p = subprocess.Popen(["taskset", "-c", self.cpu, *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                 start_new_session=True)
        (self.aux if aux else self.server).append((name, p))
        self.all.append((name, p))
        return p

    def tail(self, name):
        with open(os.path.join(self.folder, f"{name}.log"), errors="replace") as f:
            return "".join(f.readlines()[-8:])

    def alive(self):
        for name, p in self.all:
            if p.poll() is not None:
                raise Failed(f"{self.name}: {name} ended with status {p.returncode}\n{self.tail(name)}")

    def spawn_redis(self, argv, answers):
        """A private one, and wait until `answers` says yes."""
        self.spawn("redis", ["redis-server", *argv, "--dir", self.folder, "--save", "", "--appendonly", "no"], aux=True)
        end = time.monotonic() + SECONDS_TO_START
        while not answers():
            self.alive()
            if time.monotonic() > end:
                raise Failed("redis-server does not start; see " + self.folder)
            time.sleep(0.05)

    def wait_ready(self, methods):
        """Until each kind of request has been answered. Notes how long after the first process was begun, for startup.py."""
        call, end = 0, time.monotonic() + SECONDS_TO_START
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.005)
            for method in methods:
                while True:
                    self.alive()
                    if time.monotonic() > end:
                        raise Failed(f"{self.name} does not answer {method}; logs are in {self.folder}")
                    call += 1
                    try:
                        s.sendto(request(method, DOMAIN, f"{os.getpid()}{call}"), ("127.0.0.1", PORT))
                        answer = s.recv(4096)
                        if answer.startswith(b"SIP/2.0 200") and f"CSeq: 1 {method}".encode() in answer:
                            break
                    except OSError:
                        pass
                    time.sleep(0.001)
                self.ready_after = self.ready_after or time.monotonic() - self.begun

    def stop(self):
        """End all; what did not end well is told."""
        wrong = []
        for name, p in reversed(self.all):
            if p.poll() is None:
                p.terminate()
                try:
                    p.wait(SECONDS_TO_STOP)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
                    wrong.append(f"{self.name}: {name} was killed {SECONDS_TO_STOP} s after SIGTERM")
            if p.returncode not in (0, -15):
                wrong.append(f"{self.name}: {name} ended with status {p.returncode}; see {self.folder}/{name}.log")
        self.server, self.aux, self.all = [], [], []
        self.begun = self.ready_after = 0
        return wrong

    def watch(self):
        """Arguments for storm."""
        out = []
        for option, group in (("--pid", self.server), ("--aux", self.aux)):
            for name, p in group:
                out += [option, f"{name}={p.pid}"]
        return out


class Peal(Server):
    """One start serves every point: calls in bench.test, digest in auth.bench.test, UDP, TCP and TLS."""
    setups = ("all",)

    def __init__(self, form, folder, cpu, binaries, pair, settings):
        super().__init__(form, folder, cpu)
        self.binaries, self.pair, self.settings = binaries, pair, settings

    def config(self):
        values = {
            "server": {"domains": f"{DOMAIN} {AUTH_DOMAIN}", "state": f"{self.folder}/run", "auth": "off", "drain": "1"},
            "transport": {"listen": f"udp:127.0.0.1:{PORT} tcp:127.0.0.1:{PORT} tls:127.0.0.1:{TLS_PORT}",
                          "certificate": self.pair[0], "key": self.pair[1], "verify": "off"},
            "redis": {"url": f"unix://{self.folder}/redis.sock?db=0"},
            "log": {"level": "warning"},
        }
        for name, value in self.settings:
            section, _, key = name.partition(".")
            values.setdefault(section, {})[key] = value
        lines = []
        for section, keys in values.items():
            lines += [section] + [f'    {k} = "{v}"' for k, v in keys.items()]
        lines += ["domain", f"    {AUTH_DOMAIN}", "        auth = on", "        auth_calls = off", "        algorithms = MD5"]
        path = os.path.join(self.folder, "peal.conf")
        with open(path, "w") as f:
            f.write("\n".join(lines) + "\n")
        return path

    def start(self, setup):
        if os.path.exists(f"{self.folder}/redis.sock"):
            os.unlink(f"{self.folder}/redis.sock")
        config = self.config()
        self.spawn_redis(["--port", "0", "--unixsocket", f"{self.folder}/redis.sock"], lambda: os.path.exists(f"{self.folder}/redis.sock"))
        for name, binary, arguments in FORMS[self.name]:
            self.spawn(name, [os.path.join(self.binaries, binary), "--config", config, *arguments])
        self.wait_ready(("OPTIONS", "REGISTER"))

    def add_users(self, names):
        """user: records as `peal user add` writes them, all in one go."""
        out = []
        for name in names:
            ha1 = hashlib.md5(f"{name}:{AUTH_DOMAIN}:{PASSWORD}".encode()).hexdigest()
            words = ["HSET", f"user:{name}@{AUTH_DOMAIN}", "realm", AUTH_DOMAIN, "ha1_md5", ha1]
            out.append(f"*{len(words)}\r\n" + "".join(f"${len(w)}\r\n{w}\r\n" for w in words))
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(f"{self.folder}/redis.sock")
            reader = s.makefile("rb")
            for at in range(0, len(out), 500):
                chunk = out[at:at + 500]
                s.sendall("".join(chunk).encode())
                for _ in chunk:
                    if not reader.readline().startswith(b":"):
                        raise Failed("Redis refused a user record")


class Kamailio(Server):
    """A start for each set of modules: what a point does not need is not loaded."""
    setups = ("udp", "auth", "stream")
    DEFINES = {"udp": [], "auth": ["WITH_AUTH"], "stream": ["WITH_TCP", "WITH_TLS"]}

    def __init__(self, folder, cpu, templates, pair, children=2, name="kamailio"):
        super().__init__(name, folder, cpu)
        self.templates, self.pair, self.children = templates, pair, children

    def write(self, name, changes):
        with open(os.path.join(self.templates, name)) as f:
            text = f.read()
        for a, b in changes.items():
            text = text.replace(a, b)
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    @staticmethod
    def memory():
        """MB it may share between its processes: transactions stay for seconds, 1 GB is too little for some points."""
        with open("/proc/meminfo") as f:
            free = next(int(x.split()[1]) for x in f if x.startswith("MemAvailable"))
        return max(512, min(4096, free // 1024 // 4))

    def start(self, setup):
        tls = self.write("tls.cfg", {"@CERT@": self.pair[0], "@KEY@": self.pair[1]})
        config = self.write("kamailio.cfg", {"@PORT@": str(PORT), "@TLSPORT@": str(TLS_PORT), "@TLSCFG@": tls,
                                             "@REDISPORT@": str(REDIS_PORT)})
        defines = [x for d in ["WITH_RR", *self.DEFINES[setup]] for x in ("-A", d)]
        self.spawn("kamailio", ["kamailio", "-f", config, *defines, "-DD", "-E", "-n", str(self.children), "-m", str(self.memory()), "-M", "32",
                                "-x", "tlsf", "-X", "tlsf", "-Y", self.folder, "-w", self.folder])
        self.wait_ready(("OPTIONS",))

    def add_users(self, names):
        """Its configuration knows the one password."""


class KamailioRedis(Kamailio):
    """The same with digest, each registration in a Redis of its own before it is answered."""
    setups = ("auth",)
    DEFINES = {"auth": ["WITH_AUTH", "WITH_REDIS"]}

    def __init__(self, folder, cpu, templates, pair):
        super().__init__(folder, cpu, templates, pair, name="kamailio-redis")

    @staticmethod
    def ask_redis(command):
        try:
            with socket.create_connection(("127.0.0.1", REDIS_PORT), 1) as s:
                s.sendall(command + b"\r\n")
                return s.recv(256)
        except OSError:
            return b""

    def start(self, setup):
        self.spawn_redis(["--port", str(REDIS_PORT), "--bind", "127.0.0.1"], lambda: self.ask_redis(b"PING").startswith(b"+PONG"))
        with socket.create_connection(("127.0.0.1", REDIS_PORT), 1) as s: # the version of its table, as kamdbctl would write it
            s.sendall(b"SELECT 1\r\nHSET version:entry::location table_name location table_version 9\r\n")
            s.recv(256)
        super().start(setup)


class Reflector(Server):
    """No server at all: it says 200 to whatever comes. What storm does against it is what storm can do."""
    setups, only = ("udp",), ("options",)

    def __init__(self, folder, cpu, program):
        super().__init__("reflector", folder, cpu)
        self.program = program

    def start(self, setup):
        self.spawn("reflector", [self.program, str(PORT)])
        self.wait_ready(("OPTIONS",))
