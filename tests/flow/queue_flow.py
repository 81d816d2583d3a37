# SPDX-License-Identifier: MIT
"""queue: the proxy as user agent server of its own (RFC 3262 3): callers who wait for a busy user, or for a phone that sleeps."""
import json
import time

from agent_flow import REL, prack, reliable
from kit import sip
from kit.flow import flow
from kit.phone import Phone, ack_of, cancel_of
from kit.ports import take
from kit.relay import Relay
from kit.sipp import Sipp


def policy(server, aor, **fields):
    for name, value in fields.items():
        server.redis("HSET", f"policy:{aor[4:]}", name, str(value))


def call(a, b):
    """a and b talk; what the BYE of a needs."""
    sent = a.invite(b.aor)
    b.reply(b.wait("INVITE"), 200, "OK", body=sip.sdp())
    ok = a.wait(200)
    a.send(a.in_dialog("ACK", sent, ok, 1))
    b.wait("ACK")
    return sent, ok


def hang_up(a, b, talk):
    a.send(a.in_dialog("BYE", *talk, 2))
    b.reply(b.wait("BYE"), 200, "OK")
    assert a.wait(lambda m: m.cseq[1] == "BYE").status == 200


def call_one(server, b, phones):
    """Somebody talks to one of several phones: (his phone, INVITE, 200)."""
    a = Phone(server, server.name("t"))
    sent = a.invite(b.aor)
    arrived = {p: p.wait("INVITE") for p in phones}
    b.reply(arrived.pop(b), 200, "OK", body=sip.sdp())
    ok = a.wait(200)
    a.send(a.in_dialog("ACK", sent, ok, 1))
    b.wait("ACK")
    for p, m in arrived.items():
        p.reply(m, 486, "Busy Here")
        p.wait("ACK")
    return a, sent, ok


def is_empty(server, b):
    """Nobody waits for him any more, a moment after the last one was answered."""
    end = time.monotonic() + 2
    while server.redis("EXISTS", f"queue:{b.aor[4:]}") and time.monotonic() < end:
        time.sleep(0.02)
    return not server.redis("EXISTS", f"queue:{b.aor[4:]}")


def is_busy(b):
    b.reply(b.wait("INVITE"), 486, "Busy Here")
    b.wait("ACK")


def accept(a, b, sent):
    b.reply(b.wait("INVITE"), 200, "OK", body=sip.sdp())
    ok = a.wait(lambda m: m.status == 200 and m.cseq[1] == "INVITE")
    a.send(a.in_dialog("ACK", sent, ok, 1))
    b.wait("ACK")
    return sent, ok


def queued(a, ahead, timeout=5.0):
    m = a.wait(lambda m: m.status == 182 and (f"{ahead} ahead" in m.start if ahead else "next" in m.start), timeout)
    assert sip.param(m.get("to"), "tag") and "queue-" in m.get("contact"), m.text
    return m


@flow("queue.turn")
def turn(server):
    """Busy: 182 with the place, reliably; its PRACK is answered here; a BYE later the caller is forwarded, and answered."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b, Phone(server, server.name("c")) as c:
        assert b.register().status == 200
        policy(server, b.aor, queue=20)
        talk = call(a, b)
        sent = c.invite(b.aor, fields=[REL])
        is_busy(b)
        early = queued(c, 0)
        assert reliable(early), early.text
        assert prack(c, sent, early).status == 200
        assert prack(c, sent, early, cseq=3).status == 481          # nothing is unacknowledged any more
        b.silent(0.3)
        hang_up(a, b, talk)
        talk = accept(c, b, sent)
        c.silent(0.7, lambda m: m.status == 182)
        hang_up(c, b, talk)
        assert is_empty(server, b)


@flow("queue.places")
def places(server):
    """Three wait; each is told his place, and told again as the queue moves; who cancels leaves it; they come in their order."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b, Phone(server, server.name("c")) as c, \
            Phone(server, server.name("d")) as d, Phone(server, server.name("e")) as e:
        assert b.register().status == 200
        policy(server, b.aor, queue=20)
        talk = call(a, b)
        one = c.invite(b.aor)
        is_busy(b)
        queued(c, 0)
        two = d.invite(b.aor)                                        # somebody waits already: the phone is not even asked
        queued(d, 1)
        three = e.invite(b.aor, fields=[REL])
        early = queued(e, 2)
        assert prack(e, three, early).status == 200
        d.send(cancel_of(two))
        d.send(ack_of(two, d.wait(487)))
        again = queued(e, 1)                                         # he moved up, and is told in the same early dialog
        assert sip.param(again.get("to"), "tag") == sip.param(early.get("to"), "tag")
        assert int(again.get("rseq")) == int(early.get("rseq")) + 1
        assert prack(e, three, again, cseq=3).status == 200
        b.silent(0.2)
        hang_up(a, b, talk)
        talk = accept(c, b, one)
        assert prack(e, three, queued(e, 0), cseq=4).status == 200
        b.silent(0.3)
        hang_up(c, b, talk)
        hang_up(e, b, accept(e, b, three))
        assert is_empty(server, b)


