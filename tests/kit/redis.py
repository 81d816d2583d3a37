# SPDX-License-Identifier: MIT
"""redis: a private redis-server in a scratch folder, and a client of thirty lines to look into it."""
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import weakref

from kit.left import Process
from kit.ports import take


class RedisError(Exception):
    pass


MEMORY = "/dev/shm"


class Redis:
    """Its data lies in memory where that is a folder: what it promises after an fsync holds there, too, and nobody waits for a busy disk."""

    def __init__(self, folder, port=None):
        self.folder, self.port, self.process, self.wire = folder, port or take(), None, None
        self.data = tempfile.mkdtemp(prefix="peal-redis-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
        weakref.finalize(self, shutil.rmtree, self.data, True)
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(self.folder, "redis.log"), "ab") as log:
            self.process = Process(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.data, "--save", "",
                 "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 10
        while True:
            try:
                if self("PING") == "PONG":
                    return self
            except (OSError, RedisError):
                pass
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"redis-server did not start; see {self.folder}/redis.log")
            time.sleep(0.05)

    def stop(self):
        if self.wire:
            self.wire.close()
            self.wire = None
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def _line(self):
        line = self.wire.readline()
        if not line:
            raise OSError("connection closed")
        return line[:-2].decode()

    def _answer(self):
        line = self._line()
        kind, rest = line[0], line[1:]
        if kind == "+":
            return rest
        if kind == "-":
            raise RedisError(rest)
        if kind == ":":
            return int(rest)
        if kind == "$":
            return None if rest == "-1" else self.wire.read(int(rest) + 2)[:-2].decode("utf-8", "surrogateescape")
        return None if rest == "-1" else [self._answer() for _ in range(int(rest))]

    def __call__(self, *words):
        """One command, e.g. redis("HGETALL", "reg:alice@example.com")."""
        try:
            if not self.wire:
                self.wire = socket.create_connection(("127.0.0.1", self.port), 5).makefile("rwb")
            parts = [str(w).encode() for w in words]
            self.wire.write(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
            self.wire.flush()
            return self._answer()
        except OSError:
            self.wire = None
            raise

    def hash(self, key):
        flat = self("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))

    def version(self):
        return re.search(r"redis_version:(\S+)", self("INFO", "server")).group(1)
