# SPDX-License-Identifier: MIT
"""rfc3261: what the sections say of user agent servers, redirect servers, proxies, transactions and transports, seen from the wire."""
from kit import sip
from kit.dns import NameServer
from kit.ear import Ear
from kit.flow import flow
from kit.phone import Phone, ack_of, cancel_of
from kit.ports import keep

NAMES = keep()
STATELESS = "stateless.example.com"
SETTINGS = {"server.domains": f"example.com auth.example.com redirect.example.com {STATELESS}",
            f"domain.{STATELESS}.auth": "off", f"domain.{STATELESS}.stateless": "on",
            "proxy.dns_servers": f"127.0.0.1:{NAMES}"}


def section(name):
    return flow("rfc3261." + name, SETTINGS)


def caller(server, **more):
    return Phone(server, server.name("a"), **more)


def callee(server, **more):
    """A registered phone."""
    p = Phone(server, server.name("b"), **more)
    answer = p.register()
    assert answer.status == 200, answer.text
    return p


def itself(server):
    return f"sip:{server.host}:{server.port}"


def changed(request, **headers):
    """The same request with other header values; None takes the header out."""
    named = {k.replace("_", "-").lower(): v for k, v in headers.items()}
    fields = [(n, named.get(n.lower(), v)) for n, v in request.fields]
    return sip.Msg(request.start, [(n, v) for n, v in fields if v is not None], request.body)


def busy(phone, request):
    """The callee refuses what arrived; waits for the ACK."""
    phone.reply(request, 486, "Busy Here")
    return phone.wait("ACK")


def known_by_name(server):
    """A name server that sends requests for example.com to this server (RFC 3263)."""
    return NameServer(NAMES, f"""
            _sip._udp.example.com SRV 0 0 {server.port} host.example.com
            host.example.com A {server.host}""")


def ended(phone, request, status):
    answer = phone.wait(lambda m: m.status >= 200 and m.cseq[1] == request.method)
    assert answer.status == status, answer.text
    if request.method == "INVITE" and status >= 300:
        phone.send(ack_of(request, answer))
    return answer


# ---- 8.2 the server as a user agent server

@section("8.2.1-method")
def method(server):
    """8.2.1: a method the server does not know, for itself: 405 with Allow."""
    with caller(server) as a:
        answer = a.ask(a.request("DANCE", itself(server)))
        assert answer.status in (405, 501) and (answer.status == 501 or "OPTIONS" in answer.all("allow")), answer.text


@section("8.2.2.1-scheme")
def scheme(server):
    """8.2.2.1, 16.3 step 2: a Request-URI nobody here understands: 416."""
    with caller(server) as a:
        answer = a.ask(a.request("OPTIONS", "nobody:knows.this", to=itself(server)))
        assert answer.status == 416, answer.text


@section("8.2.2.2-merged")
def merged(server):
    """8.2.2.2: the same request by another way (other branch, same From tag, Call-ID, CSeq) to the server itself: 482."""
    with caller(server) as a:
        first = a.request("OPTIONS", itself(server))
        assert a.ask(first).status == 200
        second = a.ask(changed(first, Via=a.via))
        assert second.status == 482, second.text


@section("8.2.2.3-require")
def require(server):
    """8.2.2.3: a Require the server does not know: 420 with Unsupported."""
    with caller(server) as a:
        answer = a.ask(a.request("OPTIONS", itself(server), fields=[("Require", "telepathy, path")]))
        assert answer.status == 420 and answer.all("unsupported") == ["telepathy"], answer.text


@section("8.2.3-content")
def content(server):
    """8.2.3, 20.11: a body that must be understood, for the registrar and for the server itself: 415 with Accept."""
    with caller(server) as a:
        for method, uri in (("REGISTER", f"sip:{server.domain}"), ("OPTIONS", itself(server))):
            r = a.request(method, uri, to=a.aor, fields=[("Content-Type", "text/odd"), ("Content-Disposition", "render;handling=required")])
            r.body = b"odd"
            answer = a.ask(r)
            assert answer.status == 415 and answer.get("accept"), answer.text


@section("8.2.6.1-trying")
def trying(server):
    """8.2.6.1: 100 carries the Timestamp of the request, and no To tag of ours."""
    with caller(server) as a, callee(server) as b:
        sent = a.invite(b.aor, fields=[("Timestamp", "54.25")])
        first = a.wait(100)
        assert first.get("timestamp").split()[0] == "54.25" and sip.param(first.get("to"), "tag") is None, first.text
        busy(b, b.wait("INVITE"))
        ended(a, sent, 486)