@flow("queue.forks")
def forks(server):
    """The queue's early dialog and those of three phones that ring reliably: each PRACK is answered by whose it is (RFC 3262 4)."""
    user = server.name("b")
    with Phone(server, server.name("a")) as a, Phone(server, user) as b1, Phone(server, user) as b2, Phone(server, user) as b3:
        phones = [b1, b2, b3]
        for b in phones:
            assert b.register().status == 200
        policy(server, b1.aor, queue=20)
        talk = call_one(server, b1, phones)
        sent = a.invite(b1.aor, fields=[REL])
        for b in phones:
            is_busy(b)
        own = queued(a, 0)
        talk[0].send(talk[0].in_dialog("BYE", *talk[1:], 2))
        b1.reply(b1.wait("BYE"), 200, "OK")
        arrived = {b: b.wait("INVITE") for b in phones}
        for n, b in enumerate(phones):
            b.reply(arrived[b], 180, "Ringing", fields=[("Require", "100rel"), ("RSeq", str(100 * n + 7))])
        early = [a.wait(lambda m: m.status == 180) for _ in phones]
        assert len({sip.param(m.get("to"), "tag") for m in [own, *early]}) == 4
        for cseq, m in enumerate(early, 2):
            r = a.in_dialog("PRACK", sent, m, cseq)
            r.fields.append(("RAck", f"{m.get('rseq')} 1 INVITE"))
            a.send(r)
            mine = next(b for b in phones if f"u{b.port}" == sip.param(m.get("to"), "tag"))
            mine.reply(mine.wait("PRACK"), 200, "OK")
            assert a.wait(lambda x, c=cseq: x.cseq == (c, "PRACK")).status == 200
        assert prack(a, sent, own, cseq=5).status == 200            # late, and still the proxy's own
        for b in phones:
            b.silent(0.1, lambda m: m.method == "PRACK")
        b2.reply(arrived[b2], 200, "OK", body=sip.sdp())
        ok = a.wait(lambda m: m.status == 200 and m.cseq[1] == "INVITE")
        a.send(a.in_dialog("ACK", sent, ok, 1))
        for b in (b1, b3):
            b.reply(b.wait("CANCEL"), 200, "OK")
            b.reply(arrived[b], 487, "Request Terminated")
        b2.wait("ACK")
        talk[0].close()


@flow("queue.sipp", needs=["sipp"])
def by_sipp(server):
    """Twenty SIPp callers of a phone that sleeps: reliable 183 of the proxy, the first PRACK of each is lost, 480 when it does not wake."""
    lost, port = set(), take()

    def lose(m, to_server, _):
        first = to_server and m.method == "PRACK" and m.get("call-id") not in lost
        if first:
            lost.add(m.get("call-id"))
        return first

    relay = Relay(server, ("127.0.0.1", port), lose)
    try:
        with Phone(server, server.name("b")) as b:
            policy(server, b.aor, wake=2)
            Sipp(server, "caller_waits", port, calls=20, extra=["-r", "20"], peer=("127.0.0.1", relay.port), caller=server.name("a"),
                 callee=b.user).wait()
    finally:
        relay.close()
    assert len(relay.lost) == 20, relay.lost


@flow("queue.late")
def late(server):
    """Time is over: the 486 of the phone, and not before; no-queue (RFC 3841 9.1) and a 600 are told at once."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        assert b.register().status == 200
        policy(server, b.aor, queue=1)
        sent = a.invite(b.aor)
        began = time.monotonic()
        is_busy(b)
        queued(a, 0)
        final = a.wait("final")
        assert final.status == 486 and time.monotonic() - began > 0.9, final.text
        a.send(ack_of(sent, final))
        sent = a.invite(b.aor, fields=[("Request-Disposition", "no-queue")])
        is_busy(b)
        a.send(ack_of(sent, a.wait(486)))
        sent = a.invite(b.aor)
        b.reply(b.wait("INVITE"), 600, "Busy Everywhere")
        a.send(ack_of(sent, a.wait(600)))
        a.silent(0.1, lambda m: m.status == 182)


@flow("queue.lost", {"transaction.t1": "40"})
def unacknowledged(server):
    """The 182 is sent again after T1, doubling, the same bytes; nobody acknowledges it for 64*T1: 5xx (RFC 3262 3), and the place is free."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        assert b.register().status == 200
        policy(server, b.aor, queue=20)
        sent = a.invite(b.aor, fields=[REL])
        is_busy(b)
        began, seen = time.monotonic(), [queued(a, 0)]
        final = a.wait("final", 5)
        took = time.monotonic() - began
        assert final.status == 504 and 2.3 < took < 4, (final.text, took)
        a.send(ack_of(sent, final))
        seen += [m for m in a.stash if m.status == 182]
        assert len(seen) in (6, 7) and len({m.text for m in seen}) == 1, seen  # 0, 40, 120, 280, 600, 1240 and, before 2560, 2520 ms
        assert is_empty(server, b)


