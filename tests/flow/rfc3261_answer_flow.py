# SPDX-License-Identifier: MIT
"""rfc3261_answer: CANCEL, ACK and responses that come odd, late, twice, or to somebody who is gone, by section, seen from the wire."""
import os
import re
import time

from kit import sip
from kit.dns import NameServer
from kit.ear import Ear
from kit.flow import flow
from kit.phone import Phone, ack_of, cancel_of
from rfc3261 import NAMES, SETTINGS, STATELESS, busy, callee, caller, changed, ended, itself, section


def ringing(a, b):
    """(INVITE sent, INVITE that arrived) of a call that rings."""
    sent = a.invite(b.aor)
    arrived = b.wait("INVITE")
    b.reply(arrived, 180, "Ringing")
    a.wait(180)
    return sent, arrived


@section("7.1-version")
def version(server):
    """7.1: SIP-Version is read in any case and sent in upper case, in requests and responses."""
    with caller(server) as a, callee(server) as b:
        r = a.request("MESSAGE", b.aor)
        r.start = r.start.replace("SIP/2.0", "sip/2.0")
        a.send(r)
        seen = b.wait("MESSAGE")
        assert seen.start.endswith(" SIP/2.0"), seen.text
        answer = b.answer(seen, 200, "OK")
        answer.start = "Sip/2.0 200 OK"
        b.send(answer)
        a.wait(lambda m: m.start == "SIP/2.0 200 OK")


@section("8.2.2.3-cancel-ack")
def never_refused(server):
    """8.2.2.3: whatever a CANCEL or an ACK requires, they are not refused; 16.3: nor is an ACK that has come too far."""
    odd = [("Require", "telepathy"), ("Proxy-Require", "telepathy")]
    with caller(server) as a, callee(server) as b:
        sent, arrived = ringing(a, b)
        cancel = cancel_of(sent)
        cancel.fields += odd
        a.send(cancel)
        ended(a, cancel, 200)
        b.reply(b.wait("CANCEL"), 200, "OK")
        b.reply(arrived, 487, "Request Terminated")
        answer = a.wait(487)
        ack = ack_of(sent, answer)
        ack.fields += odd
        a.send(ack)
        a.send(changed(a.request("ACK", "sip:nobody@example.com"), Max_Forwards="0"))
        a.silent(0.8, lambda m: m.status > 100)


@flow("rfc3261.18.2.2-address", dict(SETTINGS, **{"transport.listen": "udp* tcp", "transport.advertise": "127.0.0.1"}))
def from_the_address_asked(server):
    """18.2.2: on a server with several addresses an answer comes from the one that was asked: a NAT lets in no other."""
    with callee(server) as b, caller(server, peer=("127.0.0.9", server.port)) as a:
        a.sock.connect(a.peer)
        ended(a, a.invite("sip:nobody@example.com"), 480)
        options = a.request("OPTIONS", itself(server))
        a.send(options)
        ended(a, options, 200)
        assert a.register().status == 200
        sent, arrived = ringing(a, b)
        b.reply(arrived, 200, "OK")
        assert a.wait(200).get("cseq") == sent.get("cseq")


@section("9.1-cancel")
def cancel_is_made(server):
    """9.1, 16.10: our CANCEL is made of the INVITE we sent; 9.2: the 200 to one has the To tag of its repetition, too."""
    with caller(server) as a, callee(server) as b:
        sent, arrived = ringing(a, b)
        cancel = cancel_of(sent)
        a.send(cancel)
        first = ended(a, cancel, 200)
        a.send(cancel)
        again = ended(a, cancel, 200)
        tag = sip.param(first.get("to"), "tag")
        assert tag and tag == sip.param(again.get("to"), "tag"), again.text
        seen = b.wait("CANCEL")
        assert seen.all("via") == arrived.all("via")[:1] and seen.uri == arrived.uri, seen.text
        assert all(seen.get(n) == arrived.get(n) for n in ("from", "to", "call-id")) and seen.cseq[0] == arrived.cseq[0], seen.text
        assert not seen.get("contact") and not seen.get("require") and not seen.get("record-route"), seen.text
        b.reply(seen, 200, "OK")
        b.reply(arrived, 487, "Request Terminated")
        ended(a, sent, 487)
        b.silent(0.3, lambda m: m.method == "CANCEL")


@section("9.2-no-invite")
def cancel_of_another(server):
    """9.2: a CANCEL of what is no INVITE is answered and does nothing."""
    with caller(server) as a, callee(server) as b:
        r = a.send(a.request("MESSAGE", b.aor))
        seen = b.wait("MESSAGE")
        cancel = a.send(cancel_of(r))
        ended(a, cancel, 200)
        b.silent(0.3)
        b.reply(seen, 200, "OK")
        ended(a, r, 200)


