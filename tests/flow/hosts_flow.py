# SPDX-License-Identifier: MIT
"""hosts: two hosts, one of them a network namespace with a name of its own; between them tcp with a key, and Redis with a password."""
import contextlib
import json
import os
import socket
import subprocess

from kit.flow import Skip, flow
from kit.phone import ack_of
from kit.server import Server, Worker, render
from operate_flow import works

FAR = ("proxy", "registrar", "agent")  # the tiers of the other host
PASSWORD = "redis-word"


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


class Hosts(Server):
    """A server whose deciding tiers run on another host."""

    def __init__(self, settings):
        net = os.getpid() * 4 % 60000  # a /30 of its own
        self.space, self.veth = f"peal-{net}", f"peal{net}"
        self.near, self.far = (f"198.18.{net >> 8}.{net & 0xfc | n}" for n in (1, 2))  # 198.18/15: for tests between networks (RFC 2544)
        super().__init__("separate", {"server.bus": f"tcp://{self.near}", "server.bus_key": None, **settings})
        self.key = os.path.join(self.state, "bus.key")
        self.settings["redis.url"] = f"redis://:{PASSWORD}@{self.near}:{self.redis.port}/0"
        self.settings["server.bus_key"] = self.key

    def start(self):
        self.peal("keys", "new", self.key)
        ip("netns", "add", self.space)
        ip("link", "add", self.veth, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        ip("addr", "add", f"{self.near}/30", "dev", self.veth)
        ip("link", "set", self.veth, "up")
        ip("-n", self.space, "addr", "add", f"{self.far}/30", "dev", "eth0")
        ip("-n", self.space, "link", "set", "eth0", "up")
        ip("-n", self.space, "link", "set", "lo", "up")
        self.far_config = os.path.join(self.state, "far.conf")
        with open(self.far_config, "w") as f:
            f.write(render({**self.settings, "server.bus": f"tcp://{self.far}", "server.state": os.path.join(self.state, "far")}))
        start = self.redis.start
        self.redis.start = lambda: (start(), self.redis("CONFIG", "SET", "requirepass", PASSWORD),
                                    self.redis("CONFIG", "SET", "bind", f"127.0.0.1 {self.near}"))
        return super().start()

    def add(self, name, bin_folder=None, config=None):
        if name not in FAR and not config:
            return super().add(name, bin_folder)
        n = self.started[name] = self.started.get(name, 0) + 1
        argv = ["ip", "netns", "exec", self.space, "unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh",
                os.path.join(self.bin, f"peal-{name}"), "--config", config or self.far_config]
        self.workers.append(Worker(f"{name}.{n}", argv, self.env(), os.path.join(self.state, "log", f"{name}.{n}.log")))
        return self.workers[-1]

    def stop(self):
        wrong = super().stop()
        subprocess.run(["ip", "link", "del", self.veth], capture_output=True)
        subprocess.run(["ip", "netns", "del", self.space], capture_output=True)
        return wrong


@contextlib.contextmanager
def two_hosts():
    if os.geteuid():
        raise Skip("network namespaces take root")
    server = Hosts({"proxy.relay": "any"})
    try:
        yield server.start()
    finally:
        wrong = server.stop()
    assert not wrong, "\n".join(wrong)


def call(server):
    with server.phone() as a, server.phone() as b:
        assert b.register().status == 200
        sent = a.invite(b.aor)
        b.reply(b.wait("INVITE"), 486, "Busy Here")
        b.wait("ACK")
        a.send(ack_of(sent, a.wait(486)))


def bus_port(server):
    """Where a worker of this host is reached by those of the other."""
    tcp = next(r["tcp"] for r in map(json.loads, server.redis.hash("nodes").values()) if r["host"] != "elsewhere")
    return int(tcp.rpartition(":")[2])


def knock(server, octets):
    """A stranger says something on the bus port, and everything it hears."""
    with socket.create_connection((server.near, bus_port(server)), 5) as s:
        s.settimeout(0.5)
        s.sendall(octets)
        heard = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while more := s.recv(4096):
                heard += more
    return heard


# ZMTP 3.0 greeting with the NULL mechanism and a READY: what any ZeroMQ program without a key says.
NULL = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + b"\x00" + bytes(31) + b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH"


@flow("hosts.two", server=False, forms=("separate",))
def two(_):
    """Transport and transaction here, proxy and registrar on another host: calls by tcp with CURVE; a stranger on the bus port is not let in."""
    with two_hosts() as server:
        call(server)
        assert b"READY" not in knock(server, NULL)
        knock(server, os.urandom(4096))
        call(server)


@flow("hosts.key", server=False, forms=("separate",))
def another_key(_):
    """A worker with another key refuses to join and says which key is whose."""
    with two_hosts() as server:
        wrong_key, config = os.path.join(server.state, "other.key"), os.path.join(server.state, "other.conf")
        server.peal("keys", "new", wrong_key)
        with open(config, "w") as f:
            f.write(render({**server.settings, "server.bus": f"tcp://{server.far}", "server.bus_key": wrong_key,
                            "server.state": os.path.join(server.state, "other")}))
        refused = server.add("proxy", config=config)
        assert refused.process.wait(10) == 1
        server.workers.remove(refused)
        said = server.tail(refused)
        for key in (wrong_key, server.key):
            assert server.peal("keys", "mark", key).stdout.strip() in said, said
        call(server)


def refused(server):
    """A new call while nobody is left to decide it: the final answer it gets."""
    with server.phone() as a:
        sent = a.invite(f"sip:nobody@{server.domain}")
        answer = a.wait(lambda m: m.status > 100, 8)
        a.send(ack_of(sent, answer))
        return answer.status


@flow("hosts.cut", server=False, forms=("separate",))
def cut(_):
    """The wire between the hosts is cut: new calls are answered 5xx and not left to wait; when it is whole again calls go on."""
    with two_hosts() as server:
        call(server)
        ip("link", "set", server.veth, "down")
        try:
            assert 500 <= refused(server) < 600
        finally:
            ip("link", "set", server.veth, "up")
        works(server, 25)
