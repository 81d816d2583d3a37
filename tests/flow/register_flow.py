# SPDX-License-Identifier: MIT
"""register: RFC 3665 2.1 to 2.5 and what Redis holds afterwards."""
import json
import select
import time

from kit import sip
from kit.flow import flow
from kit.phone import Phone, ack_of, answers
from kit.sipp import run


@flow("register.once")
def once(server):
    """A binding is stored before the 200 is sent, with an expiry that Redis enforces on the whole record."""
    with server.phone() as p:
        answer = p.register(expires=300)
        assert answer.status == 200, answer
        assert sip.uri_of(answer.get("contact")) == p.contact, answer.text
        assert 290 <= int(sip.param(answer.get("contact"), "expires")) <= 300, answer.text
        stored = server.bindings(p.aor[4:])
        assert len(stored) == 1, stored
        record = json.loads(next(iter(stored.values())))
        assert record["contact"] == p.contact, record
        assert abs(record["expires_at"] - time.time() - 300) < 5, record
        assert server.redis("PTTL", f"reg:{p.aor[4:]}") > 0, "the record has no expiry"


@flow("register.refresh")
def refresh(server):
    """The same contact again replaces its binding; a fetch shows it; expires 0 removes it; an empty fetch has no Contact."""
    with server.phone() as p:
        assert p.register(expires=120).status == 200
        assert p.register(expires=600).status == 200
        assert len(server.bindings(p.aor[4:])) == 1
        fetched = p.ask(p.request("REGISTER", f"sip:{p.domain}", to=p.aor))
        assert fetched.status == 200 and len(fetched.all("contact")) == 1, fetched.text
        assert 590 <= int(sip.param(fetched.get("contact"), "expires")) <= 600, fetched.text
        assert p.register(expires=0).status == 200
        assert server.bindings(p.aor[4:]) == {}
        fetched = p.ask(p.request("REGISTER", f"sip:{p.domain}", to=p.aor))
        assert fetched.status == 200 and fetched.all("contact") == [], fetched.text


@flow("register.star")
def star(server):
    """Contact: * removes every binding of the address of record (RFC 3261 10.2.2)."""
    with server.phone() as p:
        for port in (5071, 5072, 5073):
            assert p.register(contact=f"sip:{p.user}@127.0.0.1:{port}").status == 200
        assert len(server.bindings(p.aor[4:])) == 3
        answer = p.register(contact="*", expires=0)
        assert answer.status == 200 and answer.all("contact") == [], answer.text
        assert server.bindings(p.aor[4:]) == {}


@flow("register.brief")
def brief(server):
    """An interval below min_expires is answered 423 with Min-Expires (RFC 3261 10.3 step 7)."""
    with server.phone() as p:
        answer = p.register(expires=10)
        assert answer.status == 423 and int(answer.get("min-expires")) == 60, answer.text
        assert server.bindings(p.aor[4:]) == {}


@flow("register.older")
def older(server):
    """A REGISTER overtaken by a newer one of the same Call-ID changes nothing (RFC 3261 10.3 step 7)."""
    with server.phone() as p:
        p.cseq = 10
        assert p.register(expires=600).status == 200
        before = server.bindings(p.aor[4:])
        p.cseq = 5
        answer = p.register(expires=120)
        assert answer.status >= 400, answer
        assert server.bindings(p.aor[4:]) == before


def _password(algorithm):
    def check(server):
        with server.phone(password="secret") as p:
            assert p.register(algorithm=algorithm).status == 200
            assert len(server.bindings(p.aor[4:])) == 1
    check.__doc__ = f"A password is asked for and {algorithm} is accepted (RFC 8760)."
    return check


for _name in ("MD5", "SHA-256", "SHA-512-256"):
    flow(f"register.digest-{_name.lower()}")(_password(_name))


@flow("register.wrong-password")
def wrong(server):
    """A wrong password and an unknown user are challenged again, and nothing is stored."""
    with server.phone(password="secret") as p, Phone(server, server.name("nobody"), "x", "auth.example.com") as q:
        p.password = "guess"
        assert p.register().status in (401, 403)
        assert q.register().status in (401, 403)
        assert server.bindings(p.aor[4:]) == {} and server.bindings(q.aor[4:]) == {}


@flow("register.tcp")
def tcp(server):
    """The same over TCP; the binding keeps its transport."""
    with server.phone(proto="tcp", password="secret") as p:
        assert p.register().status == 200
        record = json.loads(next(iter(server.bindings(p.aor[4:]).values())))
        assert "transport=tcp" in record["contact"], record


@flow("register.tls")
def tls(server):
    """The same over TLS, with a certificate that names the server; the connection stays good for a call to the phone."""
    with server.phone(proto="tls", password="secret") as p, server.phone() as a:
        assert p.register().status == 200
        sent = a.invite(p.aor)
        p.reply(p.wait("INVITE"), 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))


@flow("register.life", settings={"domain.auth.example.com.algorithms": "MD5"}, needs=["sipp"])
def life(server):
    """SIPp, which knows MD5 alone: register with a password, refresh, unregister."""
    user = server.name()
    server.add_user(user, "secret")
    run(server, "register", domain="auth.example.com", user=user, extra=["-au", user, "-ap", "secret"])
    assert server.bindings(f"{user}@auth.example.com") == {}


@flow("register.pipelined", forms=["separate"], copies={"transaction": 2, "registrar": 2})
def pipelined(server):
    """REGISTERs of one phone sent back to back on one connection keep their order, whoever carries them: none is refused as overtaken."""
    with server.phone("t", proto="tcp") as p:
        for _ in range(40):
            call_id = sip.fresh("i")
            burst = [p.request("REGISTER", f"sip:{p.domain}", to=p.aor, call_id=call_id, cseq=n + 1,
                               fields=[("Contact", f"<{p.contact}>"), ("Expires", str(300 + n))]) for n in range(8)]
            p.send(b"".join(r.bytes() for r in burst))
            got = [p.wait(lambda m, r=r: answers(m, r) and m.status >= 200) for r in burst]
            assert [a.status for a in got] == [200] * 8, [a.start for a in got]
            (binding,) = server.bindings(p.aor[4:]).values()
            assert '"cseq":8,' in binding, binding


class Behind(Phone):
    """A phone that knows only its address behind a NAT."""

    place = "192.0.2.9:5060"

    def kept(self, seconds):
        """Was it sent an empty line within this time?"""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.sock], [], [], end - time.monotonic())[0] and self.sock.recv(65535) == b"\r\n\r\n":
                return True
        return False


@flow("register.nat", {"transport.keep": "1"})
def nat(server):
    """A phone behind a NAT is kept reachable by empty lines while it is registered, one in the open is not (RFC 5626 3.5)."""
    with Behind(server, server.name("n")) as hidden, server.phone() as plain:
        assert hidden.register().status == 200 and plain.register().status == 200
        assert hidden.kept(3) and hidden.kept(3)
        assert not select.select([plain.sock], [], [], 0)[0], "a phone in the open needs none"
        assert hidden.register(expires=0).status == 200
        assert not hidden.kept(1.5)
