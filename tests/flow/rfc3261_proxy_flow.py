# SPDX-License-Identifier: MIT
"""rfc3261_proxy: section 16, what a proxy does with requests and responses, seen from the wire."""
from kit import sip
from kit.ear import Ear
from kit.phone import Phone, ack_of, cancel_of
from rfc3261 import busy, callee, caller, changed, dialog, ended, itself, section

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
    with caller(server) as a, Phone(server, server.name("b")) as b:
        assert b.register(contact=b.aor).status == 200
        sent = a.invite(b.aor)
        ended(a, sent, 482)


@section("16.3-spiral")
def spiral(server):
    """16.3 step 4: a user whose contact is another user of ours: the request comes by twice, changed, and is allowed; no name server knows us."""
    with caller(server) as a, callee(server) as c, Phone(server, server.name("b")) as b:
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
    """16.4, 16.5: a maddr of ours with our port is taken off, by whatever way it came; another's maddr is where the request goes."""
    with caller(server) as a, callee(server) as b, Ear(server, "there", ("udp",)) as hop:
        for more in ("", ";transport=tcp"):
            a.send(a.request("MESSAGE", f"sip:{b.user}@example.com:{server.port};maddr={server.host}{more}"))
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
