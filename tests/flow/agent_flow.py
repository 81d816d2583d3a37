# SPDX-License-Identifier: MIT
"""agent: echo, ring and busy answer, with reliable provisional responses (RFC 3262) and their offers and answers."""
import re
import socket
import time

from kit import sip
from kit.flow import flow
from kit.phone import Phone, ack_of, cancel_of
from kit.ports import keep, take

RTP = keep(run=40)
AGENT = {"agent.services": "echo ring busy", "agent.rtp": f"127.0.0.1:{RTP}-{RTP + 39}", "transaction.t1": 200, "server.names": "127.0.0.1"}
REL = ("Supported", "100rel")


def rack(answer):
    """The RAck that names a reliable provisional (7.2)."""
    return f"{answer.get('rseq')} {answer.get('cseq')}"


def reliable(m):
    return 100 < m.status < 200 and m.get("rseq")


def prack(phone, invite, answer, cseq=2, body=b"", named=None):
    """PRACK it in its early dialog; returns the answer to the PRACK."""
    r = phone.in_dialog("PRACK", invite, answer, cseq, body=body)
    r.fields += [("RAck", named or rack(answer))] + ([("Content-Type", "application/sdp")] if body else [])
    return phone.ask(r)


def hang_up(phone, invite, answer, cseq=9):
    assert phone.ask(phone.in_dialog("BYE", invite, answer, cseq)).status == 200


def media_of(answer):
    found = re.search(rb"c=IN IP4 (\S+)[\s\S]*m=audio (\d+)", answer.body)
    assert found, answer.text
    return found.group(1).decode(), int(found.group(2))


def caller(server):
    return Phone(server, server.name("a"))


def packet(number, ssrc=b"\x01\x02\x03\x04"):
    return b"\x80\x00" + number.to_bytes(2, "big") + (160 * number).to_bytes(4, "big") + ssrc + bytes([number & 255]) * 160


# ---- the plain call

@flow("agent.echo", AGENT)
def echo(server):
    """A phone without 100rel: 200 with the answer, every RTP packet comes back once, BYE (RFC 3261 13.3, 15)."""
    with caller(server) as p, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp:
        rtp.bind(("127.0.0.1", take()))
        rtp.settimeout(2)
        sent = p.invite(f"sip:echo@{server.domain}")
        ok = p.wait(200)
        assert not [m for m in p.seen if reliable(m)]
        p.send(p.in_dialog("ACK", sent, ok, 1))
        for i in range(50):
            rtp.sendto(packet(i), media_of(ok))
            back = rtp.recv(2000)
            assert back[:8] == packet(i)[:8] and back[12:] == packet(i)[12:] and back[8:12] != packet(i)[8:12], i
        hang_up(p, sent, ok)
        rtp.settimeout(0.5)
        rtp.sendto(packet(99), media_of(ok))
        try:
            rtp.recv(2000)
            raise AssertionError("a packet came back after BYE")
        except (socket.timeout, ConnectionRefusedError):
            pass


@flow("agent.busy", AGENT)
def busy(server):
    """busy is busy."""
    with caller(server) as p:
        sent = p.invite(f"sip:busy@{server.domain}")
        p.send(ack_of(sent, p.wait(486)))


@flow("agent.cancel", AGENT)
def cancel(server):
    """ring rings; CANCEL ends it with 487 (RFC 3261 9.2)."""
    with caller(server) as p:
        sent = p.invite(f"sip:ring@{server.domain}")
        p.wait(180)
        p.send(cancel_of(sent))
        p.send(ack_of(sent, p.wait(487)))


# ---- RFC 3262 3: the responses

@flow("agent.ring", AGENT)
def ring(server):
    """180 with Require and RSeq between 1 and 2^31-1, in its own dialog; its PRACK is answered 200 (3)."""
    with caller(server) as p:
        sent = p.invite(f"sip:ring@{server.domain}", fields=[REL])
        answer = p.wait(180)
        assert answer.get("require") == "100rel" and 1 <= int(answer.get("rseq")) < 2 ** 31, answer.text
        assert sip.param(answer.get("to"), "tag") and answer.get("contact"), answer.text
        assert prack(p, sent, answer).status == 200
        p.stash.clear()
        p.silent(2, reliable)
        p.send(cancel_of(sent))
        p.send(ack_of(sent, p.wait(487)))


