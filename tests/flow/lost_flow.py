# SPDX-License-Identifier: MIT
"""lost: chosen datagrams vanish, and the transactions of RFC 3261 17 make up for it."""
from kit.flow import flow
from kit.phone import Phone, ack_of
from kit.relay import Relay


class Behind(Phone):
    """A phone whose only way to the server is a lossy relay."""

    def __init__(self, server, user, lose, domain=None):
        super().__init__(server, user, domain=domain)
        self.relay = Relay(server, (self.host, self.port), lose)
        self.peer = (self.host, self.relay.port)

    @property
    def contact(self):
        return f"sip:{self.user}@{self.host}:{self.relay.far_port}"

    def close(self):
        super().close()
        self.relay.close()


def toward_phone(start, times):
    """Lose the first `times` messages to the phone that begin so."""
    return lambda m, to_server, count: not to_server and m.start.startswith(start) and count < times


def call(server, caller, callee):
    """INVITE from one phone to the other until it rings there; returns the INVITE sent and the one that arrived."""
    assert callee.register().status == 200
    sent = caller.invite(callee.aor)
    return sent, callee.wait("INVITE", 8)


@flow("lost.invite")
def invite(server):
    """The forwarded INVITE is lost twice: timer A sends it again (17.1.1.2); the callee sees one call."""
    with Phone(server, server.name("a")) as a, Behind(server, server.name("b"), toward_phone("INVITE", 2)) as b:
        _, arrived = call(server, a, b)
        assert len(b.relay.lost) == 2, b.relay.lost
        b.reply(arrived, 486, "Busy Here")
        assert b.wait("ACK").cseq[0] == 1
        a.send(ack_of(_, a.wait(486)))


@flow("lost.final")
def final(server):
    """The 486 to the caller is lost twice: timer G sends it again until the ACK (17.2.1)."""
    with Behind(server, server.name("a"), toward_phone("SIP/2.0 486", 2)) as a, Phone(server, server.name("b")) as b:
        sent, arrived = call(server, a, b)
        b.reply(arrived, 486, "Busy Here")
        b.wait("ACK")
        answer = a.wait(486, 6)
        assert len(a.relay.lost) == 2, a.relay.lost
        a.send(ack_of(sent, answer))
        a.silent(5, lambda m: m.status == 486)


@flow("lost.ack")
def ack(server):
    """The ACK to the callee is lost: its 486 comes again and is acknowledged again, and the caller hears one (17.1.1.2)."""
    with Phone(server, server.name("a")) as a, Behind(server, server.name("b"), toward_phone("ACK", 1)) as b:
        sent, arrived = call(server, a, b)
        b.reply(arrived, 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))
        b.silent(0.4, lambda m: m.method == "ACK")
        b.reply(arrived, 486, "Busy Here")
        b.wait("ACK")
        a.silent(1, lambda m: m.status >= 200)


@flow("lost.retransmitted")
def retransmitted(server):
    """The caller repeats its INVITE: one call rings, the answer so far is repeated (17.2.1)."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        assert b.register().status == 200
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        b.reply(arrived, 180, "Ringing")
        a.wait(180)
        a.stash.clear()
        a.send(sent)
        assert a.wait(lambda m: m.status in (100, 180), 2).status == 180
        b.silent(0.4, lambda m: m.method == "INVITE")
        b.reply(arrived, 486, "Busy Here")
        b.wait("ACK")
        a.send(ack_of(sent, a.wait(486)))


@flow("lost.bye")
def bye(server):
    """A BYE is lost on its way to the callee twice: timer E sends it again (17.1.2.2)."""
    with Phone(server, server.name("a")) as a, Behind(server, server.name("b"), toward_phone("BYE", 2)) as b:
        sent, arrived = call(server, a, b)
        b.reply(arrived, 200, "OK")
        answer = a.wait(200)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        b.wait("ACK")
        request = a.send(a.in_dialog("BYE", sent, answer, 2))
        b.reply(b.wait("BYE", 6), 200, "OK")
        assert a.wait("final").cseq == request.cseq
        assert len(b.relay.lost) == 2, b.relay.lost
