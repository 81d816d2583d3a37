# SPDX-License-Identifier: MIT
"""large: requests of more than 1300 bytes meant for UDP (RFC 3261 18.1.1)."""
from kit import sip
from kit.ear import Ear
from kit.flow import flow
from kit.phone import Phone, ack_of

BODY = sip.sdp() + b"a=x-filler:" + b"f" * 70 + b"\r\n"
BIG = sip.sdp() + b"".join(b"a=x-filler-%d:%s\r\n" % (i, b"f" * 70) for i in range(20))


def call(server, callee, body):
    """A whole call with this body in the INVITE; returns the INVITE that arrived."""
    with Phone(server, server.name("a")) as a:
        sent = a.begin(a.request("INVITE", callee.aor, fields=[("Contact", f"<{a.contact}>")], body=body))
        arrived = callee.wait("INVITE")
        assert arrived.body == body
        callee.reply(arrived, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        callee.wait("ACK")
        a.send(a.in_dialog("BYE", sent, answer, 2))
        callee.reply(callee.wait("BYE"), 200, "OK")
        a.wait(lambda m: m.status == 200 and m.cseq[1] == "BYE")
        callee.silent(0.7, lambda m: m.method == "INVITE")
        return arrived


def bind(server, ear):
    with Phone(server, ear.user) as p:
        assert p.register(contact=f"sip:{ear.user}@{ear.place}").status == 200


def proto(message):
    return message.get("via").split()[0]


@flow("large.tcp")
def tcp(server):
    """Who listens on TCP at the same port gets the large INVITE over TCP, once, and a small one over UDP."""
    with Ear(server, server.name("b"), ("udp", "tcp")) as b:
        bind(server, b)
        assert proto(call(server, b, BIG)) == "SIP/2.0/TCP"
        assert b.opened == 1, b.opened
        assert proto(call(server, b, BODY)) == "SIP/2.0/UDP"
        assert proto(call(server, b, BIG)) == "SIP/2.0/TCP"
        assert b.opened == 1, "a second connection"


@flow("large.udp")
def udp(server):
    """Who refuses TCP gets it over UDP, and the Via says so."""
    with Ear(server, server.name("b"), ("udp",)) as b:
        bind(server, b)
        for _ in range(2):
            assert proto(call(server, b, BIG)) == "SIP/2.0/UDP"


@flow("large.busy")
def busy(server):
    """The ACK for a final other than 2xx goes the way of its INVITE."""
    with Ear(server, server.name("b"), ("udp", "tcp")) as b, Phone(server, server.name("a")) as a:
        bind(server, b)
        sent = a.begin(a.request("INVITE", b.aor, fields=[("Contact", f"<{a.contact}>")], body=BIG))
        arrived = b.wait("INVITE")
        b.reply(arrived, 486, "Busy Here")
        ack = b.wait("ACK")
        assert ack.get("via") == arrived.get("via"), f"{ack.get('via')} after {arrived.get('via')}"
        assert ack.way == arrived.way
        a.send(ack_of(sent, a.wait(486)))