@section("8.2.6.2-tag")
def tag(server):
    """8.2.6.2, 8.2.7: a final response of the server has a To tag, the same when the request is repeated."""
    with caller(server) as a:
        r = a.request("INVITE", f"sip:nobody@{server.domain}", fields=[("Contact", f"<{a.contact}>")])
        a.send(r)
        first = a.wait("final")
        a.send(r)
        again = a.wait("final")
        tags = [sip.param(m.get("to"), "tag") for m in (first, again)]
        assert tags[0] and tags[0] == tags[1], tags
        a.send(ack_of(r, again))


@section("11.2-options")
def options(server):
    """11.2: OPTIONS for the server is answered with what it can do; 16.3 step 3: also when Max-Forwards ends here."""
    with caller(server) as a:
        answer = a.ask(a.request("OPTIONS", itself(server)))
        assert answer.status == 200 and all(answer.get(h) for h in ("allow", "accept", "supported")), answer.text
        gone = a.ask(changed(a.request("OPTIONS", "sip:someone@elsewhere.test"), Max_Forwards="0"))
        assert gone.status in (200, 483), gone.text


# ---- 8.3 the redirect server

@section("8.3-itself")
def redirect_itself(server):
    """8.3: the Request-URI itself is never among the Contacts of a redirection."""
    with caller(server) as a, Phone(server, server.name("b"), domain="redirect.example.com") as b:
        assert b.register(contact=b.aor).status == 200
        other = f"sip:{b.user}@127.0.0.1:9"
        assert b.register(contact=other).status == 200
        sent = a.invite(b.aor)
        answer = ended(a, sent, 302)
        assert [sip.uri_of(c) for c in answer.all("contact")] == [other], answer.text


@section("8.3-nobody")
def redirect_nobody(server):
    """8.3: nobody there: 404 or 480; a CANCEL that comes too late is answered; the ACK ends it."""
    with caller(server) as a:
        sent = a.invite(f"sip:{server.name('b')}@redirect.example.com")
        answer = a.wait("final")
        assert answer.status in (404, 480) and not answer.all("contact"), answer.text
        a.send(cancel_of(sent))
        assert a.wait(lambda m: m.cseq[1] == "CANCEL").status in (200, 481)
        a.send(ack_of(sent, answer))
        a.silent(0.8, lambda m: m.status == answer.status)


# ---- 12 dialogs, as a proxy sees them

