# SPDX-License-Identifier: MIT
"""overload: workers that do not answer get nothing new; what is in progress is never refused."""
import signal
import time

from kit.flow import flow
from kit.phone import Phone, ack_of, cancel_of
from redis_flow import established, phones


def stop(server, tier):
    worker = next(w for w in server.workers if w.name.startswith(tier + "."))
    worker.process.send_signal(signal.SIGSTOP)
    return worker


def attempt(server, callee, patience=1.0):
    """One call by a fresh phone: its final status, or None while nobody says anything; it is cancelled then."""
    with Phone(server, server.name("d")) as d:
        sent = d.invite(callee.aor)
        try:
            answer = d.wait(lambda m: m.status > 100 and m.cseq[1] == "INVITE", patience)
        except AssertionError:
            d.send(cancel_of(sent))
            return None
        if answer.status >= 300:
            d.send(ack_of(sent, answer))
        return answer


def refused_soon(server, callee, within):
    """Calls are answered 503 with Retry-After before so long, and each at once from then on."""
    end, seen = time.monotonic() + within, []
    while len(seen) < 5:
        answer = attempt(server, callee)
        if answer and answer.status == 503:
            seen.append(int(answer.get("retry-after")))
        else:
            assert time.monotonic() < end and not seen, f"got {answer} after {seen}"
    assert all(1 <= s <= 10 for s in seen), seen


@flow("overload.stopped", {"server.drain": 5}, forms=["separate"], own=True, alone=True)
def stopped(server):
    """The only proxy hangs (SIGSTOP): new calls are 503 at once; REGISTER, ACK and BYE are not refused, and go through when it goes on."""
    with phones(server) as (a, b, c, call):
        worker = stop(server, "proxy")
        try:
            refused_soon(server, b, 2.5)
            assert c.register().status == 200
            bye = a.send(a.in_dialog("BYE", *call, 2))
            a.silent(0.3, lambda m: m.status == 503)
        finally:
            worker.process.send_signal(signal.SIGCONT)
        end = time.monotonic() + 4
        while True:
            try:
                b.reply(b.wait("BYE", 0.5), 200, "OK")
                break
            except AssertionError:
                assert time.monotonic() < end
                a.send(bye)
        assert a.wait("final").status == 200
        end = time.monotonic() + 5
        while (attempt(server, c) or bye).status not in (480, 180, 0):
            assert time.monotonic() < end
        with server.phone() as fresh:  # the others may still hear of calls from before
            assert fresh.register().status == 200
            established(server, a, fresh)


@flow("overload.passed-over", {"server.drain": 5}, forms=["separate"], own=True, copies={"proxy": 2}, alone=True)
def passed_over(server):
    """One of two proxies hangs: soon every new call goes to the other, and none is refused."""
    with phones(server) as (a, b, _, __):
        worker = stop(server, "proxy")
        try:
            end = time.monotonic() + 4
            well = 0
            while well < 10:
                sent = a.invite(b.aor)
                try:
                    b.reply(b.wait("INVITE", 0.5), 486, "Busy Here")
                    a.send(ack_of(sent, a.wait(486)))
                    well += 1
                except AssertionError:
                    assert time.monotonic() < end, f"{well} calls went well after the other proxy"
                    well = 0
        finally:
            worker.process.send_signal(signal.SIGCONT)
