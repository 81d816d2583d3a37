# SPDX-License-Identifier: MIT
"""cluster: a private Redis Cluster in a scratch folder; to a flow it is what kit.redis.Redis is, and its nodes can be killed."""
import os
import re
import signal
import subprocess
import time

from kit.left import Process
from kit.ports import keep
from kit.redis import Redis, RedisError

SLOTS, NODE_TIMEOUT = 16384, 600


class Node(Redis):
    def __init__(self, folder, port, bus):
        super().__init__(folder, port)
        self.bus = bus

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(self.folder, "redis.log"), "ab") as log:
            self.process = Process(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
                 "--appendonly", "no", "--cluster-enabled", "yes", "--cluster-port", str(self.bus),
                 "--cluster-node-timeout", str(NODE_TIMEOUT), "--repl-diskless-sync-delay", "0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process, self.wire = None, None

    def id(self):
        return self("CLUSTER", "MYID")


def until(what, fits, seconds=20):
    """Ask until it is so; servers that are not there yet are not."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            last = fits()
            if last:
                return last
        except (OSError, RedisError) as e:
            last = e
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s; last {last}")


class Cluster:
    def __init__(self, folder, masters=3, replicas=1):
        first = keep(2 * (masters + replicas))
        self.nodes = [Node(f"{folder}/{i}", first + 2 * i, first + 2 * i + 1) for i in range(masters + replicas)]
        self.masters, self.replicas = self.nodes[:masters], self.nodes[masters:]  # as they begin; replica i follows master i
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{n.port}" for n in self.nodes[:2])

    def start(self):
        for n in self.nodes:
            n.start()
        step = SLOTS // len(self.masters)
        for i, n in enumerate(self.masters):
            until("a node", lambda n=n: n("PING") == "PONG")
            last = SLOTS - 1 if n is self.masters[-1] else (i + 1) * step - 1
            n("CLUSTER", "ADDSLOTSRANGE", i * step, last)
            n("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
        for n in self.nodes[1:]:
            until("a node", lambda n=n: n("PING") == "PONG")
            self.nodes[0]("CLUSTER", "MEET", "127.0.0.1", n.port, n.bus)
        for n in self.nodes:
            until("everybody met", lambda n=n: f"cluster_known_nodes:{len(self.nodes)}" in n("CLUSTER", "INFO"))
        for master, n in zip(self.masters, self.replicas):
            until("a replica", lambda n=n, id=master.id(): n("CLUSTER", "REPLICATE", id) == "OK")
        for n in self.nodes:
            until("the cluster", lambda n=n: "cluster_state:ok" in n("CLUSTER", "INFO"))
        for master, n in zip(self.masters, self.replicas):
            until("a replica in step", lambda n=n: "master_link_status:up" in n("INFO", "replication"))
            until("the replica is known", lambda m=master, n=n: f"slave {m.id()}" in self.nodes[0]("CLUSTER", "NODES"))
        return self

    def stop(self):
        for n in self.nodes:
            n.stop()

    def living(self):
        return [n for n in self.nodes if n.process]

    def at(self, port):
        return next(n for n in self.nodes if n.port == port)

    def __call__(self, *words, key=None):
        """One command, at the node that has its key, the second word."""
        node, asking = self.living()[0], False
        for _ in range(8):
            try:
                if asking:
                    node("ASKING")
                return node(*words)
            except RedisError as e:
                found = re.match(r"(MOVED|ASK) \d+ \S*:(\d+)$", str(e))
                if not found:
                    raise
                node, asking = self.at(int(found[2])), found[1] == "ASK"
        raise AssertionError(f"{words}: sent from node to node without end")

    hash = Redis.hash

    def owner(self, slot):
        """The node that has the slot, as the living ones see it."""
        for first, last, master, *_ in self.living()[0]("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return self.at(master[1])
        return None

    def slot(self, key):
        return self.living()[0]("CLUSTER", "KEYSLOT", key)

    def migrate(self, slot, to, midway=lambda: None):
        """Move a slot with all its keys, as redis-cli --cluster reshard does; `midway` runs when half of its keys are there."""
        source = self.owner(slot)
        to("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id())
        source("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id())
        keys = source("CLUSTER", "GETKEYSINSLOT", slot, 1000)
        for i, key in enumerate(keys):
            if i == len(keys) // 2:
                midway()
            source("MIGRATE", "127.0.0.1", to.port, key, 0, 5000)
        for n in [to, source] + [n for n in self.living() if n in self.masters and n not in (to, source)]:
            n("CLUSTER", "SETSLOT", slot, "NODE", to.id())
        return source