@flow("agent.copies", AGENT)
def copies(server):
    """Unacknowledged, it is sent again after T1, 2*T1, 4*T1 ..., the same bytes, and stops at the PRACK (3)."""
    with caller(server) as p:
        began = time.monotonic()
        sent = p.invite(f"sip:ring@{server.domain}", fields=[REL])
        times, answers = [], []
        for _ in range(4):
            answers.append(p.wait(reliable))
            times.append(time.monotonic() - began)
        assert len({a.text for a in answers}) == 1
        gaps = [b - a for a, b in zip(times, times[1:])]
        for gap, want in zip(gaps, (0.2, 0.4, 0.8)):
            assert want * 0.9 < gap < want + 0.15, gaps
        assert prack(p, sent, answers[0]).status == 200
        p.silent(2.5, reliable)
        p.send(cancel_of(sent))
        p.wait(487)


@flow("agent.unacknowledged", {**AGENT, "transaction.t1": 50})
def unacknowledged(server):
    """No PRACK within 64*T1: the INVITE is refused with a 5xx (3)."""
    with caller(server) as p:
        began = time.monotonic()
        sent = p.invite(f"sip:ring@{server.domain}", fields=[REL])
        final = p.wait("final", 6)
        assert 500 <= final.status < 600 and 3.0 < time.monotonic() - began < 4.2, (final, time.monotonic() - began)
        p.send(ack_of(sent, final))


@flow("agent.stray", AGENT)
def stray(server):
    """A PRACK for another number, another request, or twice for one: 481 (3); one that does not read: 400."""
    with caller(server) as p:
        sent = p.invite(f"sip:ring@{server.domain}", fields=[REL])
        answer = p.wait(180)
        n = int(answer.get("rseq"))
        assert prack(p, sent, answer, 2, named=f"{n + 1} 1 INVITE").status == 481
        assert prack(p, sent, answer, 3, named=f"{n} 7 INVITE").status == 481
        assert prack(p, sent, answer, 4, named=f"{n}").status == 400
        assert prack(p, sent, answer, 5).status == 200
        assert prack(p, sent, answer, 6).status == 481
        p.send(cancel_of(sent))
        p.wait(487)


@flow("agent.held", AGENT)
def held(server):
    """echo answers in a reliable 183; its 200 waits for the PRACK (3)."""
    with caller(server) as p:
        sent = p.invite(f"sip:echo@{server.domain}", fields=[REL])
        early = p.wait(183)
        assert media_of(early) and early.get("require") == "100rel"
        p.silent(1, 200)
        assert prack(p, sent, early).status == 200
        ok = p.wait(200, 1)
        assert not ok.body, ok.text
        p.send(p.in_dialog("ACK", sent, ok, 1))
        hang_up(p, sent, ok)


@flow("agent.required", AGENT)
def required(server):
    """Require: 100rel: even what would go without is sent reliably (3)."""
    with caller(server) as p:
        sent = p.invite(f"sip:echo@{server.domain}", fields=[("Require", "100rel")])
        early = p.wait(reliable)
        assert prack(p, sent, early).status == 200
        ok = p.wait(200)
        p.send(p.in_dialog("ACK", sent, ok, 1))
        hang_up(p, sent, ok)


@flow("agent.extensions", AGENT)
def extensions(server):
    """Require of what nobody here knows: 420 with Unsupported (RFC 3261 8.2.2.3)."""
    with caller(server) as p:
        sent = p.invite(f"sip:echo@{server.domain}", fields=[("Require", "100rel, sec-agree")])
        refused = p.wait("final")
        assert refused.status == 420 and refused.get("unsupported") == "sec-agree", refused.text
        p.send(ack_of(sent, refused))


@flow("agent.policy", {**AGENT, "agent.reliable": "required"})
def policy(server):
    """Policy demands reliability: 421 with Require for who lacks it, and all goes reliably for who does not (3)."""
    with caller(server) as p:
        sent = p.invite(f"sip:ring@{server.domain}")
        refused = p.wait("final")
        assert refused.status == 421 and refused.get("require") == "100rel", refused.text
        p.send(ack_of(sent, refused))
        sent = p.invite(f"sip:ring@{server.domain}", fields=[REL])
        assert prack(p, sent, p.wait(reliable)).status == 200
        p.send(cancel_of(sent))
        p.wait(487)


# ---- RFC 3262 5, RFC 3311: offers and answers

