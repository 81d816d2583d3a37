# SPDX-License-Identifier: MIT
"""phone: `peal call`, `register`, `options` and `message` against the server and against phones (RFC 3262 4)."""
import json
import os
import re
import threading
import wave

from agent_flow import AGENT
from kit import sip
from kit.dns import NameServer
from kit.flow import flow
from kit.phone import Phone
from kit.ports import take

DOMAIN = "auth.example.com"


def peal(server, *words, status=0, proto="", **more):
    r = server.peal(*words, "--server", f"{proto}{server.host}:{server.port}", check=False, **more)
    assert r.returncode == status, f"status {r.returncode}, not {status}\n{r.stdout}{r.stderr}"
    return r.stdout


class background:
    """A `peal` that runs while the flow plays the other side."""

    def __init__(self, server, *words, status=0):
        self.thread = threading.Thread(target=self.run, args=(server, words, status))
        self.out, self.error = "", None
        self.thread.start()

    def run(self, server, words, status):
        try:
            self.out = peal(server, *words, status=status)
        except AssertionError as e:
            self.error = e

    def wait(self):
        self.thread.join(30)
        if self.error:
            raise self.error
        return self.out


def ladder(out):
    """[("--->", "INVITE"), ("<---", "100"), ...]"""
    return re.findall(r"^ *\d+\.\d{3}  (--->|<---)  (\S+)", out, re.M)


@flow("phone.echo", AGENT)
def echo(server):
    """peal calls echo: reliable 183, PRACK, 200, sound both ways, BYE; exit status 0."""
    out = peal(server, "call", f"sip:echo@{server.domain}", "--seconds", "2")
    steps = [s for _, s in ladder(out)]
    assert steps == ["INVITE", "100", "183", "PRACK", "200", "200", "ACK", "BYE", "200"], out
    sent, heard = map(int, re.search(r"(\d+) packets sent, (\d+) heard", out).groups())
    assert sent > 80 and heard > sent * 8 // 10, out


@flow("phone.echo-tcp", AGENT)
def echo_tcp(server):
    """The same over TCP, with Require: 100rel, saying a file."""
    path = f"{server.state}/say.wav"
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(8000)
        w.writeframes(b"\x00\x10" * 8000)
    out = peal(server, "call", f"sip:echo@{server.domain}", "--seconds", "1", "--100rel", "--audio", path, proto="tcp:")
    assert "PRACK" in out and re.search(r"sent, [1-9]\d* heard", out), out


@flow("phone.json", AGENT)
def for_programs(server):
    """--json: an object a line."""
    lines = [json.loads(x) for x in peal(server, "call", f"sip:busy@{server.domain}", "--json", status=1).splitlines()]
    assert [x["way"] for x in lines] == ["out", "in", "in"] and lines[-1]["what"] == "486 Busy Here", lines


@flow("phone.refused", AGENT)
def refused(server):
    """busy: exit status 1; nobody there: 1; wrong words: 2."""
    assert "486" in peal(server, "call", f"sip:busy@{server.domain}", status=1)
    peal(server, "call", f"sip:nobody-at-all@{server.domain}", status=1)
    peal(server, "call", "sip:", status=2)
    peal(server, "call", f"sip:echo@{server.domain}", "--audio", "/nonexistent", status=2)


@flow("phone.unanswered", AGENT)
def unanswered(server):
    """ring never answers: after --timeout a CANCEL, 487, exit status 3; nobody listens: 3."""
    out = peal(server, "call", f"sip:ring@{server.domain}", "--timeout", "2", status=3)
    steps = [s for _, s in ladder(out)]
    assert steps == ["INVITE", "100", "180", "PRACK", "200", "487"] and "CANCEL" in out, out
    r = server.peal("options", "sip:127.0.0.1", "--server", "127.0.0.1:9", "--timeout", "3", check=False)
    assert r.returncode == 3, r.stdout + r.stderr


