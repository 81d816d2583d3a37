# SPDX-License-Identifier: MIT
"""sipp: run one SIPp scenario of flow/sipp against a server."""
import os
import subprocess
import time

from kit.left import Process
from kit.phone import bracketed
from kit.ports import take
from kit.server import ROOT

FOLDER = os.path.join(ROOT, "tests", "flow", "sipp")


class Sipp:
    """One SIPp process. keys become [name] in the scenario; user and password feed [authentication]."""

    def __init__(self, server, scenario, port=None, calls=1, extra=(), peer=None, timeout=30, host="127.0.0.1", **keys):
        self.host = host
        self.port, self.scenario, self.timeout, self.server = port or take(host), scenario, timeout, server
        self.folder = os.path.join(server.state, "sipp", f"{scenario}-{self.port}")
        os.makedirs(self.folder, exist_ok=True)
        keys = {"domain": server.domain, "kind": "UDP", "door": self.port, **keys}  # kind: what it says it is; door: its port for others
        words = [w for k, v in keys.items() for w in ("-key", k, str(v))]
        there, port = peer or (server.host, server.port)
        argv = ["sipp", f"{bracketed(there)}:{port}", "-sf", os.path.join(FOLDER, scenario + ".xml"), "-i", host, "-p", str(self.port),
                "-m", str(calls), "-nostdin", "-timeout", f"{timeout}s", "-timeout_error", "-trace_err", "-trace_msg",
                "-error_file", "errors.log", "-message_file", "messages.log", *words, *extra]
        self.out = open(os.path.join(self.folder, "screen.log"), "wb")
        self.process = Process(argv, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.out, stderr=subprocess.STDOUT,
                                        env={**os.environ, "TERM": "dumb"})

    def read(self, name):
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            return ""
        with open(path, errors="replace") as f:
            return f.read()

    def wait(self):
        """It must end with every call as its scenario says; no use to wait for that when a worker has died."""
        end, code = time.monotonic() + self.timeout + 5, None
        while code is None and time.monotonic() < end and not self.server.dead():
            try:
                code = self.process.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        self.out.close()
        if code != 0:
            raise AssertionError(f"sipp {self.scenario} (port {self.port}) ended with {code or 'nothing yet'}\n"
                                 f"{self.read('errors.log')[-1500:]}\n--- messages\n{self.read('messages.log')[-4000:]}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def run(server, scenario, **more):
    Sipp(server, scenario, **more).wait()


class together:
    """with together(a, b): every process in it ends well, and none is left behind when one does not."""

    def __init__(self, *parties):
        self.parties = parties

    def __enter__(self):
        return self.parties

    def __exit__(self, kind, *rest):
        wrong = []
        for p in self.parties if kind is None else ():
            try:
                p.wait()
            except AssertionError as e:
                wrong.append(str(e))
        for p in self.parties:
            p.kill()
        if wrong:
            raise AssertionError("\n".join(wrong))
