# SPDX-License-Identifier: MIT
"""rfc3665: the call flows of RFC 3665 that a registrar, proxy or redirect server takes part in, by section.

Proxy 1 is the server of atlanta.example.com, where Alice lives and must give a password; Proxy 2 that of biloxi.example.com,
where Bob lives. 3.1 has no server; 3.5 is about an application level gateway, which this is not.
"""
from kit import sip
from kit.ear import Ear
from kit.flow import flow
from kit.phone import Phone, ack_of, cancel_of
from kit.ports import keep

ATLANTA, BILOXI, CHICAGO, SHARED = "atlanta.example.com", "biloxi.example.com", "chicago.example.com", "auth.example.com redirect.example.com example.com"
PROXY2, SCRIPTED = keep(), keep()
NO_ROUTE = {"proxy.record_route": "off", "server.domains": f"{BILOXI} {SHARED}", f"domain.{BILOXI}.auth": "off"}
SETTINGS = {
    "server.domains": f"{ATLANTA} {CHICAGO} {SHARED}", "proxy.relay": "users", f"domain.{ATLANTA}.auth": "on", f"domain.{CHICAGO}.auth": "off",
    "proxy.routes": f"{BILOXI}=sip:127.0.0.1:{PROXY2} scripted.example.com=sip:127.0.0.1:{SCRIPTED}"}


def section(number, settings=SETTINGS):
    return flow(f"rfc3665.{number}", settings)


def proxy2(server):
    """Peal at biloxi.example.com. A phone that does not answer is given up after 64 * T1 = 3.2 s."""
    return server.partner(BILOXI, PROXY2, {
        f"domain.{BILOXI}.auth": "off", "transaction.t1": 50, "server.names": "127.0.0.1",
        "proxy.routes": f"{ATLANTA}=sip:127.0.0.1:{server.port}"})


def alice(server, **more):
    user = server.name("alice")
    server.add_user(user, "secret", ATLANTA)
    return Phone(server, user, "secret", ATLANTA, **more)


def bob(server, domain=BILOXI):
    p = Phone(server, server.name("bob"), domain=domain)
    assert p.register().status == 200
    return p


def dial(a, b):
    """F1 to F7 of 3.2: INVITE, 407, ACK, INVITE with credentials, which reaches Bob over both proxies."""
    sent = a.invite(b.aor, from_tag="9fxced76sl")
    assert sent.cseq[0] == 2, "Proxy 1 asked for no password"
    arrived = b.wait("INVITE")
    assert arrived.uri == b.contact and arrived.get("max-forwards") == "68", arrived.text
    vias, routes = arrived.all("via"), arrived.all("record-route")
    assert len(vias) == 3 and sip.param(vias[2], "received") == "127.0.0.1", vias
    assert len(routes) == 2 and f":{PROXY2};lr" in routes[0] and f":{a.server.port};lr" in routes[1], routes
    assert not arrived.get("proxy-authorization"), "the password of Proxy 1 went on"
    assert sip.param(arrived.get("from"), "tag") == "9fxced76sl" and arrived.get("call-id") == sent.get("call-id") and arrived.body == sent.body
    a.wait(lambda m: m.status == 100 and m.cseq == sent.cseq)
    return sent, arrived


def ring(a, b, arrived):
    b.reply(arrived, 180, "Ringing")
    ringing = a.wait(180)
    assert len(ringing.all("via")) == 1 and ringing.all("record-route") == arrived.all("record-route"), ringing.text


def refuse(a, b, sent, arrived, status, reason):
    """A final response that is none of 2xx goes up hop by hop; each hop sends its own ACK."""
    b.reply(arrived, status, reason)
    ack = b.wait("ACK")
    assert ack.all("via") == arrived.all("via")[:1] and ack.uri == arrived.uri, ack.text
    answer = a.wait("final")
    a.send(ack_of(sent, answer))
    assert answer.status == status and len(answer.all("via")) == 1, answer.text
    b.silent(0.3, lambda m: m.method == "ACK")


def hang_up(b, a, arrived, answer):
    """BYE from Bob to Alice along the route set."""
    b.send(b.in_dialog("BYE", arrived, answer, 1, caller=False))
    bye = a.wait("BYE")
    assert bye.uri == a.contact and not bye.all("route"), bye.text
    a.reply(bye, 200, "OK")
    assert len(b.wait(lambda m: m.status == 200 and m.cseq[1] == "BYE").all("via")) == 1


# ---- 2 Registration

class SecureBob(Phone):
    """Bob's client of section 2: TLS, and sips everywhere."""

    def __init__(self, server):
        user = server.name("bob")
        server.add_user(user, "secret", ATLANTA)
        super().__init__(server, user, "secret", ATLANTA, proto="tls")

    @property
    def aor(self):
        return f"sips:{self.user}@{self.domain}"

    @property
    def contact(self):
        return f"sips:{self.user}@{self.place}"

    def ask_registrar(self, *fields):
        self.cseq += 1
        r = self.request("REGISTER", f"sips:{self.domain}", to=self.aor, call_id=self.call_id, cseq=self.cseq, from_tag=self.tag, fields=fields)
        answer = self.ask(r)
        self.cseq = answer.cseq[0]
        assert sip.param(answer.get("to"), "tag") and len(answer.all("via")) == 1, answer.text
        return answer


