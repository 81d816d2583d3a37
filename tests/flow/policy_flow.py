# SPDX-License-Identifier: MIT
"""policy: redirect server (RFC 3261 8.3) and proxy, by domain and by user; serial and parallel forking."""
from kit import sip
from kit.flow import flow
from kit.phone import Phone, ack_of, cancel_of


def refusal(phone, callee, status):
    """Call, and be answered with this status; returns the answer."""
    sent = phone.invite(callee)
    answer = phone.wait("final", 8)
    assert answer.status == status, answer.text
    phone.send(ack_of(sent, answer))
    return answer


@flow("policy.redirect-domain")
def redirect_domain(server):
    """A domain in redirect mode answers 302 with the contacts, best q first, and forwards nothing."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b"), domain="redirect.example.com") as b:
        assert b.register(q="0.5").status == 200
        other = f"sip:{b.user}@127.0.0.1:9"
        assert b.register(contact=other, q="0.9").status == 200
        answer = refusal(a, b.aor, 302)
        assert [sip.uri_of(c) for c in answer.all("contact")] == [other, b.contact], answer.text
        b.silent(0.3, lambda m: m.method == "INVITE")


@flow("policy.redirect-user")
def redirect_user(server):
    """policy:<aor> makes one user of a proxying domain redirect, and one of a redirecting domain proxy."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b, \
            Phone(server, server.name("c"), domain="redirect.example.com") as c:
        assert b.register().status == 200 and c.register().status == 200
        server.redis("HSET", f"policy:{b.aor[4:]}", "mode", "redirect")
        server.redis("HSET", f"policy:{c.aor[4:]}", "mode", "proxy")
        assert sip.uri_of(refusal(a, b.aor, 302).get("contact")) == b.contact
        sent = a.invite(c.aor)
        c.reply(c.wait("INVITE"), 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))


@flow("policy.serial")
def serial(server):
    """Serial forking: the second phone rings when the first is busy, never before."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        with Phone(server, b.user) as first, Phone(server, b.user) as second:
            assert first.register(q="1.0").status == 200 and second.register(q="0.2").status == 200
            server.redis("HSET", f"policy:{b.aor[4:]}", "fork", "serial")
            sent = a.invite(b.aor)
            arrived = first.wait("INVITE")
            second.silent(0.5, lambda m: m.method == "INVITE")
            first.reply(arrived, 486, "Busy Here")
            second.reply(second.wait("INVITE"), 200, "OK")
            answer = a.wait(200)
            a.send(a.in_dialog("ACK", sent, answer, 1))
            second.wait("ACK")


@flow("policy.best-answer")
def best(server):
    """Two phones refuse: the caller hears one final response, the best (RFC 3261 16.7 step 6)."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b, Phone(server, b.user) as other:
        assert b.register().status == 200 and other.register().status == 200
        sent = a.invite(b.aor)
        b.reply(b.wait("INVITE"), 503, "Service Unavailable")
        other.reply(other.wait("INVITE"), 486, "Busy Here")
        answer = a.wait("final")
        assert answer.status == 486, answer
        a.send(ack_of(sent, answer))
        a.silent(1, lambda m: m.status >= 200)


