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
