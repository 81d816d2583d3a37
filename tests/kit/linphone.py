# SPDX-License-Identifier: MIT
"""linphone: a linphonec without screen or sound card, a phone that can 100rel; it counts what it sends and hears."""
import os
import re
import subprocess
import time

from kit.left import Process
from kit.ports import take
from kit.softphone import write_tone

CONFIG = """[sip]
sip_port={sip}
sip_tcp_port=0
sip_tls_port=0
100rel_support_level=2
contact=sip:{user}@{domain}
media_encryption=none
[rtp]
audio_rtp_port={rtp}
[sound]
echocancellation=0
[proxy_0]
reg_proxy=<sip:{host}:{port}>
reg_route=<sip:{host}:{port};lr>
reg_identity=sip:{user}@{domain}
reg_sendregister={register}
reg_expires=300
"""


class Linphone:
    def __init__(self, server, user, register=False, answer=False):
        self.folder = os.path.join(server.state, f"linphone-{user}")
        os.makedirs(os.path.join(self.folder, ".local/share/linphone"))  # where it keeps what it does not start without
        self.log = os.path.join(self.folder, "log")
        with open(os.path.join(self.folder, "rc"), "w") as f:
            f.write(CONFIG.format(sip=take(), rtp=take(run=2), user=user, domain=server.domain, host=server.host, port=server.port,
                                  register=int(register)))
        write_tone(os.path.join(self.folder, "tone.wav"), 20)
        self.out = open(os.path.join(self.folder, "screen.log"), "wb")
        self.process = Process(
            ["linphonec", "-c", f"{self.folder}/rc", "-d", "5", "-l", self.log, *(["-a"] if answer else [])], stdin=subprocess.PIPE,
            stdout=self.out, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "HOME": self.folder, "XDG_DATA_HOME": f"{self.folder}/.local/share", "TERM": "dumb"})
        self.command("soundcard use files")
        self.wait("Using wav files")

    def command(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def screen(self):
        with open(os.path.join(self.folder, "screen.log"), errors="replace") as f:
            return f.read()

    def wire(self):
        """Start lines and headers of what it sent and got, with much else."""
        with open(self.log, errors="replace") as f:
            return f.read()

    def wait(self, text, timeout=15, where=None):
        end = time.monotonic() + timeout
        while text not in (where or self.screen)():
            assert time.monotonic() < end and self.process.poll() is None, f"no \"{text}\" from linphonec:\n{self.screen()[-1500:]}"
            time.sleep(0.05)

    def say_tone(self):
        self.command(f"play {self.folder}/tone.wav")

    def packets(self):
        """RTP packets sent and heard of the call that ended."""
        found = re.findall(r"ortp-message-(sent|received) +(\d+) packets", self.wire())
        assert len(found) >= 2, "no count of packets in linphonec's log"
        return tuple(int(n) for _, n in found[-2:])

    def close(self):
        if self.process.poll() is None:
            try:
                self.command("quit")
                self.process.wait(5)
            except (OSError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
        self.process.stdin.close()
        self.out.close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()
