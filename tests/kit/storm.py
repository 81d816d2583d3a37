# SPDX-License-Identifier: MIT
"""storm: a steady load beside a flow, every message of it checked (tests/bench/storm).

    with Storm(server, "call", rate=40) as load:
        ...                             # whatever may not cost a call
    load.clean()                        # AssertionError unless every operation ended well
"""
import json
import os
import shutil
import subprocess
import tempfile
import time

from kit.left import Process
from kit.ports import take

SECONDS_TO_END = 40


def find_storm(bin_folder):
    """Beside the binaries under test; FLOW_STORM names another."""
    return os.environ.get("FLOW_STORM") or os.path.join(os.path.dirname(bin_folder), "bench", "bench-storm")


class Storm:
    def __init__(self, server, mode="call", rate=40, users=100, hold=100, transport="udp", domain=None, more=()):
        program = find_storm(server.bin)
        if not os.path.exists(program):
            raise AssertionError(f"no {program}: build the target bench-storm")
        self.folder = tempfile.mkdtemp(prefix="peal-storm-", dir=server.state)
        self.argv = [program, mode, "--target", f"{server.host}:{server.port}", "--domain", domain or server.domain, "--transport", transport,
                     "--rate", str(rate), "--count", "1e9", "--aors", str(users), "--hold", str(hold), "--timeout", "16000",
                     "--callees", "1", "--callee-port", str(take()), "--prepare", "--verbose", *more]
        self.process, self.result = None, None

    def path(self, name):
        return os.path.join(self.folder, name)

    def text(self, name):
        with open(self.path(name), errors="replace") as f:
            return f.read()

    def start(self):
        with open(self.path("out"), "wb") as out, open(self.path("err"), "wb") as err:
            self.process = Process(self.argv, stdout=out, stderr=err, stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 20
        while '"mode":"insert"' not in self.text("out"):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the load did not begin: {self.text('err')[-2000:]}")
            time.sleep(0.05)
        return self

    def stop(self):
        """No new operations; those in hand end; the report of all."""
        if self.result is None:
            self.process.terminate()
            try:
                self.process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            lines = [x for x in self.text("out").splitlines() if x.startswith("{")]
            self.result = json.loads(lines[-1]) if len(lines) > 1 else {"failed": -1, "ops": 0}
        return self.result

    def clean(self, least=1):
        """Every operation ended well, and there were some."""
        r = self.stop()
        assert r["failed"] == 0 and r["ops"] >= least, f"{r['failed']} of {r.get('started')} failed: {r}\n{self.text('err')[-3000:]}"
        shutil.rmtree(self.folder, ignore_errors=True)
        return r

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *what):
        self.stop()
