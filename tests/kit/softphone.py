# SPDX-License-Identifier: MIT
"""softphone: a baresip without screen or sound card: a tone goes out, what comes in is counted."""
import json
import os
import re
import socket
import subprocess
import time
import wave

from kit import certs
from kit.left import Process
from kit.phone import door
from kit.ports import take

MODULES = "/usr/lib/baresip/modules"
CONFIG = """
module_path {modules}
sip_listen 127.0.0.1:{sip}
rtp_ports {rtp}-{rtp_end}
audio_source aufile,{folder}/tone.wav
ausrc_srate 8000
ctrl_tcp_listen 127.0.0.1:{control}
module g711.so
module aufile.so
module uuid.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
rtp_stats yes
"""


def write_tone(path, seconds=60):
    """A square wave of 400 Hz, 8000 samples a second."""
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(8000)
        w.writeframes((b"\x00\x10" * 10 + b"\x00\xf0" * 10) * (400 * seconds))


class Softphone:
    def __init__(self, server, user, password, domain, answer="manual", transport="udp", account="", config=""):
        self.folder = os.path.join(server.state, f"baresip-{user}")
        os.makedirs(self.folder)
        self.user, self.control, rtp = user, take(), take(run=4)
        host, port = door(server, transport, "127.0.0.1")
        # baresip takes the port after its SIP port for TLS
        fill = {"modules": MODULES, "sip": take(run=2), "rtp": rtp, "rtp_end": rtp + 3, "folder": self.folder, "control": self.control}
        with open(os.path.join(self.folder, "config"), "w") as f:
            f.write(CONFIG.format(**fill) + (f"sip_cafile {certs.authority()}\n" if transport == "tls" else "") + config)
        with open(os.path.join(self.folder, "accounts"), "w") as f:
            f.write(f'<sip:{user}@{domain};transport={transport}>;auth_pass={password};regint=120;answermode={answer};'
                    f'outbound="sip:{host}:{port};transport={transport}";audio_codecs=pcmu{account}\n')
        with open(os.path.join(self.folder, "contacts"), "w"):
            pass
        write_tone(os.path.join(self.folder, "tone.wav"))
        self.out = open(os.path.join(self.folder, "screen.log"), "wb")
        self.process = Process(["baresip", "-f", self.folder, "-s"], stdin=subprocess.DEVNULL, stdout=self.out,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.wire, self.buffer, self.events = None, b"", []

    def screen(self):
        with open(os.path.join(self.folder, "screen.log"), errors="replace") as f:
            return re.sub(r"\x1b\[[0-9;]*m", "", f.read())

    def command(self, name, params=""):
        """One JSON command in a netstring, as ctrl_tcp takes it."""
        end = time.monotonic() + 10
        while not self.wire:
            try:
                self.wire = socket.create_connection(("127.0.0.1", self.control), 1)
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, f"baresip did not start\n{self.screen()[-2000:]}"
                time.sleep(0.1)
        text = json.dumps({"command": name, "params": params}).encode()
        self.wire.sendall(b"%d:%s," % (len(text), text))

    def wait(self, kind, timeout=10):
        """The next event of this type, e.g. "CALL_ESTABLISHED", since the first command; what baresip said when it does not come."""
        end = time.monotonic() + timeout
        while True:
            for i, event in enumerate(self.events):
                if event.get("type") == kind:
                    return self.events.pop(i)
            self.wire.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.wire.recv(65536)
            except socket.timeout:
                had = [e.get("type", "answer") for e in self.events]
                raise AssertionError(f"{self.user}: no {kind} within {timeout} s, but {had}\n{self.screen()[-5000:]}") from None
            assert data, f"{self.user}: baresip ended\n{self.screen()[-3000:]}"
            self.buffer += data
            while b":" in self.buffer:
                size, _, rest = self.buffer.partition(b":")
                if len(rest) <= int(size):
                    break
                self.events.append(json.loads(rest[:int(size)]))
                self.buffer = rest[int(size) + 1:]

    def registered(self, timeout=10):
        """Until the server took its registration."""
        end = time.monotonic() + timeout
        while not re.search(r"200 OK \(.*\[\d+ bindings?\]", self.screen()):
            assert time.monotonic() < end and self.process.poll() is None, f"{self.user} did not register\n{self.screen()[-4000:]}"
            time.sleep(0.1)

    def packets(self):
        """(sent, received) RTP packets of the last call, as it says at the end."""
        for _ in range(30):
            found = re.findall(r"packets:\s+(\d+)\s+(\d+)", self.screen())
            if found:
                return int(found[-1][0]), int(found[-1][1])
            time.sleep(0.1)
        raise AssertionError(f"{self.user}: no count of packets\n{self.screen()[-3000:]}")

    def close(self):
        if self.wire:
            self.wire.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.out.close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()
