# SPDX-License-Identifier: MIT
"""up: deploy/up and deploy/down as a person uses them, on the programs already built."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from kit.flow import flow
from kit.phone import Phone, ack_of
from kit.ports import take
from kit.server import ROOT, find_bin


class Up:
    """A state folder of deploy/up; enough of kit.server.Server for a Phone."""

    def __init__(self, form, **settings):
        self.form, self.host, self.port, self.domain = form, "127.0.0.1", take(), "127.0.0.1"
        self.state = tempfile.mkdtemp(prefix="peal-up-")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("PEAL_")}
        self.env |= {"UP_BIN": find_bin(), "PEAL_TRANSPORT_LISTEN": f"udp:{self.host}:{self.port} tcp:{self.host}:{self.port}",
                     "PEAL_SERVER_DRAIN": "1", **settings}

    def run(self, program, *words, check=True, stdin=None):
        r = subprocess.run([program, *words], cwd=ROOT, env=self.env, text=True, input=stdin, timeout=120,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if check and r.returncode:
            raise AssertionError(f"{program} {' '.join(words)}: status {r.returncode}\n{r.stdout}")
        return r.stdout

    def up(self, *words):
        return self.run("deploy/up", "--detach", "--no-install", "--form", self.form, "--state", self.state, *words)

    def down(self):
        return self.run("deploy/down", "--state", self.state)

    def peal(self, *words, **more):
        env = self.env
        self.env = {k: v for k, v in env.items() if not k.startswith("PEAL_")}  # it must find the server by the state folder
        try:
            return self.run(os.path.join(env["UP_BIN"], "peal"), "--state", self.state, *words, **more)
        finally:
            self.env = env

    def pids(self):
        out = {}
        for name in os.listdir(os.path.join(self.state, "pid")):
            with open(os.path.join(self.state, "pid", name)) as f:
                out[name] = int(f.read().split()[0])
        return out

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        if os.path.exists(os.path.join(self.state, "pid")):
            self.down()
        logs = ""
        for name in sorted(os.listdir(os.path.join(self.state, "log"))):
            with open(os.path.join(self.state, "log", name), errors="replace") as f:
                logs += f"--- the end of {name}\n" + f.read()[-1200:]
        shutil.rmtree(self.state)
        if kind:
            print("        " + logs.replace("\n", "\n        "))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@flow("up.first-call", server=False)
def first_call(form):
    """Up, add users, register, call, look; up again is harmless; down leaves nothing; the next up still knows the phones."""
    with Up(form) as server:
        said = server.up()
        server.domain = re.search(r"peal --state \S+ user add alice@(\S+)", said).group(1)
        assert "already up" in server.up()
        for user in ("alice", "bob"):
            server.peal("user", "add", f"{user}@{server.domain}", "--password-stdin", stdin=f"pw-{user}\n")
        with Phone(server, "alice", "pw-alice") as a, Phone(server, "bob", "pw-bob") as b:
            assert a.register().status == 200 and b.register().status == 200
            sent = a.invite(b.aor)
            b.reply(b.wait("INVITE"), 486, "Busy Here")
            a.send(ack_of(sent, a.wait(486)))
            assert b.contact in server.peal("reg", "ls")
            assert "0 to mend" in server.peal("doctor")
            pids = server.pids()
            assert set(pids) == {"keep", "redis", *(["node"] if form == "node" else ["transport", "transaction", "proxy", "registrar", "agent"])}
            assert "down" in server.down()
            assert not [n for n, p in pids.items() if alive(p)], "still alive after deploy/down"
            assert "already down" in server.down()
            server.up()
            assert b.contact in server.peal("reg", "ls"), "a restart lost the registrations"


@flow("up.crash", server=False)
def crash(form):
    """A worker that is killed is started again by the keeper, Redis too."""
    with Up(form) as server:
        server.up()
        for name in ("node" if form == "node" else "proxy", "redis"):
            before = server.pids()[name]
            os.kill(before, signal.SIGKILL)
            end = time.monotonic() + 20
            while server.pids().get(name, before) == before or not alive(server.pids()[name]):
                assert time.monotonic() < end, f"{name} was not started again"
                time.sleep(0.1)
            server.peal("ping", "--timeout", "15")


@flow("up.refused", server=False)
def refused(form):
    """A configuration that makes no sense, and a port that is taken: up says which and leaves nothing behind."""
    with Up(form, PEAL_REGISTRAR_MIN_EXPIRES="many") as server:
        said = server.run("deploy/up", "--detach", "--no-install", "--form", form, "--state", server.state, check=False)
        assert "MIN_EXPIRES" in said.upper(), said
        assert server.pids() == {}, server.pids()
    with Up(form) as first:
        first.up()
        with Up(form, PEAL_TRANSPORT_LISTEN=first.env["PEAL_TRANSPORT_LISTEN"]) as second:
            said = second.run("deploy/up", "--detach", "--no-install", "--form", form, "--state", second.state, check=False)
            assert "Peal is up" not in said and str(first.port) in said, said
            assert not [n for n, p in second.pids().items() if alive(p)], "something was left behind"


@flow("up.no-udp", server=False, forms=["node"])
def no_udp(form):
    """Listeners but no UDP one: whether SIP is answered is asked over TCP, or TLS; the doctor does not mind."""
    with Up(form) as server:
        port = take()
        for listen in (f"tcp:{server.host}:{port}", f"tls:{server.host}:{port}"):
            server.env["PEAL_TRANSPORT_LISTEN"] = listen
            server.up()
            assert "no UDP listener" in server.peal("doctor")
            server.down()


@flow("up.tls", server=False, forms=["node"])
def tls(form):
    """A tls listener without a certificate gets a self-signed one that names the domains."""
    with Up(form) as server:
        port = take()
        server.env["PEAL_TRANSPORT_LISTEN"] += f" tls:{server.host}:{port}"
        server.up()
        r = subprocess.run(["openssl", "s_client", "-connect", f"{server.host}:{port}", "-CAfile", f"{server.state}/tls/cert.pem",
                            "-verify_ip", "127.0.0.1", "-verify_return_error"], input="", capture_output=True, text=True, timeout=20)
        assert re.search(r"^ok    certificate .*/tls/cert.pem ends on 20", server.peal("doctor"), re.M)
        assert "Verify return code: 0 (ok)" in r.stdout, r.stdout[-1500:] + r.stderr[-500:]
