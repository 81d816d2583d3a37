# SPDX-License-Identifier: MIT
"""rfc3261: user agent servers, redirect servers, dialogs, transactions, transports and URIs, by section, seen from the wire."""
from kit import sip
from kit.phone import Phone, ack_of, cancel_of
from rfc3261 import busy, callee, caller, changed, dialog, ended, itself, section

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
        for method, status in (("OPTIONS", 200), ("MESSAGE", 404)):
            first = a.request(method, itself(server))
            assert a.ask(first).status == status
            second = a.ask(changed(first, Via=a.via))
            assert second.status == 482, second.text
            assert a.ask(first).status == status, "the first way"


@section("8.2.7-stateless")
def again(server):
    """8.2.7: an OPTIONS to the server itself, sent again: the same answer again, To tag and all."""
    with caller(server) as a:
        first = a.request("OPTIONS", itself(server))
        assert a.ask(first).text == a.ask(first).text


@section("8.2.7-many")
def many(server):
    """8.2.7, 8.2.2, 11.2: many OPTIONS to the server itself, back to back: each its own answer, equal in what it tells; what must be refused is."""
    with caller(server) as a:
        told = set()
        for i in range(60):
            if i % 20 == 19:
                assert a.ask(a.request("OPTIONS", itself(server), fields=[("Require", "telepathy")])).status == 420
            r = a.request("OPTIONS", itself(server))
            answer = a.ask(r)
            assert answer.status == 200 and all(answer.get(h) == r.get(h) for h in ("call-id", "cseq", "from")), answer.text
            assert sip.param(answer.get("to"), "tag") and sip.param(answer.get("via"), "branch") == sip.param(r.get("via"), "branch"), answer.text
            told.add(tuple(tuple(answer.all(h)) for h in ("allow", "accept", "accept-encoding", "accept-language", "supported", "allow-events")))
            if i == 50:
                assert a.ask(changed(r, Via=a.via)).status == 482
        assert len(told) == 1 and all(next(iter(told))), told


@section("8.2.2.3-require")
def require(server):
    """8.2.2.3: a Require the server does not know: 420 with Unsupported."""
    with caller(server) as a:
        answer = a.ask(a.request("OPTIONS", itself(server), fields=[("Require", "telepathy, path")]))
        assert answer.status == 420 and answer.all("unsupported") == ["telepathy"], answer.text


@section("8.2.3-content")
def content(server):
    """8.2.3, 20.11: a body that must be understood unless it is said to be optional, for the registrar and for the server itself: 415 with Accept."""
    with caller(server) as a:
        for method, uri in (("REGISTER", f"sip:{server.domain}"), ("OPTIONS", itself(server))):
            for handling, status in (("", 415), (";handling=required", 415), (";handling=optional", 200)):
                r = a.request(method, uri, to=a.aor, fields=[("Content-Type", "text/odd"), ("Content-Disposition", "render" + handling)])
                r.body = b"odd"
                answer = a.ask(r)
                assert answer.status == status and (status == 200 or answer.get("accept")), answer.text


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
    """12.2.1.2, 16.6: a re-INVITE goes along the Routes to the remote target, and names us for who lost the first; a new Contact is where the next request goes."""
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
        assert seen.all("record-route"), seen.text              # 16.6 step 4: b has forgotten the first INVITE
        bye = b.in_dialog("BYE", seen, b.answer(seen, 200, "OK"), 1, caller=False)
        b.send(bye)
        a.reply(a.wait("BYE"), 200, "OK")
        ended(b, bye, 200)


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