@flow("policy.cancel-forked")
def cancel_forked(server):
    """A CANCEL reaches every phone that rings (RFC 3261 16.10)."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b, Phone(server, b.user) as other:
        assert b.register().status == 200 and other.register().status == 200
        sent = a.invite(b.aor)
        rings = [(p, p.wait("INVITE")) for p in (b, other)]
        for phone, arrived in rings:
            phone.reply(arrived, 180, "Ringing")
        a.wait(180)
        a.send(cancel_of(sent))
        assert a.wait(lambda m: m.status >= 200 and m.cseq[1] == "CANCEL").status == 200
        for phone, arrived in rings:
            phone.reply(phone.wait("CANCEL"), 200, "OK")
            phone.reply(arrived, 487, "Request Terminated")
            phone.wait("ACK")
        answer = a.wait(lambda m: m.status >= 200 and m.cseq[1] == "INVITE")
        assert answer.status == 487, answer
        a.send(ack_of(sent, answer))


STILL = {"server.domains": "example.com auth.example.com redirect.example.com still.example.com", "domain.still.example.com.auth": "off",
         "domain.still.example.com.stateless": "on"}


@flow("policy.stateless", STILL)
def stateless(server):
    """A stateless domain: no 100, the same branch for a copy, nothing kept; a whole call passes, and a refusal (RFC 3261 16.11)."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b"), domain="still.example.com") as b:
        assert b.register().status == 200
        sent = a.invite(b.aor)
        first = b.wait("INVITE")
        a.silent(0.3, lambda m: m.status == 100)
        a.send(sent)
        again = b.wait("INVITE")
        assert again.get("via") == first.get("via"), (first.text, again.text)
        b.reply(first, 180, "Ringing")
        a.wait(180)
        b.reply(first, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        b.wait("ACK")
        sent = a.invite(b.aor)
        b.reply(b.wait("INVITE"), 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))
        b.wait("ACK")                                     # it is the caller's own, end to end
        sent = a.invite("sip:nobody@still.example.com")
        answer = a.wait("final")
        assert answer.status == 480, answer.text
        a.send(ack_of(sent, answer))
        a.silent(1, lambda m: m.status)


@flow("policy.stranger")
def stranger(server):
    """A caller without credentials hears 407 and no 100, as often as he asks, and his ACK reaches nobody (RFC 3261 8.2.7)."""
    with server.phone("a", "pw") as a, Phone(server, server.name("b")) as b:
        assert a.register().status == 200 and b.register().status == 200
        password, a.password = a.password, ""
        sent = a.invite(b.aor)
        answer = a.wait(lambda m: m.status)
        assert answer.status == 407, answer.text
        a.silent(1.2, lambda m: m.status)                 # nothing is repeated: nothing is kept
        a.send(sent)
        again = a.wait(lambda m: m.status)
        assert again.status == 407 and again.get("to") == answer.get("to"), again.text
        a.send(ack_of(sent, again))
        b.silent(0.3, lambda m: True)
        a.password = password
        sent = a.send(a.authorize(sent, again))
        b.reply(b.wait("INVITE"), 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))


@flow("policy.switched-while-running")
def switched(server):
    """`peal policy set` makes a redirect server of the proxy for one user, and of the next call on; `peal policy rm` undoes it (8.3, 16.5)."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        assert b.register().status == 200
        for words, status in ((("set", b.aor[4:], "redirect"), 302), (("set", b.aor[4:], "proxy"), 486), (("set", b.aor[4:], "redirect"), 302),
                              (("rm", b.aor[4:]), 486)):
            server.peal("policy", *words)
            sent = a.invite(b.aor)
            if status == 486:
                b.reply(b.wait("INVITE"), 486, "Busy Here")
            answer = a.wait("final")
            assert answer.status == status, answer.text
            a.send(ack_of(sent, answer))


@flow("policy.recursion")
def recursion(server):
    """A 3xx is followed where `peal policy set .. recurse` says so: each contact once, best q first; else it is passed (16.7 step 4)."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b, Phone(server, "c") as c, Phone(server, "d") as d:
        assert b.register().status == 200
        contacts = [("Contact", f"<{c.contact}>;q=0.9, <{d.contact}>;q=0.3, <{b.contact}>, <{c.contact}>;q=0.1")]
        sent = a.invite(b.aor)
        b.reply(b.wait("INVITE"), 302, "Moved Temporarily", fields=contacts)
        answer = a.wait("final")
        assert answer.status == 302 and sip.uri_of(answer.all("contact")[-1]) == c.contact, answer.text
        a.send(ack_of(sent, answer))
        server.peal("policy", "set", b.aor[4:], "recurse")
        sent = a.invite(b.aor)
        b.reply(b.wait("INVITE"), 302, "Moved Temporarily", fields=contacts)
        first = c.wait("INVITE")
        assert first.uri == c.contact, first.text
        d.silent(0.3, lambda m: m.method == "INVITE")
        c.reply(first, 486, "Busy Here")
        d.reply(d.wait("INVITE"), 200, "OK", body=sip.sdp())
        answer = a.wait("final")
        assert answer.status == 200, answer.text
        a.send(a.in_dialog("ACK", sent, answer, 1))
        d.wait("ACK")
        b.silent(0.2, lambda m: m.method == "INVITE")
        c.silent(0.1, lambda m: m.method == "INVITE")