@flow("agent.offer-in-1xx", AGENT)
def offer_in_provisional(server):
    """INVITE without SDP: the offer comes in the reliable 183, the answer goes in the PRACK (5)."""
    with caller(server) as p:
        sent = p.request("INVITE", f"sip:echo@{server.domain}", fields=[("Contact", f"<{p.contact}>"), REL])
        p.send(sent)
        early = p.wait(183)
        assert media_of(early)
        assert prack(p, sent, early, body=sip.sdp()).status == 200
        ok = p.wait(200)
        assert not ok.body
        p.send(p.in_dialog("ACK", sent, ok, 1))
        hang_up(p, sent, ok)


@flow("agent.no-answer-in-prack", AGENT)
def no_answer_in_prack(server):
    """The PRACK for an offer without its answer: there is no session, so the INVITE fails (5)."""
    with caller(server) as p:
        sent = p.request("INVITE", f"sip:echo@{server.domain}", fields=[("Contact", f"<{p.contact}>"), REL])
        p.send(sent)
        early = p.wait(183)
        assert prack(p, sent, early).status == 200
        final = p.wait("final")
        assert final.status == 488, final.text
        p.send(ack_of(sent, final))


@flow("agent.offer-in-prack", AGENT)
def offer_in_prack(server):
    """Another offer in the PRACK is answered in its 200 (5)."""
    with caller(server) as p:
        sent = p.invite(f"sip:echo@{server.domain}", fields=[REL])
        early = p.wait(183)
        answer = prack(p, sent, early, body=sip.sdp(port=40002))
        assert answer.status == 200 and media_of(answer) == media_of(early), answer.text
        ok = p.wait(200)
        p.send(p.in_dialog("ACK", sent, ok, 1))
        hang_up(p, sent, ok)


@flow("agent.offer-in-200", AGENT)
def offer_in_ok(server):
    """INVITE without SDP and without 100rel: the offer in the 200, the answer in the ACK (RFC 3261 13.2.1)."""
    with caller(server) as p:
        sent = p.request("INVITE", f"sip:echo@{server.domain}", fields=[("Contact", f"<{p.contact}>")])
        p.send(sent)
        ok = p.wait(200)
        assert media_of(ok)
        ack = p.in_dialog("ACK", sent, ok, 1, body=sip.sdp())
        ack.fields.append(("Content-Type", "application/sdp"))
        p.send(ack)
        p.silent(1, lambda m: m.method == "BYE" or m.status == 200)
        hang_up(p, sent, ok)


@flow("agent.update", AGENT)
def update(server):
    """UPDATE after the first exchange, early and confirmed (RFC 3311 5); before it: 500."""
    def send(p, sent, answer, cseq):
        r = p.in_dialog("UPDATE", sent, answer, cseq, body=sip.sdp())
        r.fields.append(("Content-Type", "application/sdp"))
        return p.ask(r)
    with caller(server) as p:
        sent = p.invite(f"sip:echo@{server.domain}", fields=[REL])
        early = p.wait(183)
        answer = send(p, sent, early, 2)
        assert answer.status == 200 and media_of(answer), answer.text
        assert prack(p, sent, early, 3).status == 200
        ok = p.wait(200)
        p.send(p.in_dialog("ACK", sent, ok, 1))
        assert send(p, sent, ok, 4).status == 200
        hang_up(p, sent, ok)
        sent = p.request("INVITE", f"sip:echo@{server.domain}", fields=[("Contact", f"<{p.contact}>"), REL])
        p.send(sent)
        early = p.wait(183)
        assert send(p, sent, early, 2).status == 491  # our offer waits for its answer
        p.send(cancel_of(sent))
        p.send(ack_of(sent, p.wait(487)))


@flow("agent.re-invite", AGENT)
def re_invite(server):
    """A re-INVITE is answered in the same dialog (RFC 3261 14.2); a stale number is refused (12.2.2)."""
    with caller(server) as p:
        sent = p.invite(f"sip:echo@{server.domain}")
        ok = p.wait(200)
        p.send(p.in_dialog("ACK", sent, ok, 1))
        again = p.in_dialog("INVITE", sent, ok, 2, body=sip.sdp(port=40010))
        again.fields.append(("Content-Type", "application/sdp"))
        p.send(again)
        second = p.wait(lambda m: m.status == 200 and m.cseq[0] == 2)
        assert media_of(second) == media_of(ok)
        p.send(p.in_dialog("ACK", sent, second, 2))
        assert p.ask(p.in_dialog("OPTIONS", sent, ok, 1)).status == 500
        assert p.ask(p.in_dialog("INFO", sent, ok, 3)).status == 405
        hang_up(p, sent, ok)
        assert p.ask(p.in_dialog("BYE", sent, ok, 10)).status == 481


