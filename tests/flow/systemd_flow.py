# SPDX-License-Identifier: MIT
"""systemd: what a worker tells its service manager, and whether the units it is installed with are good."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from kit.flow import Skip, flow
from kit.server import ROOT, TIERS, Worker


@flow("systemd.notify", forms=("separate",))
def notify(server):
    """READY when it has joined, signs of life, STOPPING when it drains (sd_notify)."""
    path = os.path.join(server.state, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(path)
        ear.settimeout(10)
        env = {**server.env(), "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"}
        argv = [os.path.join(server.bin, "peal-proxy"), "--config", server.config]
        worker = Worker("proxy.notify", argv, env, os.path.join(server.state, "log", "proxy.notify.log"))
        assert ear.recv(100) == b"READY=1"
        assert worker.process.pid in server.live() or server.redis("HLEN", "nodes") > 0
        assert [ear.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        worker.process.send_signal(signal.SIGTERM)
        while (word := ear.recv(100)) == b"WATCHDOG=1":
            pass
        assert word == b"STOPPING=1"
    assert worker.process.wait(10) == 0


@flow("systemd.units", server=False, forms=("separate",))
def units(_):
    """What `cmake --install` puts down is whole: a configuration, a unit a tier that systemd finds no fault with."""
    with tempfile.TemporaryDirectory(prefix="peal-install-") as folder:
        build, root = os.path.join(folder, "build"), os.path.join(folder, "root")
        for step in (["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DPEAL_TESTS=OFF", f"-DCMAKE_INSTALL_PREFIX={root}"],
                     ["cmake", "--install", build, "--component", "units"]):
            done = subprocess.run(step, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        places = [os.path.join(root, "lib/systemd/system", f"peal-{t}@.service") for t in [*TIERS, "node"]]
        for place in [*places, os.path.join(root, "lib/sysusers.d/peal.conf"), os.path.join(root, "share/peal/peal.conf")]:
            assert os.path.exists(place), place
        for place in places:
            with open(place) as f:
                text = f.read()
            program = re.search(r"^ExecStart=(\S+)$", text, re.M).group(1)
            assert program.startswith(os.path.join(root, "bin", "peal-")) and not re.search(r"@[A-Z_]+@", text), text
            assert int(re.search(r"TimeoutStopSec=(\d+)", text).group(1)) > 30 + 5  # the default of server.drain, and time to end
            os.makedirs(os.path.dirname(program), exist_ok=True)
            shutil.copy("/bin/true", program)  # for the verifier, which looks for it
        if not shutil.which("systemd-analyze"):
            raise Skip("no systemd here to verify units with")
        verify(os.path.join(root, "lib/systemd/system"))


def verify(folder):
    names = [os.path.join(folder, n.replace("@.", "@1.")) for n in os.listdir(folder)]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *names], capture_output=True, text=True,
                          env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"})
    ours = [x for x in done.stderr.splitlines() if "peal" in x]
    assert not ours, "\n".join(ours)