@section("2.1")
def registers(server):
    """2.1: Successful New Registration: 401, credentials, 200 with the contact and its expiry."""
    with SecureBob(server) as b:
        r = b.request("REGISTER", f"sips:{b.domain}", to=b.aor, fields=[("Contact", f"<{b.contact}>")])
        b.send(r)
        first = b.wait(401)
        assert f'realm="{ATLANTA}"' in first.get("www-authenticate") and "nonce=" in first.get("www-authenticate"), first.text
        b.send(b.authorize(r, first))
        answer = b.wait("final")
        assert answer.status == 200 and sip.uri_of(answer.get("contact")) == b.contact, answer.text
        assert 3595 <= int(sip.param(answer.get("contact"), "expires")) <= 3600, answer.text


@section("2.2")
def updates(server):
    """2.2: Update of Contact List: a mailto contact beside the sips one; 2.3: a query lists both; 2.4: a star removes all."""
    with SecureBob(server) as b:
        assert b.ask_registrar(("Contact", f"<{b.contact}>")).status == 200
        mail = f"mailto:{b.user}@{BILOXI}"
        answer = b.ask_registrar(("Contact", mail))
        assert answer.status == 200 and {sip.uri_of(c) for c in answer.all("contact")} == {b.contact, mail}, answer.text
        answer = b.ask_registrar()
        assert answer.status == 200 and {sip.uri_of(c) for c in answer.all("contact")} == {b.contact, mail}, answer.text
        answer = b.ask_registrar(("Expires", "0"), ("Contact", "*"))
        assert answer.status == 200 and not answer.all("contact"), answer.text
        assert server.bindings(f"{b.user}@{ATLANTA}") == {}


@section("2.5")
def fails(server):
    """2.5: Unsuccessful Registration: credentials for a wrong password are answered 401 again."""
    with SecureBob(server) as b:
        b.password = "wrong"
        answer = b.ask_registrar(("Contact", f"<{b.contact}>"))
        assert answer.status == 401 and answer.get("www-authenticate"), answer.text
        assert server.bindings(f"{b.user}@{ATLANTA}") == {}


# ---- 3 Sessions