@section("12.2-target-refresh")
def target_refresh(server):
    """12.2.1.2, 16.6: a re-INVITE goes along the Routes to the remote target; a new Contact is where the next request goes."""
    with caller(server) as a, callee(server) as b, Phone(server, "moved") as moved:
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        b.reply(arrived, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        b.wait("ACK")
        again = a.in_dialog("INVITE", sent, answer, 2, body=sip.sdp())
        a.send(again)
        seen = b.wait(lambda m: m.method == "INVITE" and m.cseq[0] == 2)
        assert seen.uri == b.contact and not seen.all("route"), seen.text
        b.send(changed(b.answer(seen, 200, "OK"), Contact=f"<{moved.contact}>"))
        second = a.wait(lambda m: m.status == 200 and m.cseq[0] == 2)
        ack = a.in_dialog("ACK", sent, answer, 2)
        a.send(sip.Msg(f"ACK {sip.uri_of(second.get('contact'))} SIP/2.0", ack.fields))
        assert moved.wait("ACK").uri == moved.contact


@section("12.2-methods")
def methods(server):
    """12.2: whatever is sent inside the dialog passes, known or not, from both sides, and is answered."""
    with caller(server) as a, callee(server) as b:
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        taken = b.reply(arrived, 200, "OK")
        answer = a.wait(200)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        b.wait("ACK")
        for i, name in enumerate(("UPDATE", "INFO", "MESSAGE", "REFER", "NOTIFY", "PRACK", "PUBLISH", "SUBSCRIBE", "DANCE", "BYE")):
            near, far, request = (a, b, a.in_dialog(name, sent, answer, i + 2)) if i % 2 else \
                (b, a, b.in_dialog(name, arrived, taken, i + 2, caller=False))
            near.send(request)
            seen = far.wait(name)
            assert seen.uri == far.contact and not seen.all("route"), seen.text
            far.reply(seen, 202 if name == "REFER" else 200, "OK")
            assert near.wait(lambda m: m.cseq[1] == name and m.status >= 200).status in (200, 202)


# ---- 16.3 request validation

@section("16.3-hops")
def hops(server):
    """16.3 step 3: Max-Forwards 0: 483; 16.6 step 3: one less on the way, 70 when there was none."""
    with caller(server) as a, callee(server) as b:
        answer = a.ask(changed(a.request("MESSAGE", b.aor), Max_Forwards="0"))
        assert answer.status == 483, answer.text
        a.send(changed(a.request("MESSAGE", b.aor), Max_Forwards="1"))
        seen = b.wait("MESSAGE")
        assert seen.get("max-forwards") == "0", seen.text
        b.reply(seen, 200, "OK")
        a.wait(200)
        a.send(changed(a.request("MESSAGE", b.aor), Max_Forwards=None))
        seen = b.wait("MESSAGE")
        assert seen.get("max-forwards") == "70", seen.text
        b.reply(seen, 200, "OK")
        a.wait(200)


@section("16.3-loop")
def loop(server):
    """16.3 step 4: a user whose contact is himself: 482, not a storm; RFC 5393."""
    with caller(server) as a, Phone(server, server.name("b")) as b, known_by_name(server):
        assert b.register(contact=b.aor).status == 200
        sent = a.invite(b.aor)
        ended(a, sent, 482)


@section("16.3-spiral")
def spiral(server):
    """16.3 step 4: a user whose contact is another user of ours: the request comes by twice, changed, and is allowed."""
    with caller(server) as a, callee(server) as c, Phone(server, server.name("b")) as b, known_by_name(server):
        assert b.register(contact=c.aor).status == 200
        sent = a.invite(b.aor)
        arrived = c.wait("INVITE")
        assert len(arrived.all("via")) == 3 and arrived.uri == c.contact, arrived.text
        busy(c, arrived)
        ended(a, sent, 486)


@section("16.3-proxy-require")
def proxy_require(server):
    """16.3 step 5: a Proxy-Require nobody here knows: 420 with Unsupported; a Require passes, it is for the callee."""
    with caller(server) as a, callee(server) as b:
        answer = a.ask(a.request("MESSAGE", b.aor, fields=[("Proxy-Require", "telepathy")]))
        assert answer.status == 420 and answer.all("unsupported") == ["telepathy"], answer.text
        a.send(a.request("MESSAGE", b.aor, fields=[("Require", "telepathy")]))
        b.reply(b.wait("MESSAGE"), 200, "OK")
        a.wait(200)


# ---- 16.4 route preprocessing

def dialog(server, a, b):
    """A call that stands: (INVITE sent, INVITE that arrived, its 200, 200 as sent)."""
    sent = a.invite(b.aor)
    arrived = b.wait("INVITE")
    taken = b.reply(arrived, 200, "OK")
    answer = a.wait(200)
    a.send(a.in_dialog("ACK", sent, answer, 1))
    b.wait("ACK")
    return sent, arrived, answer, taken


@section("16.4-strict")
def strict(server):
    """16.4: a strict router before us put our Route into the Request-URI, and the target last in the Route: it is repaired."""
    with caller(server) as a, callee(server) as b:
        sent, _, answer, _ = dialog(server, a, b)
        bye = a.in_dialog("BYE", sent, answer, 2)
        own = sip.uri_of(bye.get("route"))
        fields = [(n, f"<{bye.uri}>" if n == "Route" else v) for n, v in bye.fields]
        a.send(sip.Msg(f"BYE {own} SIP/2.0", fields))
        seen = b.wait("BYE")
        assert seen.uri == b.contact and not seen.all("route"), seen.text
        b.reply(seen, 200, "OK")
        a.wait(lambda m: m.cseq[1] == "BYE")


@section("16.4-two-own")
def two_own(server):
    """16.4: two Routes of ours in a row, as a double Record-Route makes them: both are taken off."""
    with caller(server, proto="tcp") as a, callee(server) as b:
        sent, arrived, answer, _ = dialog(server, a, b)
        assert len(arrived.all("record-route")) == 2
        a.send(a.in_dialog("BYE", sent, answer, 2))
        seen = b.wait("BYE")
        assert not seen.all("route"), seen.text
        b.reply(seen, 200, "OK")
        a.wait(lambda m: m.cseq[1] == "BYE")


@section("16.4-others")
def others(server):
    """16.4, 16.6 step 6: behind our Route the next one stays, and the request goes there with its Request-URI untouched."""
    with caller(server) as a, Ear(server, "next", ("udp",)) as hop:
        own, other = f"<{itself(server)};lr>", f"<sip:{hop.place};lr>"
        a.send(a.request("OPTIONS", "sip:bob@far.test", fields=[("Route", own), ("Route", other)]))
        seen = hop.wait("OPTIONS")
        assert seen.uri == "sip:bob@far.test" and seen.all("route") == [other], seen.text
        hop.reply(seen, 200, "OK")
        a.wait(200)


@section("16.6.6-strict")
def strict_next(server):
    """16.6 step 6: the next hop is a strict router (no lr): its URI becomes the Request-URI, the target goes last."""
    with caller(server) as a, Ear(server, "next", ("udp",)) as hop:
        own, other = f"<{itself(server)};lr>", f"<sip:{hop.place}>"
        a.send(a.request("OPTIONS", "sip:bob@far.test", fields=[("Route", own), ("Route", other)]))
        seen = hop.wait("OPTIONS")
        assert seen.uri == f"sip:{hop.place}" and seen.all("route") == ["<sip:bob@far.test>"], seen.text
        hop.reply(seen, 200, "OK")
        a.wait(200)


@section("16.4-maddr")
def maddr(server):
    """16.4, 16.5: a maddr of ours with our port is taken off; another's maddr is where the request goes."""
    with caller(server) as a, callee(server) as b, Ear(server, "there", ("udp",)) as hop:
        a.send(a.request("MESSAGE", f"sip:{b.user}@example.com:{server.port};maddr={server.host}"))
        seen = b.wait("MESSAGE")
        assert seen.uri == b.contact, seen.text
        b.reply(seen, 200, "OK")
        a.wait(200)
        target = f"sip:x@unknown.invalid:{hop.port};maddr=127.0.0.1"
        a.send(a.request("MESSAGE", target))
        seen = hop.wait("MESSAGE")
        assert seen.uri == target, seen.text
        hop.reply(seen, 200, "OK")
        a.wait(200)


# ---- 16.6 request forwarding

@section("16.6-untouched")
def untouched(server):
    """16.6 step 1: unknown header fields, their order, folded and odd values, and the body arrive as they were sent."""
    body = b"\x00\x01binary\r\n\r\nnot SIP\xff"
    strange = [("X-First", "1"), ("x-EMPTY", ""), ("X-First", "2, 3"), ("Subject", "=?utf-8?q?=C3=A4?= \xe4"), ("Event", "odd;id=\"a,b\"")]
    with caller(server) as a, callee(server) as b:
        r = a.request("MESSAGE", b.aor, fields=[*strange, ("Content-Type", "application/x-odd;v=\"1\"")])
        r.body = body
        a.send(r)
        seen = b.wait("MESSAGE")
        names = {n.lower() for n, _ in strange}
        assert [f for f in seen.fields if f[0].lower() in names] == strange and seen.body == body, seen.text
        b.reply(seen, 200, "OK")
        a.wait(200)


@section("16.6-length")
def length(server):
    """18.3, 16.6: a datagram without Content-Length ends with the datagram; over a stream the length is there."""
    with caller(server) as a, callee(server, proto="tcp") as b:
        r = a.request("MESSAGE", b.aor, fields=[("Content-Type", "text/plain")])
        head = "\r\n".join([r.start] + [f"{n}: {v}" for n, v in r.fields])
        a.send(head.encode() + b"\r\n\r\nhello")
        seen = b.wait("MESSAGE")
        assert seen.body == b"hello" and seen.get("content-length") == "5", seen.text
        b.reply(seen, 200, "OK")
        a.wait(200)


@section("16.5-once")
def once(server):
    """16.5: two bindings with the same URI are one target."""
    with caller(server) as a, callee(server) as b:
        assert b.register(contact=b.contact.upper().replace("SIP:" + b.user.upper(), "sip:" + b.user)).status == 200
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        b.silent(0.3, lambda m: m.method == "INVITE")
        busy(b, arrived)
        ended(a, sent, 486)


# ---- 16.7 response processing

def forked(server, phones):
    """Phones of one user; returns his address of record."""
    user = server.name("b")
    for p in phones:
        p.user = user
        assert p.register().status == 200
    return phones[0].aor


def pair(server):
    return Phone(server, "x"), Phone(server, "x")


@section("16.7-global")
def global_failure(server):
    """16.7 steps 5 and 6: 600 from one branch ends the others and goes before everything else."""
    one, two = pair(server)
    with caller(server) as a, one, two:
        sent = a.invite(forked(server, (one, two)))
        ringing = two.wait("INVITE")
        two.reply(ringing, 180, "Ringing")
        refused = one.wait("INVITE")
        one.reply(refused, 603, "Decline")
        two.reply(two.wait("CANCEL"), 200, "OK")
        two.reply(ringing, 487, "Request Terminated")
        ended(a, sent, 603)


@section("16.7-503")
def unavailable(server):
    """16.7 step 6: a 503 of the only branch becomes 500 on its way."""
    with caller(server) as a, callee(server) as b:
        sent = a.invite(b.aor)
        b.reply(b.wait("INVITE"), 503, "Service Unavailable", fields=[("Retry-After", "10")])
        ended(a, sent, 500)


@section("16.7-challenges")
def challenges(server):
    """16.7 step 7: the challenges of all branches are in the 401 or 407 that goes back."""
    one, two = pair(server)
    with caller(server) as a, one, two:
        sent = a.invite(forked(server, (one, two)))
        one.reply(one.wait("INVITE"), 401, "Unauthorized", fields=[("WWW-Authenticate", 'Digest realm="one", nonce="1"')])
        two.reply(two.wait("INVITE"), 407, "Proxy Authentication Required", fields=[
            ("Proxy-Authenticate", 'Digest realm="two", nonce="2"')])
        answer = a.wait("final")
        a.send(ack_of(sent, answer))
        assert answer.status in (401, 407), answer.text
        assert 'realm="one"' in answer.get("www-authenticate") and 'realm="two"' in answer.get("proxy-authenticate"), answer.text


@section("16.7-several-2xx")
def several(server):
    """16.7 step 5: a second 200 that crosses the CANCEL reaches the caller too; both dialogs can be ended."""
    one, two = pair(server)
    with caller(server) as a, one, two:
        sent = a.invite(forked(server, (one, two)))
        rings = [(p, p.wait("INVITE")) for p in (one, two)]
        for p, arrived in rings:
            p.reply(arrived, 200, "OK")
        answers = [a.wait(200), a.wait(200)]
        tags = {sip.param(m.get("to"), "tag") for m in answers}
        assert len(tags) == 2, tags
        for answer in answers:
            a.send(a.in_dialog("ACK", sent, answer, 1))
            a.send(a.in_dialog("BYE", sent, answer, 2))
        for p, _ in rings:
            p.wait("ACK")
            p.reply(p.wait("BYE"), 200, "OK")
            a.wait(lambda m: m.cseq[1] == "BYE")


@section("16.7-late-2xx")
def late(server):
    """16.7 step 5, RFC 6026: the 200 is repeated by the callee until the ACK comes; each one passes."""
    with caller(server) as a, callee(server) as b:
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        taken = b.reply(arrived, 200, "OK")
        a.wait(200)
        for _ in range(2):
            b.send(taken)
            answer = a.wait(200, 2)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        b.wait("ACK")


@section("16.7-early-dialogs")
def early(server):
    """16.7 step 5: provisional responses of several branches reach the caller, each with its own To tag."""
    one, two = pair(server)
    with caller(server) as a, one, two:
        sent = a.invite(forked(server, (one, two)))
        rings = [(p, p.wait("INVITE")) for p in (one, two)]
        for p, arrived in rings:
            p.reply(arrived, 183, "Session Progress", body=sip.sdp())
        tags = {sip.param(a.wait(183).get("to"), "tag") for _ in rings}
        assert len(tags) == 2, tags
        for p, arrived in rings:
            busy(p, arrived)
        ended(a, sent, 486)


@section("16.7-stray")
def stray(server):
    """16.7, RFC 6026 7.2: a response that belongs to no transaction goes nowhere."""
    with caller(server) as a, callee(server) as b:
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        forged = changed(b.answer(arrived, 200, "OK"), CSeq="1 INVITE")
        vias = [v for n, v in forged.fields if n == "Via"]
        branch = sip.param(vias[0], "branch")
        forged.fields = [(n, v.replace(branch, branch[:-4] + "0000") if v == vias[0] else v) for n, v in forged.fields]
        b.send(forged)
        a.silent(0.4, lambda m: m.status >= 200)
        busy(b, arrived)
        ended(a, sent, 486)


# ---- 16.9, 16.10, 16.11

@section("16.9-refused")
def refused(server):
    """16.9: nobody listens at the only contact: an error at once, as if it had said 503."""
    with caller(server) as a, Phone(server, server.name("b")) as b:
        gone = Phone(server, "gone")
        assert b.register(contact=f"sip:{b.user}@{gone.place}").status == 200
        gone.close()
        sent = a.invite(b.aor)
        answer = a.wait("final", 3)
        assert answer.status in (480, 500), answer
        a.send(ack_of(sent, answer))


@section("16.10-early")
def cancel_early(server):
    """16.10, 9.1: CANCEL before any provisional waits for one, then goes; the caller hears 200 and 487."""
    with caller(server) as a, callee(server) as b:
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        a.send(cancel_of(sent))
        ended(a, cancel_of(sent), 200)
        b.silent(0.3, lambda m: m.method == "CANCEL")
        b.reply(arrived, 180, "Ringing")
        cancel = b.wait("CANCEL")
        assert cancel.get("via") == arrived.get("via") and cancel.uri == arrived.uri and cancel.cseq[0] == arrived.cseq[0], cancel.text
        b.reply(cancel, 200, "OK")
        b.reply(arrived, 487, "Request Terminated")
        ended(a, sent, 487)


@section("16.10-crossing")
def cancel_crossing(server):
    """16.10, 9.2: the CANCEL crosses the 200: the call stands, and is ended by BYE."""
    with caller(server) as a, callee(server) as b:
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        b.reply(arrived, 180, "Ringing")
        a.wait(180)
        b.reply(arrived, 200, "OK")
        a.send(cancel_of(sent))
        answer = a.wait(lambda m: m.status == 200 and m.cseq[1] == "INVITE")
        assert a.wait(lambda m: m.cseq[1] == "CANCEL").status in (200, 481)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        b.wait("ACK")
        a.send(a.in_dialog("BYE", sent, answer, 2))
        b.reply(b.wait("BYE"), 200, "OK")
        a.wait(lambda m: m.cseq[1] == "BYE")


@section("16.10-unknown")
def cancel_unknown(server):
    """9.2, 16.10: a CANCEL that matches nothing: 481."""
    with caller(server) as a, callee(server) as b:
        answer = a.ask(cancel_of(a.request("INVITE", b.aor)))
        assert answer.status == 481, answer.text


@section("16.10-reason")
def reason(server):
    """RFC 3326: the Reason of a CANCEL is carried; phones that lose to another's 200 are told so."""
    one, two = pair(server)
    with caller(server) as a, one, two:
        aor = forked(server, (one, two))
        sent = a.invite(aor)
        rings = [(p, p.wait("INVITE")) for p in (one, two)]
        for p, arrived in rings:
            p.reply(arrived, 180, "Ringing")
        a.wait(180)
        one.reply(rings[0][1], 200, "OK")
        cancel = two.wait("CANCEL")
        assert "SIP" in cancel.get("reason") and "cause=200" in cancel.get("reason"), cancel.text
        two.reply(cancel, 200, "OK")
        two.reply(rings[1][1], 487, "Request Terminated")
        a.send(a.in_dialog("ACK", sent, a.wait(200), 1))
        sent = a.invite(aor)
        rings = [(p, p.wait("INVITE")) for p in (one, two)]
        for p, arrived in rings:
            p.reply(arrived, 180, "Ringing")
        a.wait(180)
        why = 'Q.850;cause=16;text="Terminated"'
        stop = cancel_of(sent)
        stop.fields.append(("Reason", why))
        a.send(stop)
        for p, arrived in rings:
            cancel = p.wait("CANCEL")
            assert cancel.get("reason") == why, cancel.text
            p.reply(cancel, 200, "OK")
            p.reply(arrived, 487, "Request Terminated")
        ended(a, sent, 487)


@section("16.11-stateless")
def stateless(server):
    """16.11: a stateless domain: the same branch for a repetition; CANCEL and ACK follow their INVITE."""
    with caller(server) as a, callee(server, domain=STATELESS) as b:
        sent = a.invite(b.aor)
        first = b.wait("INVITE")
        a.send(sent)
        again = b.wait("INVITE")
        assert sip.param(first.get("via"), "branch") == sip.param(again.get("via"), "branch"), again.text
        b.reply(first, 180, "Ringing")
        a.wait(180)
        a.send(cancel_of(sent))
        cancel = b.wait("CANCEL")
        assert sip.param(cancel.get("via"), "branch") == sip.param(first.get("via"), "branch"), cancel.text
        b.reply(cancel, 200, "OK")
        assert a.wait(lambda m: m.cseq[1] == "CANCEL").status == 200
        b.reply(first, 487, "Request Terminated")
        answer = a.wait(487)
        a.send(ack_of(sent, answer))
        assert b.wait("ACK").cseq[0] == 1


# ---- 17, 18, 19

@section("17.2.3-rfc2543")
def rfc2543(server):
    """17.2.3: a branch without the magic cookie: the request is matched the old way; its repetition is not a second call."""
    with caller(server) as a, callee(server) as b:
        sent = a.request("INVITE", b.aor, fields=[("Contact", f"<{a.contact}>")])
        sent = changed(sent, Via=f"SIP/2.0/UDP {a.place};branch=old1")
        a.send(sent)
        arrived = b.wait("INVITE")
        a.send(sent)
        b.silent(0.3, lambda m: m.method == "INVITE")
        busy(b, arrived)
        ended(a, sent, 486)
        a.silent(0.8, lambda m: m.status == 486)


@section("18.2.1-received")
def received(server):
    """18.2.1, 18.2.2: the Via names another host: received is added, and the response comes to where the request was from."""
    with caller(server) as a:
        r = a.request("OPTIONS", itself(server))
        answer = a.ask(changed(r, Via=f"SIP/2.0/UDP phone.invalid:{a.port};branch={sip.branch()}"))
        assert answer.status == 200 and sip.param(answer.get("via"), "received") == a.host, answer.text
        answer = a.ask(changed(a.request("OPTIONS", itself(server)), Via=f"SIP/2.0/UDP phone.invalid:9;rport;branch={sip.branch()}"))
        assert sip.param(answer.get("via"), "rport") == str(a.port), answer.text


@section("18.3-length")
def short_and_long(server):
    """18.3: a datagram with more than Content-Length says is cut; one with less is answered 400."""
    with caller(server) as a, callee(server) as b:
        r = a.request("MESSAGE", b.aor, fields=[("Content-Type", "text/plain")])
        r.body = b"12345"
        a.send(r.bytes() + b"extra bytes")
        seen = b.wait("MESSAGE")
        assert seen.body == b"12345", seen.text
        b.reply(seen, 200, "OK")
        a.wait(200)
        r = changed(r, Via=a.via, Call_ID=sip.fresh())
        a.send(r.bytes()[:-2])
        assert a.wait("final").status == 400


@section("19.1.2-escapes")
def escapes(server):
    """19.1.2, 19.1.4: an escaped letter of the user is that letter; the user is case-sensitive, the host is not."""
    with caller(server) as a, callee(server) as b:
        escaped = f"sip:%{ord(b.user[0]):02x}{b.user[1:]}@EXAMPLE.com"
        a.send(a.request("MESSAGE", escaped))
        b.reply(b.wait("MESSAGE"), 200, "OK")
        a.wait(200)
        assert a.ask(a.request("MESSAGE", f"sip:{b.user.upper()}@example.com")).status in (404, 480)


@section("19.1.4-same")
def same_contact(server):
    """19.1.4, 10.3 step 7: equal URIs are one binding, whatever the case of the host and the order of parameters."""
    with Phone(server, server.name("b")) as b:
        for contact in (f"sip:{b.user}@Phone.Invalid;transport=udp;x=1", f"sip:{b.user}@phone.invalid;X=1;transport=UDP"):
            assert b.register(contact=contact).status == 200
        assert len(server.bindings(b.aor[4:])) == 1, server.bindings(b.aor[4:])
        assert b.register(contact=f"sip:{b.user}@phone.invalid;x=2;transport=udp").status == 200
        assert len(server.bindings(b.aor[4:])) == 2
