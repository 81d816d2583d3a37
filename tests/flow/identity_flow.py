# SPDX-License-Identifier: MIT
"""identity: who calls, as one trusted server tells another (RFC 3325), and who may hide it (RFC 3323)."""
from kit.flow import flow
from kit.phone import Phone, ack_of
from gateway_flow import known

CARRIER = "127.0.0.9"
SETTINGS = {"proxy.peers": CARRIER, "proxy.relay": "users"}
TELLING = {**SETTINGS, "proxy.assert": "on"}
ASSERTED, PREFERRED, PRIVACY = "P-Asserted-Identity", "P-Preferred-Identity", "Privacy"
NAME = '"Cullen" <sip:fluffy@carrier.test>'


def carrier(server):
    return Phone(server, "trunk", domain="carrier.test", host=CARRIER)


def heard(caller, callee, uri, *fields, answer=()):
    """What the callee is told of the caller, and the caller of the callee: P-Asserted-Identity, all values."""
    sent = caller.invite(uri, fields=fields)
    arrived = callee.wait("INVITE")
    callee.reply(arrived, 486, "Busy Here", fields=answer)
    callee.wait("ACK")
    final = caller.wait("final")
    assert final.status == 486, final.text
    caller.send(ack_of(sent, final))
    assert not arrived.all(PREFERRED) and arrived.all(PRIVACY) == [v for k, v in fields if k == PRIVACY], arrived.text
    return arrived.all(ASSERTED), final.all(ASSERTED)


@flow("identity.untrusted", SETTINGS)
def untrusted(server):
    """What a phone says of itself is not passed on; a user who knew his password and asks is named, by his own name (RFC 3325 5, 6)."""
    with Phone(server, server.name("b")) as b, Phone(server, server.name("s")) as s, server.phone("a", "pw") as a, carrier(server) as c:
        assert b.register().status == 200 and a.register().status == 200
        himself = [f"<{a.aor}>"]
        assert heard(s, b, b.aor, (ASSERTED, NAME), (PREFERRED, NAME), answer=[(ASSERTED, NAME)]) == ([], [])
        assert heard(a, b, b.aor) == ([], [])
        assert heard(a, b, b.aor, (PREFERRED, "<sip:boss@example.com>")) == (himself, [])
        assert heard(a, b, b.aor, (ASSERTED, NAME), (PRIVACY, "id")) == ([], [])
        assert heard(a, c, c.contact, (PREFERRED, f"<{a.aor}>"), (PRIVACY, "id"), answer=[(ASSERTED, NAME)]) == (himself, [NAME])


@flow("identity.peer", SETTINGS)
def peer(server):
    """What a peer asserts goes on, to those who are not peers unless Privacy says id; in its answers, too (RFC 3325 5, 7)."""
    with Phone(server, server.name("b")) as b, server.phone("a", "pw") as a, carrier(server) as c, carrier(server) as d:
        assert b.register().status == 200 and a.register().status == 200
        assert heard(c, b, b.aor, (ASSERTED, NAME), answer=[(ASSERTED, "<sip:forged@example.com>")]) == ([NAME], [])
        assert heard(c, b, b.aor, (ASSERTED, NAME), (PRIVACY, "none")) == ([NAME], [])
        assert heard(c, b, b.aor, (ASSERTED, NAME), (PRIVACY, "header;id")) == ([], [])
        assert heard(c, d, d.contact, (ASSERTED, NAME), (PRIVACY, "id")) == ([NAME], [])
        assert heard(a, c, c.contact, answer=[(ASSERTED, NAME), (PRIVACY, "id")]) == ([], [])


@flow("identity.assert", TELLING)
def told(server):
    """proxy.assert: a peer, or a trusted gateway, is told who has called, also when From names nobody; nobody else is (RFC 3325 5; RFC 3323 4.1)."""
    with Phone(server, server.name("b")) as b, server.phone("a", "pw") as a, carrier(server) as c, Phone(server, "gw", host="127.0.0.8") as g:
        assert b.register().status == 200 and a.register().status == 200
        himself, user = [f"<{a.aor}>"], a.user
        assert heard(a, c, c.contact) == (himself, [])
        assert heard(a, b, b.aor) == ([], [])
        server.peal("gateway", "add", "carrier", f"sip:{g.place}", "options=0", "trust=on")
        server.peal("route", "add", "+49", "carrier")
        known(server)
        with Phone(server, "anonymous", a.password, "anonymous.invalid") as x:
            sent = x.send(x.request("INVITE", f"sip:+4930@{a.domain}", fields=[("Contact", f"<{x.contact}>"), (PRIVACY, "id"), ("Proxy-Require", "privacy")]))
            first = x.wait("final")
            assert first.status == 407, first.text
            x.send(ack_of(sent, first))
            x.user = user
            sent = x.send(x.authorize(sent, first))
            arrived = g.wait("INVITE")
            g.reply(arrived, 486, "Busy Here")
            x.send(ack_of(sent, x.wait(486)))
            assert arrived.all(ASSERTED) == himself and arrived.get("proxy-require") == "privacy" and "anonymous" in arrived.get("from"), arrived.text