@flow("queue.bye")
def bye(server):
    """BYE in the early dialog of the queue (RFC 3261 15.1.2): 200, and 487 to the INVITE; what else comes there: 405."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        assert b.register().status == 200
        policy(server, b.aor, queue=20)
        sent = a.invite(b.aor)
        is_busy(b)
        early = queued(a, 0)
        a.send(a.in_dialog("INFO", sent, early, 2))
        refused = a.wait(lambda m: m.cseq[1] == "INFO")
        assert refused.status == 405 and refused.all("allow") == ["PRACK", "BYE"], refused.text
        a.send(a.in_dialog("BYE", sent, early, 3))
        assert a.wait(lambda m: m.cseq[1] == "BYE").status == 200
        a.send(ack_of(sent, a.wait(487)))


@flow("queue.registers")
def registers(server):
    """A phone that registers is free: who waits is forwarded to it."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b, Phone(server, b.user) as other:
        assert b.register().status == 200
        policy(server, b.aor, queue=20)
        sent = a.invite(b.aor)
        is_busy(b)
        queued(a, 0)
        assert other.register().status == 200
        is_busy(b)
        accept(a, other, sent)


@flow("queue.wake")
def wake(server):
    """No phone is there: 183, an event for whoever wakes phones, and as soon as one registers it rings (RFC 8599 in spirit)."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        policy(server, b.aor, wake=10)
        sent = a.invite(b.aor, fields=[REL])
        early = a.wait(183)
        assert prack(a, sent, early).status == 200
        assert b.register().status == 200
        accept(a, b, sent)


def sleeps(server, phone):
    """It registered with push parameters an hour ago; its Contact."""
    contact = f"sip:{phone.user}@{phone.place};pn-provider=acme;pn-param=peal;pn-prid=00fc13adff785122"
    assert phone.register(contact=contact).status == 200
    key = f"reg:{phone.aor[4:]}"
    field = next(f for f, v in server.redis.hash(key).items() if f.startswith("c:") and "pn-prid" in v)
    record = json.loads(server.redis("HGET", key, field))
    record["updated_at"] -= 3600
    server.redis("HSET", key, field, json.dumps(record, separators=(",", ":")))
    return contact


@flow("queue.push")
def push(server):
    """A phone with push parameters that has not been heard of lately sleeps: it is woken, not called, and called when it registers."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        policy(server, b.aor, wake=10)
        contact = sleeps(server, b)
        sent = a.invite(b.aor)
        a.wait(183)
        b.silent(0.3)
        event = server.redis("XREVRANGE", "events:wake", "+", "-", "COUNT", "1")
        assert b.aor[4:] in str(event) and "00fc13adff785122" in str(event) and sent.get("call-id") in str(event), event
        assert b.register(contact=contact).status == 200
        accept(a, b, sent)


@flow("queue.joins")
def joins(server):
    """One phone rings, another sleeps: it is woken, registers, and rings beside the first."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b, Phone(server, b.user) as other:
        policy(server, b.aor, wake=10)
        assert b.register().status == 200
        contact = sleeps(server, other)
        sent = a.invite(b.aor)
        ringing = b.wait("INVITE")
        b.reply(ringing, 180, "Ringing")
        a.wait(180)
        other.silent(0.2)
        assert other.register(contact=contact).status == 200
        accept(a, other, sent)
        b.reply(b.wait("CANCEL"), 200, "OK")
        b.reply(ringing, 487, "Request Terminated")
        b.wait("ACK")


@flow("queue.asleep")
def asleep(server):
    """It does not wake: 480 when the time is over; without a policy at once."""
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        sent = a.invite(b.aor)
        a.send(ack_of(sent, a.wait(480)))
        policy(server, b.aor, wake=1)
        sent = a.invite(b.aor)
        a.wait(183)
        a.send(ack_of(sent, a.wait(480)))