@section("9.2-tag")
def cancel_tag(server):
    """9.2: nobody is asked yet, for no name server answers: the 200 to the CANCEL and the 487 to the INVITE have one To tag."""
    with caller(server) as a, NameServer(NAMES, "hole.test DROP"):
        sent = a.invite("sip:bob@hole.test")
        a.wait(100)
        cancel = a.send(cancel_of(sent))
        tag = sip.param(ended(a, cancel, 200).get("to"), "tag")
        assert tag and tag == sip.param(ended(a, sent, 487).get("to"), "tag")


@section("12.2.2-no-dialog")
def no_dialog(server):
    """12.2.2: a request inside a dialog that the server is not in: 481, To as it was."""
    with caller(server) as a:
        for method in ("INVITE", "BYE", "UPDATE", "PRACK", "NOTIFY"):
            r = a.request(method, itself(server))
            r = a.send(changed(r, To=r.get("to") + ";tag=gone"))
            answer = ended(a, r, 481)
            assert answer.get("to") == r.get("to"), answer.text


@section("16.7-after-cancel")
def answered_after_all(server):
    """16.7 step 5, 9.1: the callee takes the call although it was cancelled: the 200 goes back, the ACK to him."""
    with caller(server) as a, callee(server) as b:
        sent, arrived = ringing(a, b)
        a.send(cancel_of(sent))
        b.reply(b.wait("CANCEL"), 200, "OK")
        b.reply(arrived, 200, "OK")
        answer = a.wait(lambda m: m.status == 200 and m.cseq[1] == "INVITE")
        a.send(a.in_dialog("ACK", sent, answer, 1))
        b.wait("ACK")


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
        ack = b.wait("ACK")
        assert ack.cseq[0] == 1 and sip.param(ack.get("via"), "branch") == sip.param(first.get("via"), "branch"), ack.text


@section("18.2.2-stateless")
def stateless_connection(server):
    """18.2.2, 16.11: who calls a stateless domain over a connection hears by that connection; nobody could open another one to him."""
    with caller(server, proto="ws") as a, callee(server, domain=STATELESS) as b:
        sent = a.invite(b.aor)
        busy(b, b.wait("INVITE"))
        ended(a, sent, 486)


@section("17.1.1.3-ack")
def ack_hop_by_hop(server):
    """17.1.1.3: our ACK for a 486: one Via, the INVITE's, the To of the response; 17.1.1.2: again for its copy, which goes no further."""
    with caller(server) as a, callee(server) as b:
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        refused = b.reply(arrived, 486, "Busy Here")
        for _ in range(2):
            ack = b.wait("ACK")
            assert ack.all("via") == arrived.all("via")[:1] and ack.get("to") == refused.get("to"), ack.text
            assert ack.uri == arrived.uri and ack.cseq == (arrived.cseq[0], "ACK") and not ack.body, ack.text
            b.send(refused)
        ended(a, sent, 486)
        a.silent(0.3, lambda m: m.status == 486)


@section("17.2.1-repeated")
def repeated_invite(server):
    """17.2.1: an INVITE again: what was last said is said again; after the ACK nothing; RFC 6026 7.1: after a 200 nothing."""
    with caller(server) as a, callee(server) as b:
        sent, arrived = ringing(a, b)
        a.send(sent)
        a.wait(180)
        busy(b, arrived)
        a.wait(486)
        a.send(sent)
        answer = a.wait(486)
        a.send(ack_of(sent, answer))
        a.send(sent)
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        b.reply(arrived, 200, "OK")
        answer = a.wait(200)
        a.send(sent)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        b.wait("ACK")
        b.silent(0.3, lambda m: m.method == "INVITE")
        a.silent(0.3, lambda m: m.status == 486)


@section("17.2.2-repeated")
def repeated_message(server):
    """17.2.2: a MESSAGE again: swallowed while it is on its way, then the same answer, byte for byte; a later one is nobody's."""
    with caller(server) as a, callee(server) as b:
        r = a.send(a.request("MESSAGE", b.aor))
        seen = b.wait("MESSAGE")
        a.send(r)
        b.silent(0.2)
        b.reply(seen, 200, "OK")
        first = ended(a, r, 200)
        a.send(r)
        assert ended(a, r, 200).text == first.text
        b.reply(seen, 500, "Too late")
        a.silent(0.3)
        assert sum(m.method == "MESSAGE" for m in b.seen) == 1, b.seen