@flow("phone.password", AGENT)
def password(server):
    """A user of a domain that asks for passwords registers, calls, asks and writes; a wrong password is refused."""
    user = server.name("alice")
    server.add_user(user, "secret", DOMAIN)
    who = f"sip:{user}@{DOMAIN}"
    contact = f"sip:{user}@127.0.0.1:9"
    peal(server, "register", who, contact, "--password-stdin", "--seconds", "60", stdin="secret\n")
    assert len(server.bindings(f"{user}@{DOMAIN}")) == 1
    peal(server, "register", who, "--password-stdin", stdin="wrong\n", status=1)
    out = peal(server, "call", f"sip:echo@{DOMAIN}", "--from", who, "--password-stdin", "--seconds", "1", stdin="secret\n")
    assert ("<---", "407") in ladder(out) and ("<---", "183") in ladder(out), out
    peal(server, "call", f"sip:echo@{DOMAIN}", "--from", who, status=1)
    peal(server, "register", who, contact, "--password-stdin", "--seconds", "0", stdin="secret\n")
    assert server.bindings(f"{user}@{DOMAIN}") == {}


@flow("phone.names", AGENT)
def names(server):
    """A server by NAPTR and SRV (RFC 3263): the first hop is not there, the second answers; a name that is none says so."""
    port, dead = take(), take()
    zone = f"""example.test NAPTR 10 50 s SIP+D2U _sip._udp.example.test
               _sip._udp.example.test SRV 1 0 {dead} a.example.test
               _sip._udp.example.test SRV 2 0 {server.port} a.example.test
               a.example.test A 127.0.0.1"""
    with NameServer(port, zone) as dns:
        env = {"PEAL_PROXY_DNS_SERVERS": f"127.0.0.1:{port}"}
        r = server.peal("call", f"sip:echo@{server.domain}", "--server", "example.test", "--seconds", "1", check=False, env=env)
        assert r.returncode == 0 and "the next server" in r.stdout and "PRACK" in r.stdout, r.stdout + r.stderr
        assert ("example.test", "NAPTR") in dns.asked and ("_sip._udp.example.test", "SRV") in dns.asked, dns.asked
        r = server.peal("options", "sip:example.test", check=False, env=env)
        assert [s for _, s in ladder(r.stdout)] == ["OPTIONS", "OPTIONS", "404"], r.stdout + r.stderr  # asked there, though not its domain
        r = server.peal("options", "sip:nothing.test", check=False, env=env)
        assert r.returncode == 2 and "nothing.test leads nowhere" in r.stderr, r.stdout + r.stderr


@flow("phone.redirected", AGENT)
def redirected(server):
    """A 302: the best contact is not there, the next is called (RFC 3261 8.1.3.4); one that leads back to itself ends, 1."""
    with Phone(server, server.name("b"), domain="redirect.example.com") as b:
        for contact, q in ((f"sip:echo@{server.host}:{server.port}", "0.5"), (f"sip:nobody@127.0.0.1:{take()}", "0.9")):
            assert b.register(contact=contact, q=q).status == 200
        out = peal(server, "call", b.aor, "--seconds", "1")
        steps = [s for _, s in ladder(out)]
        assert steps.count("INVITE") == 3 and "302" in steps and steps[-4:] == ["200", "ACK", "BYE", "200"], out
    with server.phone("c") as c:
        assert c.register().status == 200
        p = background(server, "call", c.aor, status=1)
        r = c.answer(c.wait("INVITE"), 302, "Moved Temporarily")
        r.fields = [(n, f"<{c.aor}>" if n == "Contact" else v) for n, v in r.fields]
        c.send(r)
        out = p.wait()
        assert [s for _, s in ladder(out)] == ["INVITE", "100", "302"], out


@flow("phone.options")
def options(server):
    """OPTIONS to the server itself is answered 200; a MESSAGE reaches a phone, text and all."""
    assert ("<---", "200") in ladder(peal(server, "options", f"sip:{server.host}:{server.port}"))
    with server.phone("b") as b:
        assert b.register().status == 200
        p = background(server, "message", b.aor, "Grüße")
        got = b.wait("MESSAGE")
        assert got.body.decode() == "Grüße" and got.get("content-type").startswith("text/plain")
        b.reply(got, 200, "OK")
        p.wait()


# ---- RFC 3262 4