@flow("agent.no-audio", AGENT)
def no_audio(server):
    """Nothing in the offer that echo could send back: 488; a body that is no SDP: 415."""
    with caller(server) as p:
        sent = p.request("INVITE", f"sip:echo@{server.domain}", fields=[("Contact", f"<{p.contact}>")],
                         body=sip.sdp().replace(b"audio", b"video"))
        p.send(sent)
        p.send(ack_of(sent, p.wait(488)))
        sent = p.request("INVITE", f"sip:echo@{server.domain}", fields=[("Contact", f"<{p.contact}>"), ("Content-Type", "text/plain")])
        sent.body = b"hello"
        p.send(sent)
        refused = p.wait("final")
        assert refused.status == 415 and refused.get("accept") == "application/sdp", refused.text
        p.send(ack_of(sent, refused))


# ---- what goes wrong

@flow("agent.no-ack", {**AGENT, "transaction.t1": 50})
def no_ack(server):
    """No ACK: the 200 again and again, and after 64*T1 a BYE (RFC 3261 13.3.1.4)."""
    with caller(server) as p:
        p.invite(f"sip:echo@{server.domain}")
        p.wait(200)
        p.wait(200)
        bye = p.wait("BYE", 6)
        p.reply(bye, 200)
        assert len([m for m in p.seen if m.status == 200]) > 4


@flow("agent.duration", {**AGENT, "agent.duration": 2})
def duration(server):
    """The agent ends a call that lasts too long: BYE along the Route set, 480 for one that only rings."""
    with caller(server) as p:
        sent = p.invite(f"sip:echo@{server.domain}")
        ok = p.wait(200)
        p.send(p.in_dialog("ACK", sent, ok, 1))
        bye = p.wait("BYE", 4)
        assert sip.param(bye.get("from"), "tag") == sip.param(ok.get("to"), "tag") and bye.uri == p.contact
        p.reply(bye, 200)
        sent = p.invite(f"sip:ring@{server.domain}")
        p.send(ack_of(sent, p.wait(480, 4)))


@flow("agent.no-record-route", {**AGENT, "proxy.record_route": "off"})
def no_record_route(server):
    """Without Record-Route the Contact alone leads back to the call."""
    with caller(server) as p:
        sent = p.invite(f"sip:echo@{server.domain}", fields=[REL])
        early = p.wait(183)
        assert not early.get("record-route")
        assert prack(p, sent, early).status == 200
        ok = p.wait(200)
        p.send(p.in_dialog("ACK", sent, ok, 1))
        p.silent(1, lambda m: m.status == 200)
        hang_up(p, sent, ok)


@flow("agent.nobody", {"server.names": "127.0.0.1"})
def nobody(server):
    """Without agent.services nobody answers at echo."""
    with caller(server) as p:
        sent = p.invite(f"sip:echo@{server.domain}")
        final = p.wait("final")
        assert final.status in (404, 480), final.text
        p.send(ack_of(sent, final))


@flow("agent.flood", AGENT)
def flood(server):
    """A stranger is not answered while the caller speaks, and nobody gets more than he sends."""
    with caller(server) as p, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        for s in (rtp, other):
            s.bind(("127.0.0.1", take()))
            s.settimeout(0.3)
        sent = p.invite(f"sip:echo@{server.domain}")
        ok = p.wait(200)
        p.send(p.in_dialog("ACK", sent, ok, 1))
        rtp.sendto(packet(1), media_of(ok))
        assert rtp.recv(2000)
        other.sendto(packet(1), media_of(ok))
        try:
            other.recv(2000)
            raise AssertionError("a stranger was answered")
        except socket.timeout:
            pass
        for i in range(1000):
            rtp.sendto(packet(i), media_of(ok))
        count = 0
        try:
            while rtp.recv(2000):
                count += 1
        except socket.timeout:
            pass
        assert 50 <= count <= 600, count
        hang_up(p, sent, ok)