def until_noticed(server, phone, how):
    """Until a transport saw that he says no more."""
    line = re.compile(rf"conn\.{how} .*{phone.host}:{phone.port} ")
    end = time.monotonic() + 5
    while not any(line.search(server.text(os.path.basename(w.log))) for w in server.workers):
        assert time.monotonic() < end, f"nobody noticed that {phone.place} closed"
        time.sleep(0.02)


@section("18.2.2-gone")
def gone(server):
    """18.2.2: the caller's connection is gone when the answer comes, which shows only then: it takes a new one, to where his Via says he listens."""
    with callee(server) as b, Ear(server, server.name("a")) as ear:
        with caller(server, proto="tcp") as a:
            r = a.send(changed(a.request("MESSAGE", b.aor), Via=f"SIP/2.0/TCP pc.invalid:{ear.port};branch={sip.branch()}"))
            seen = b.wait("MESSAGE")
        until_noticed(server, a, "finish")
        b.reply(seen, 200, "OK")
        ended(ear, r, 200)


@section("18.1.1-callee-closed")
def callee_closed(server):
    """18.1.1, 9.1: the callee closes the connection the call came by: CANCEL, ACK and BYE take a new one to his Contact."""
    with caller(server) as a, Ear(server, server.name("b")) as b:
        for answered in (False, True):
            with Phone(server, b.user, proto="tcp") as line:
                line.call_id, line.cseq = b.call_id, b.cseq
                assert line.register(contact=b.contact).status == 200
                b.cseq = line.cseq
                sent = a.invite(b.aor)
                arrived = line.wait("INVITE")
                b.send(b.answer(arrived, 200 if answered else 180, "Yes"), way=(line.sock, None))
                answer = a.wait(200 if answered else 180)
            until_noticed(server, line, "close")
            if answered:
                a.send(a.in_dialog("ACK", sent, answer, 1))
                b.wait("ACK")
                bye = a.send(a.in_dialog("BYE", sent, answer, 2))
                b.reply(b.wait("BYE"), 200, "OK")
                ended(a, bye, 200)
                continue
            ended(a, a.send(cancel_of(sent)), 200)
            cancel = b.wait("CANCEL")
            b.reply(cancel, 200, "OK")
            b.send(b.answer(arrived, 487, "Request Terminated"), way=cancel.way)
            b.wait("ACK")
            ended(a, sent, 487)


@section("18.2.2-maddr")
def by_maddr(server):
    """18.2.2: a Via with maddr: the answer goes there, to the port of the sent-by."""
    with caller(server) as a, Phone(server, "there", host="127.0.0.2") as there:
        r = a.send(changed(a.request("OPTIONS", itself(server)),
                           Via=f"SIP/2.0/UDP {a.host}:{there.port};maddr={there.host};branch={sip.branch()}"))
        ended(there, r, 200)
        a.silent(0.1)


@section("4320-not-invite")
def not_invite(server):
    """RFC 4320 4: for what is no INVITE no 1xx, and no 408, goes back; the answer that counts does."""
    with caller(server) as a, callee(server) as b:
        r = a.send(a.request("INFO", b.aor))
        seen = b.wait("INFO")
        b.reply(seen, 183, "Session Progress")
        a.silent(0.3)
        b.reply(seen, 200, "OK")
        ended(a, r, 200)
        a.send(a.request("INFO", b.aor))
        b.reply(b.wait("INFO"), 408, "Request Timeout")
        a.silent(0.3)


@section("5393-breadth")
def breadth(server):
    """RFC 5393 5.3.3: Max-Breadth 1: one phone after the other; 0: 440; 60 is what is shared when nothing is said."""
    with caller(server) as a, callee(server) as b, Phone(server, server.name("c")) as c:
        c.user = b.user
        assert c.register().status == 200
        ended(a, a.invite(b.aor, fields=[("Max-Breadth", "0")]), 440)
        sent = a.invite(b.aor)
        shares = [p.wait("INVITE") for p in (b, c)]
        assert sum(int(m.get("max-breadth")) for m in shares) <= 60, shares
        for p, m in zip((b, c), shares):
            busy(p, m)
        ended(a, sent, 486)
        sent = a.invite(b.aor, fields=[("Max-Breadth", "1")])
        first, second = sorted((b, c), key=lambda p: not rings(p))
        second.silent(0.2, lambda m: m.method == "INVITE")
        busy(first, first.stash.pop())
        busy(second, second.wait("INVITE"))
        ended(a, sent, 486)


def rings(phone):
    """Does it? What came is kept."""
    try:
        phone.stash.append(phone.wait("INVITE", 0.3))
    except AssertionError:
        return False
    return True