@section("3.2")
def two_proxies(server):
    """3.2: Session Establishment Through Two Proxies."""
    with alice(server) as a, bob(proxy2(server)) as b:
        sent, arrived = dial(a, b)
        ring(a, b, arrived)
        b.reply(arrived, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        assert answer.all("record-route") == arrived.all("record-route") and len(answer.all("via")) == 1, answer.text
        a.send(a.in_dialog("ACK", sent, answer, sent.cseq[0]))
        ack = b.wait("ACK")
        assert ack.uri == b.contact and not ack.all("route") and len(ack.all("via")) == 3, ack.text
        hang_up(b, a, arrived, answer)


@section("3.3")
def two_challenges(server):
    """3.3: Session with Multiple Proxy Authentication: Proxy 2 asks as well; each gets its own credentials only."""
    with alice(server) as a, Ear(server, "bob", ("udp",), port=SCRIPTED) as p2:
        sent = a.invite("sip:bob@scripted.example.com")
        arrived = p2.wait("INVITE")
        p2.reply(arrived, 407, "Proxy Authentication Required", fields=[
            ("Proxy-Authenticate", 'Digest realm="scripted.example.com", qop="auth", nonce="f84f1cec41e6cbe5aea9c8e88d359", algorithm=MD5')])
        assert p2.wait("ACK").all("via") == arrived.all("via")[:1]
        second = a.wait(407)
        a.send(ack_of(sent, second))
        assert 'realm="scripted.example.com"' in second.get("proxy-authenticate"), second.text
        first = next(m for m in a.seen if m.status == 407)
        again = a.authorize(sent, second)
        again.fields = [(n, v if f'realm="{ATLANTA}"' not in v else sip.credentials(
            first.all("proxy-authenticate"), "INVITE", sent.uri, a.user, "secret", count=2)) for n, v in again.fields]
        assert len(again.all("proxy-authorization")) == 2
        a.send(again)
        arrived = p2.wait("INVITE")
        given = arrived.all("proxy-authorization")
        assert len(given) == 1 and 'realm="scripted.example.com"' in given[0] and arrived.cseq[0] == 3, arrived.text
        p2.reply(arrived, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        a.send(a.in_dialog("ACK", again, answer, 3))
        ack = p2.wait("ACK")
        assert ack.cseq[0] == 3 and len(ack.all("via")) == 2, ack.text


@section("3.4")
def other_proxy(server):
    """3.4: Session with Proxy Failure: Alice, whose Proxy 1 is silent, calls by Proxy 2; its Record-Route alone is in the dialog."""
    far = proxy2(server)
    with Phone(far, "alice", domain=ATLANTA) as a, bob(far) as b:
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        assert len(arrived.all("via")) == 2 and len(arrived.all("record-route")) == 1 and arrived.get("max-forwards") == "69", arrived.text
        ring(a, b, arrived)
        b.reply(arrived, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        assert len(b.wait("ACK").all("via")) == 2
        hang_up(b, a, arrived, answer)


@section("3.6")
def redirected(server):
    """3.6: Session via Redirect and Proxy Servers: 302 with Bob's address in Chicago, where Proxy 3 reaches him over TCP."""
    with Phone(server, "alice") as a, Phone(server, "alice", proto="tcp") as again, bob(server, CHICAGO) as b, \
            Phone(server, b.user, domain="redirect.example.com") as home:
        elsewhere = f"sip:{b.user}@{CHICAGO};transport=tcp"
        assert home.register(contact=elsewhere).status == 200
        sent = a.invite(home.aor)
        moved = a.wait("final")
        a.send(ack_of(sent, moved))
        assert moved.status == 302 and [sip.uri_of(c) for c in moved.all("contact")] == [elsewhere] and not moved.all("record-route"), moved.text
        second = again.begin(again.request("INVITE", b.aor, to=home.aor, call_id=sent.get("call-id"), cseq=2,
                                           fields=[("Contact", f"<{again.contact}>")]))
        arrived = b.wait("INVITE")
        assert sip.uri_of(arrived.get("to")) == home.aor and arrived.cseq[0] == 2 and arrived.get("call-id") == sent.get("call-id"), arrived.text
        ring(again, b, arrived)
        b.reply(arrived, 200, "OK", body=sip.sdp())
        answer = again.wait(200)
        again.send(again.in_dialog("ACK", second, answer, 2))
        b.wait("ACK")
        hang_up(b, again, arrived, answer)


@section("3.7", NO_ROUTE)
def reinvite(server):
    """3.7: Session with re-INVITE (IP Address Change): a proxy that does not record-route is out of everything after the 200."""
    with Phone(server, "alice") as a, bob(server) as b:
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        assert not arrived.all("record-route") and len(arrived.all("via")) == 2, arrived.text
        ring(a, b, arrived)
        b.reply(arrived, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        assert not answer.all("record-route") and sip.uri_of(answer.get("contact")) == b.contact, answer.text
        ack = a.in_dialog("ACK", sent, answer, 1)
        a.send(ack, to=(b.host, b.port))
        assert len(b.wait("ACK").all("via")) == 1
        again = b.in_dialog("INVITE", arrived, answer, 14, caller=False, body=sip.sdp())
        b.send(again, to=(a.host, a.port))
        seen = a.wait("INVITE")
        assert len(seen.all("via")) == 1 and not seen.all("route"), seen.text


@section("3.8")
def unanswered(server):
    """3.8: Unsuccessful, No Answer: CANCEL and its 200 hop by hop, 487 from Bob all the way."""
    with alice(server) as a, bob(proxy2(server)) as b:
        sent, arrived = dial(a, b)
        ring(a, b, arrived)
        a.send(cancel_of(sent))
        assert a.wait(lambda m: m.status and m.cseq[1] == "CANCEL").status == 200
        cancel = b.wait("CANCEL")
        assert cancel.uri == arrived.uri and cancel.all("via") == arrived.all("via")[:1] and cancel.cseq[0] == arrived.cseq[0], cancel.text
        b.reply(cancel, 200, "OK")
        refuse(a, b, sent, arrived, 487, "Request Terminated")


@section("3.9")
def busy(server):
    """3.9: Unsuccessful, Busy."""
    with alice(server) as a, bob(proxy2(server)) as b:
        sent, arrived = dial(a, b)
        refuse(a, b, sent, arrived, 486, "Busy Here")


@section("3.10")
def silent(server):
    """3.10: Unsuccessful, No Response: Bob's phone says nothing to seven INVITEs; Proxy 2 gives up (408 here, 480 in the RFC's figure)."""
    with alice(server) as a, bob(proxy2(server)) as b:
        sent, arrived = dial(a, b)
        answer = a.wait("final", 6)
        a.send(ack_of(sent, answer))
        assert answer.status in (408, 480), answer
        b.silent(0.2, lambda m: m.method == "CANCEL")
        repeats = [m for m in b.seen if m.method == "INVITE"]
        assert len(repeats) == 7 and all(m.text == arrived.text for m in repeats), len(repeats)


@section("3.11")
def unavailable(server):
    """3.11: Unsuccessful, Temporarily Unavailable: 180, then 480 from Bob."""
    with alice(server) as a, bob(proxy2(server)) as b:
        sent, arrived = dial(a, b)
        ring(a, b, arrived)
        refuse(a, b, sent, arrived, 480, "Temporarily Unavailable")
