# SPDX-License-Identifier: MIT
"""kamailio: the neighbour, with the configuration of flow/kamailio; enough of a server for a Phone."""
import os
import subprocess
import time

from kit import certs
from kit.left import Process
from kit.phone import Phone
from kit.ports import take
from kit.server import ROOT

FOLDER = os.path.join(ROOT, "tests", "flow", "kamailio")


class Kamailio:
    """peal: the URI its calls to other domains go to."""

    def __init__(self, folder, peal, port=None, tls_port=None):
        self.folder, self.host, self.domain = folder, "127.0.0.1", "kam.test"
        self.port, self.tls_port = port or take(), tls_port or take()
        os.makedirs(folder)
        cert, key = certs.pair(*certs.HERE)
        fill = {"PORT": self.port, "TLSPORT": self.tls_port, "PEAL": peal, "CERT": cert, "KEY": key, "CA": certs.authority(),
                "TLSCFG": os.path.join(folder, "tls.cfg")}
        for name in ("kamailio.cfg", "tls.cfg"):
            with open(os.path.join(FOLDER, name)) as f:
                text = f.read()
            for word, value in fill.items():
                text = text.replace(f"@{word}@", str(value))
            with open(os.path.join(folder, name), "w") as f:
                f.write(text)
        self.log = os.path.join(folder, "kamailio.log")
        with open(self.log, "wb") as out:
            self.process = Process(
                ["kamailio", "-DD", "-E", "-f", os.path.join(folder, "kamailio.cfg"), "-Y", folder, "-P", os.path.join(folder, "pid"),
                 "-m", "32", "-M", "4"], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)

    def said(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def ready(self):
        end = time.monotonic() + 15
        with Phone(self, "ready") as p:
            while True:
                try:
                    return p.ask(p.request("OPTIONS", f"sip:{self.domain}"), 1)
                except (AssertionError, OSError):
                    assert self.process.poll() is None and time.monotonic() < end, f"kamailio did not start\n{self.said()[-3000:]}"
                    time.sleep(0.1)

    def __enter__(self):
        try:
            self.ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *what):
        self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
