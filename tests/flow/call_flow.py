# SPDX-License-Identifier: MIT
"""call: the calls of RFC 3665 3, by SIPp on both sides."""
from kit.flow import flow
from kit.phone import Phone, ack_of
from kit.sipp import Sipp, together


def bind(server, user, port, domain=None, q=None, proto="udp"):
    """Register a contact at a port someone else listens on."""
    with Phone(server, user, domain=domain) as p:
        tail = "" if proto == "udp" else f";transport={proto}"
        assert p.register(contact=f"sip:{user}@127.0.0.1:{port}{tail}", q=q).status == 200


def pair(server, caller, callee, calls=1, extra=(), **keys):
    """One SIPp calls another through the server; both must end as their scenarios say."""
    a, b = server.name("a"), server.name("b")
    answering = Sipp(server, callee, calls=calls, extra=extra, **keys)
    bind(server, b, answering.port, proto="tcp" if "t1" in extra else "udp")
    with together(answering, Sipp(server, caller, calls=calls, extra=extra, caller=a, callee=b)):
        pass


@flow("call.answered", needs=["sipp"])
def answered(server):
    """INVITE, 180, 200, ACK, BYE (RFC 3665 3.2)."""
    pair(server, "caller", "callee")


@flow("call.answered-tcp", needs=["sipp"])
def answered_tcp(server):
    """The same over TCP on both sides."""
    pair(server, "caller", "callee", extra=["-t", "t1"])


@flow("call.many", needs=["sipp"])
def many(server):
    """Fifty calls at ten a second; none may fail."""
    pair(server, "caller", "callee", calls=50, extra=["-r", "10"])


@flow("call.busy", needs=["sipp"])
def busy(server):
    """486 from the callee reaches the caller (RFC 3665 3.9)."""
    pair(server, "caller_busy", "callee_busy")


@flow("call.refused", needs=["sipp"])
def refused(server):
    """603 from the callee reaches the caller."""
    pair(server, "caller_refused", "callee_refused")


@flow("call.cancelled", needs=["sipp"])
def cancelled(server):
    """The caller gives up while it rings (RFC 3665 3.8)."""
    pair(server, "caller_cancel", "callee_cancel")


@flow("call.unanswered", settings={"proxy.timer_c": 3}, needs=["sipp"])
def unanswered(server):
    """Nobody answers: timer C cancels the branch (RFC 3261 16.8)."""
    pair(server, "caller_unanswered", "callee_cancel")


@flow("call.forked", needs=["sipp"])
def forked(server):
    """Three phones ring, one answers, the others are cancelled (RFC 3261 16.7 step 10)."""
    user = server.name("b")
    ringing = [Sipp(server, "callee_cancel") for _ in range(2)]
    answering = Sipp(server, "callee")
    for phone in (*ringing, answering):
        bind(server, user, phone.port)
    with together(*ringing, answering, Sipp(server, "caller", caller=server.name("a"), callee=user)):
        pass


@flow("call.lossy", needs=["sipp"])
def lossy(server):
    """Two of five INVITE, 200 and BYE are lost at first; every call still ends well (RFC 3261 17, 13.3.1.4)."""
    pair(server, "caller_lossy", "callee_lossy", calls=6, extra=["-r", "5"])


@flow("call.nobody")
def nobody(server):
    """480 for a user of ours who has no phone at the moment, 404 for one who does not exist (RFC 3261 16.5)."""
    with server.phone() as p:
        callee = server.name("b")
        r = p.invite(f"sip:{callee}@{p.domain}")
        answer = p.wait("final")
        assert answer.status in (480, 404), answer
        p.send(ack_of(r, answer))
        p.silent(1.5, lambda m: m.status >= 200)