@flow("phone.order")
def order(server):
    """In order: acknowledged once each; the same again: not twice; out of order: not at all (4)."""
    with server.phone("b") as b:
        assert b.register().status == 200
        p = background(server, "call", b.aor, "--seconds", "1")
        invite = b.wait("INVITE")
        rel = [("Require", "100rel")]
        b.reply(invite, 180, "Ringing", fields=[*rel, ("RSeq", "10")])
        first = b.wait("PRACK")
        assert first.get("rack") == f"10 {invite.get('cseq')}"
        b.reply(first, 200, "OK")
        b.reply(invite, 180, "Ringing", fields=[*rel, ("RSeq", "10")])
        b.reply(invite, 183, "Progress", fields=[*rel, ("RSeq", "12")])
        b.silent(0.6, lambda m: m.method == "PRACK")
        b.reply(invite, 183, "Progress", fields=[*rel, ("RSeq", "11")])
        second = b.wait("PRACK")
        assert second.get("rack").startswith("11 ") and second.cseq[0] == first.cseq[0] + 1
        b.reply(second, 200, "OK")
        b.reply(invite, 200, "OK", body=sip.sdp())
        b.wait("ACK")
        b.reply(b.wait("BYE", 5), 200, "OK")
        out = p.wait()
        assert "out of order" in out and len([s for s in ladder(out) if s == ("--->", "PRACK")]) == 2, out


@flow("phone.forks")
def forks(server):
    """Two phones ring reliably: a PRACK in each early dialog; one answers, the other is cancelled (4; RFC 3261 13.2.2.4)."""
    user = server.name("b")
    with Phone(server, user) as b1, Phone(server, user) as b2:
        for b in (b1, b2):
            assert b.register().status == 200
        p = background(server, "call", b1.aor, "--seconds", "1")
        arrived = {b: b.wait("INVITE") for b in (b1, b2)}
        for n, b in enumerate((b1, b2)):
            answer = b.reply(arrived[b], 180, "Ringing", fields=[("Require", "100rel"), ("RSeq", str(7 + n))])
            got = b.wait("PRACK")
            assert got.get("rack") == f"{answer.get('rseq')} {arrived[b].get('cseq')}"
            assert sip.param(got.get("to"), "tag") == sip.param(answer.get("to"), "tag")
            b.reply(got, 200, "OK")
        b2.reply(arrived[b2], 200, "OK", body=sip.sdp())
        b2.wait("ACK")
        b1.reply(b1.wait("CANCEL"), 200, "OK")
        b1.reply(arrived[b1], 487, "Request Terminated")
        b2.reply(b2.wait("BYE", 5), 200, "OK")
        assert "the call forks" in p.wait()


@flow("phone.offer-in-1xx")
def answer_in_prack(server):
    """An answer in the reliable 183 is heard at once: sound flows before the 200 (RFC 3262 5)."""
    with server.phone("b") as b:
        assert b.register().status == 200
        p = background(server, "call", b.aor, "--seconds", "1")
        invite = b.wait("INVITE")
        b.reply(invite, 183, "Progress", fields=[("Require", "100rel"), ("RSeq", "1")], body=sip.sdp(port=25998))
        got = b.wait("PRACK")
        assert not got.body and got.get("rack") == f"1 {invite.get('cseq')}"
        b.reply(got, 200, "OK")
        b.silent(0.3)
        b.reply(invite, 200, "OK")
        b.wait("ACK")
        b.reply(b.wait("BYE", 5), 200, "OK")
        assert int(re.search(r"(\d+) packets sent", p.wait()).group(1)) > 50


@flow("phone.tls", AGENT)
def tls(server):
    """Over TLS: the server's certificate is checked against the system's authorities, or those named; or not, when told so."""
    host, port = server.doors["tls"]
    def call(status, **env):
        r = server.peal("call", f"sip:echo@{server.domain}", "--seconds", "1", "--server", f"tls:{host}:{port}", check=False, env=env)
        assert r.returncode == status, r.stdout + r.stderr
        return r.stdout
    ca = server.settings["transport.ca"]
    call(3, SSL_CERT_FILE=os.devnull, SSL_CERT_DIR=os.devnull)
    call(0, SSL_CERT_FILE=ca)
    assert re.search(r"sent, [1-9]\d* heard", call(0, PEAL_TRANSPORT_CA=ca))
    call(0, PEAL_TRANSPORT_VERIFY="off")
