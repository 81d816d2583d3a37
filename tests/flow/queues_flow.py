# SPDX-License-Identifier: MIT
"""queues: the queue of a busy user across workers: one order, whoever holds the callers, and none of a worker that died (RFC 3262 3)."""
import json
import signal
import time

from agent_flow import REL, prack
from kit.flow import flow
from kit.phone import Phone
from queue_flow import accept, call, hang_up, is_busy, is_empty, policy, queued

CALLERS = 4  # hashed to two workers by their Call-IDs


def holders(server, b):
    """Who holds the callers, in the order of their coming: [worker id, ...]."""
    rows = server.redis.hash(f"queue:{b.aor[4:]}").items()
    return [who.split("-")[0] for _, who in sorted((int(value.split()[0]), who) for who, value in rows if "-" in who)]


def line_up(server, b, phones):
    """Each waits behind the one before: [INVITE sent]."""
    sent = []
    for n, p in enumerate(phones):
        sent.append(p.invite(b.aor, fields=[REL]))
        if not n:
            is_busy(b)
        early = queued(p, n)
        assert prack(p, sent[-1], early).status == 200
    return sent


@flow("queues.order", forms=["separate"], own=True, copies={"proxy": 2, "transaction": 2})
def order(server):
    """Four wait at two proxies; a PRACK finds the worker of its early dialog; they are put through in the order of their coming."""
    phones = [Phone(server, server.name("c")) for _ in range(CALLERS)]
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        assert b.register().status == 200
        policy(server, b.aor, queue=60)
        talk, talker = call(a, b), a
        sent = line_up(server, b, phones)
        assert len(holders(server, b)) == CALLERS
        for n, (p, mine) in enumerate(zip(phones, sent)):
            hang_up(talker, b, talk)
            arrived = b.wait("INVITE")
            assert arrived.get("call-id") == mine.get("call-id"), f"not the turn of {arrived.get('from')}"
            b.stash.insert(0, arrived)
            talk, talker = accept(p, b, mine), p
            for k in range(n + 1, CALLERS):
                assert prack(phones[k], sent[k], queued(phones[k], k - n - 1), cseq=3 + n).status == 200
        hang_up(talker, b, talk)
        assert is_empty(server, b)
    for p in phones:
        p.close()


@flow("queues.died", forms=["separate"], own=True, copies={"proxy": 2})
def died(server):
    """One of two proxies is killed: its callers leave the queue when their lease is over, the others move up and are put through."""
    phones = []
    with Phone(server, server.name("a")) as a, Phone(server, server.name("b")) as b:
        assert b.register().status == 200
        policy(server, b.aor, queue=60)
        talk = call(a, b)
        while len(phones) < 12 and len(set(holders(server, b))) < 2:
            p = Phone(server, server.name("c"))
            sent = p.invite(b.aor)
            if not phones:
                is_busy(b)
            queued(p, len(phones))
            phones.append((p, sent))
        held = holders(server, b)
        assert len(set(held)) == 2, held
        first = held[0]
        pid = json.loads(server.redis("HGET", "nodes", first))["pid"]
        dead = next(w for w in server.workers if w.process.pid == pid)
        dead.process.send_signal(signal.SIGKILL)
        dead.process.wait()
        server.workers.remove(dead)
        last, sent = phones[-1]
        queued(last, 0, timeout=25)
        time.sleep(0.1)
        hang_up(a, b, talk)
        hang_up(last, b, accept(last, b, sent))
    for p, _ in phones:
        p.close()
