# SPDX-License-Identifier: MIT
"""prack: reliable provisional responses (RFC 3262) through the proxy, through its forks, over a wire that loses them; and phones on echo."""
import time

from agent_flow import AGENT, REL, hang_up, prack, rack, reliable
from call_flow import bind
from kit import sip
from kit.flow import flow
from kit.phone import Phone, ack_of, cancel_of
from kit.ports import take
from kit.relay import Relay
from kit.sipp import Sipp, together
from kit.softphone import Softphone
from lost_flow import Behind
from phone_flow import peal

DOMAIN, SECONDS = "auth.example.com", 4


# ---- the agent, by other programs

@flow("prack.sipp-echo", AGENT, needs=["sipp"])
def sipp_echo(server):
    """SIPp calls echo thirty times and loses three of ten of its PRACKs: every call is acknowledged, answered, ended."""
    Sipp(server, "caller_prack", calls=30, extra=["-r", "10"], caller=server.name("a"), callee="echo").wait()


@flow("prack.lost", AGENT)
def lost(server):
    """The 183 is lost twice, then the 200 to the PRACK: one PRACK transaction, one 200 (3, 4)."""
    def lose(m, to_server, count):
        mine = m.start.startswith("SIP/2.0 183") or (m.start.startswith("SIP/2.0 200") and m.cseq[1] == "PRACK")
        return not to_server and mine and count < (2 if "183" in m.start else 1)
    with Behind(server, server.name("a"), lose) as p:
        sent = p.invite(f"sip:echo@{server.domain}", fields=[REL])
        early = p.wait(183, 3)
        assert [s[8:11] for s in p.relay.lost] == ["183", "183"], p.relay.lost
        assert prack(p, sent, early).status == 200
        assert len(p.relay.lost) == 3
        ok = p.wait(lambda m: m.status == 200 and m.cseq[1] == "INVITE", 3)
        p.send(p.in_dialog("ACK", sent, ok, 1))
        hang_up(p, sent, ok)


@flow("prack.sipp-rings", AGENT, needs=["sipp"])
def sipp_rings(server):
    """`peal call` to a SIPp that rings reliably; the 183 is lost once, its PRACK twice: acknowledged once, answered, ended (4)."""
    def lose(m, to_server, count):
        if to_server:
            return m.start.startswith("SIP/2.0 183") and not any("183" in s for s in relay.lost)
        return m.method == "PRACK" and sum("PRACK" in s for s in relay.lost) < 2
    user, port = server.name("b"), take()
    relay = Relay(server, ("127.0.0.1", port), lose)
    try:
        bind(server, user, relay.far_port)
        with together(Sipp(server, "callee_prack", timeout=15, port=port, peer=("127.0.0.1", relay.port), door=relay.far_port)):
            out = peal(server, "call", f"sip:{user}@{server.domain}", "--seconds", "1")
        assert len(relay.lost) == 3 and out.count("--->  PRACK") == 1, (relay.lost, out)
    finally:
        relay.close()


def softphone_calls_echo(server, transport):
    user = server.name("alice")
    server.add_user(user, "secret", DOMAIN)
    with Softphone(server, user, "secret", DOMAIN, transport=transport) as alice:
        alice.registered()
        alice.command("dial", f"sip:echo@{DOMAIN}")
        alice.wait("CALL_ESTABLISHED")
        time.sleep(SECONDS)
        alice.command("hangup")
        alice.wait("CALL_CLOSED")
        sent, heard = alice.packets()
        least = SECONDS * 50 * 3 // 4
        assert sent >= least and heard >= sent * 9 // 10, f"sent {sent}, heard {heard} packets of at least {least}"


@flow("prack.softphone-echo", AGENT, needs=["baresip"])
def softphone_echo(server):
    """baresip registers with a password, calls echo, and hears what it says."""
    softphone_calls_echo(server, "udp")


@flow("prack.softphone-echo-tcp", AGENT, needs=["baresip"])
def softphone_echo_tcp(server):
    """The same over TCP: the BYE of the agent's side would come back by the same connection."""
    softphone_calls_echo(server, "tcp")


# ---- the proxy

@flow("prack.through", needs=["sipp"])
def through(server):
    """SIPp calls SIPp: 100rel, RSeq, RAck and PRACK pass untouched (RFC 3261 16, RFC 3262 4)."""
    b = server.name("b")
    callee = Sipp(server, "callee_prack", calls=10)
    bind(server, b, callee.port)
    with together(callee, Sipp(server, "caller_prack", calls=10, extra=["-r", "10"], caller=server.name("a"), callee=b)):
        pass


@flow("prack.forks")
def forks(server):
    """Three phones all ring reliably: three early dialogs, each PRACK reaches its own phone with its own RAck (RFC 3261 16.7, RFC 3262 4)."""
    user = server.name("b")
    with Phone(server, server.name("a")) as a, Phone(server, user) as b1, Phone(server, user) as b2, Phone(server, user) as b3:
        phones = [b1, b2, b3]
        for b in phones:
            assert b.register().status == 200
        sent = a.invite(b1.aor, fields=[REL])
        arrived = {}
        for n, b in enumerate(phones):
            arrived[b] = b.wait("INVITE")
            assert "100rel" in arrived[b].all("supported")
            b.reply(arrived[b], 180 + 3 * (n == 2), "Ringing", fields=[("Require", "100rel"), ("RSeq", str(100 * n + 7))])
        early = [a.wait(reliable) for _ in phones]
        assert len({sip.param(m.get("to"), "tag") for m in early}) == 3, [m.get("to") for m in early]
        assert {m.get("rseq") for m in early} == {"7", "107", "207"}
        for cseq, m in enumerate(early, 2):
            r = a.in_dialog("PRACK", sent, m, cseq)
            r.fields.append(("RAck", rack(m)))
            a.send(r)
            mine = next(b for b in phones if f"u{b.port}" == sip.param(m.get("to"), "tag"))
            got = mine.wait("PRACK")
            assert got.get("rack") == rack(m) and sip.param(got.get("to"), "tag") == sip.param(m.get("to"), "tag")
            mine.reply(got, 200, "OK")
            assert a.wait(lambda x: x.status == 200 and x.cseq == (cseq, "PRACK")).get("to") == m.get("to")
        a.silent(0.3, reliable)
        b2.reply(arrived[b2], 200, "OK")
        ok = a.wait(lambda m: m.status == 200 and m.cseq[1] == "INVITE")
        a.send(a.in_dialog("ACK", sent, ok, 1))
        for b in (b1, b3):
            b.reply(b.wait("CANCEL"), 200, "OK")
            b.reply(arrived[b], 487, "Request Terminated")
        b2.wait("ACK")


@flow("prack.late")
def late(server):
    """A PRACK after the CANCEL still finds its phone (RFC 3262 3: be prepared for it)."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        assert b.register().status == 200
        sent = a.invite(b.aor, fields=[REL])
        arrived = b.wait("INVITE")
        b.reply(arrived, 180, "Ringing", fields=[("Require", "100rel"), ("RSeq", "1")])
        early = a.wait(reliable)
        a.send(cancel_of(sent))
        b.reply(b.wait("CANCEL"), 200, "OK")
        b.reply(arrived, 487, "Request Terminated")
        a.send(ack_of(sent, a.wait(487)))
        r = a.in_dialog("PRACK", sent, early, 2)
        r.fields.append(("RAck", rack(early)))
        a.send(r)
        b.reply(b.wait("PRACK"), 200, "OK")
        assert a.wait(lambda m: m.cseq[1] == "PRACK").status == 200