@flow("policy.all-at-once")
def all_at_once(server):
    """fork = all: every phone rings at once, whatever its q; parallel: those of the best q."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b, Phone(server, b.user) as low:
        assert b.register(q="1.0").status == 200 and low.register(q="0.2").status == 200
        sent = a.invite(b.aor)
        high = b.wait("INVITE")
        low.silent(0.4, lambda m: m.method == "INVITE")
        b.reply(high, 486, "Busy Here")
        low.reply(low.wait("INVITE"), 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))
        server.peal("policy", "set", b.aor[4:], "all")
        sent = a.invite(b.aor)
        for phone in (low, b):
            phone.reply(phone.wait("INVITE"), 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))


RING = {"server.domains": "example.com auth.example.com redirect.example.com hunt.example.com", "domain.hunt.example.com.auth": "off",
        "domain.hunt.example.com.fork": "serial", "domain.hunt.example.com.ring": 1, "domain.hunt.example.com.require": "timer"}


@flow("policy.ring", RING)
def ring(server):
    """Serial forking: a phone that rings longer than `ring` is cancelled, and the next one rings; its 487 is nobody's answer."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b"), domain="hunt.example.com") as b, \
            Phone(server, b.user, domain="hunt.example.com") as other:
        assert b.register(q="0.9").status == 200 and other.register(q="0.1").status == 200
        sent = a.invite(b.aor, fields=[("Supported", "timer")])
        first = b.wait("INVITE")
        b.reply(first, 180, "Ringing")
        second = other.wait("INVITE", 3)
        cancel = b.wait("CANCEL")
        assert "cause=408" in cancel.get("reason"), cancel.text
        b.reply(cancel, 200, "OK")
        b.reply(first, 487, "Request Terminated")
        b.wait("ACK")
        other.reply(second, 180, "Ringing")
        a.silent(1.5, lambda m: m.status >= 200)          # the last one may ring on
        other.reply(second, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        other.wait("ACK")


@flow("policy.extension-required", RING)
def extension_required(server):
    """A domain that requires an extension answers 421 with Require to an INVITE without it (RFC 3261 21.4.16), and only to that."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b"), domain="hunt.example.com") as b:
        assert b.register().status == 200
        assert refusal(a, b.aor, 421).all("require") == ["timer"]
        sent = a.invite(b.aor, fields=[("Supported", "100rel, timer")])
        b.reply(b.wait("INVITE"), 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))
        m = a.send(a.request("MESSAGE", b.aor))
        b.reply(b.wait("MESSAGE"), 200)
        assert a.wait(200).get("call-id") == m.get("call-id")


@flow("policy.register-elsewhere")
def register_elsewhere(server):
    """REGISTER for a registrar that is not ours passes, with our Path when the phone knows of it (RFC 3261 16.5, RFC 3327 5.1)."""
    with Phone(server, server.name("a")) as a, Phone(server, "registrar") as far:
        uri = f"sip:{far.host}:{far.port}"
        for fields, path in (([], 0), ([("Supported", "path, outbound")], 1)):
            a.send(a.request("REGISTER", uri, to=f"sip:{a.user}@far.test", fields=[("Contact", f"<{a.contact}>"), *fields]))
            arrived = far.wait("REGISTER")
            assert arrived.uri == uri and len(arrived.all("path")) == path, arrived.text
            far.reply(arrived, 200)
            a.wait(200)


@flow("policy.register-elsewhere-refused", {"proxy.relay": "users"})
def register_elsewhere_refused(server):
    """A stranger's REGISTER for elsewhere is refused like any other request (proxy.relay); a port of our name that is not ours is elsewhere."""
    with Phone(server, server.name("a")) as a, Phone(server, "registrar") as far:
        for uri in (f"sip:{far.host}:{far.port}", f"sip:{server.domain}:{far.port}"):
            answer = a.ask(a.request("REGISTER", uri, to=a.aor, fields=[("Contact", f"<{a.contact}>")]))
            assert answer.status == 403, answer.text
        far.silent(0.3)
