# SPDX-License-Identifier: MIT
"""scale: transaction workers come and go while calls ring; the calls can still be cancelled and refused."""
import signal
import time

from kit.flow import flow
from kit.phone import Phone, ack_of, cancel_of

CALLS = 8  # of eight keys, at least one moves to another worker but once in a few hundred runs


def ringing(server, callee):
    """Calls that ring, each by a phone of its own: [(phone, INVITE sent, INVITE that arrived)]."""
    assert callee.register().status == 200
    out = []
    for _ in range(CALLS):
        p = Phone(server, server.name("c"))
        sent = p.invite(callee.aor)
        arrived = callee.wait("INVITE")
        callee.reply(arrived, 180, "Ringing")
        p.wait(180)
        out.append((p, sent, arrived))
    return out


def cancel_all(calls, callee):
    for p, sent, arrived in calls:
        p.send(cancel_of(sent))
        answer = p.wait(lambda m: m.status >= 200 and m.cseq[1] == "CANCEL")
        assert answer.status == 200, answer
        cancel = callee.wait(lambda m: m.method == "CANCEL" and m.get("call-id") == sent.get("call-id"))
        callee.reply(cancel, 200, "OK")
        callee.reply(arrived, 487, "Request Terminated")
        callee.wait("ACK")
        p.send(ack_of(sent, p.wait(487)))
    time.sleep(1.5)
    for p, sent, _ in calls:
        p.silent(0.1, lambda m: m.status == 487)  # its ACK has found it
        p.close()


@flow("scale.joined", {"server.drain": 10}, forms=["separate"], own=True)
def joined(server):
    """A second transaction worker joins while calls ring: CANCEL and ACK find the transactions of the first."""
    with server.phone() as callee:
        calls = ringing(server, callee)
        server.add("transaction")
        time.sleep(3)
        cancel_all(calls, callee)


@flow("scale.drained", {"server.drain": 20}, forms=["separate"], own=True, copies={"transaction": 2})
def drained(server):
    """One of two transaction workers drains while calls ring: its calls stay with it until they are over."""
    with server.phone() as callee:
        calls = ringing(server, callee)
        leaving = next(w for w in server.workers if w.name == "transaction.1")
        leaving.process.send_signal(signal.SIGTERM)
        time.sleep(2)
        assert leaving.alive(), "it left its calls behind"
        cancel_all(calls, callee)
        assert leaving.process.wait(10) == 0
        server.workers.remove(leaving)
