# SPDX-License-Identifier: MIT
"""call: one call, both its ends, and what may go wrong with it.

    asking --180--> ringing --200, ACK--> up --BYE--> ending --200, and the callee saw ACK and BYE--> over
"""
import time

from kit import sip
from kit.phone import ack_of

T1, T2 = 0.5, 4.0


class Repeat:
    """A request or 200 that is sent again as over UDP (RFC 3261 17.1.1.2, 17.1.2.2, 13.3.1.4)."""
    def __init__(self, clockwork, send, most=T2):
        self.clockwork, self.send, self.most, self.interval = clockwork, send, most, T1
        send()
        self.timer = clockwork.after(T1, self._again)

    def _again(self):
        self.send()
        self.interval = min(2 * self.interval, self.most)
        self.timer = self.clockwork.after(self.interval, self._again)

    def stop(self):
        self.timer.cancel()


class Call:
    def __init__(self, load, caller, callee, ring, hold):
        self.load, self.caller, self.callee, self.ring, self.hold = load, caller, callee, ring, hold
        self.state, self.began, self.at_fault = "asking", time.monotonic(), None
        self.arrived = self.last = self.answer = None       # at the callee: INVITE, what was said to it; at the caller: the 200
        self.acked = self.ended = self.bye_answered = False # the callee has the ACK, the BYE; the caller has its answer
        self.asks = self.answers = None                     # Repeats of the caller and of the callee
        self.invite = caller.request("INVITE", callee.aor, fields=[("Contact", f"<{caller.contact}>")], body=sip.sdp())
        self.id = self.invite.get("call-id")
        self.tag = sip.fresh("t")
        self.deadline = load.clockwork.after(load.patience, lambda: self.fail("no answer to INVITE"))
        self.asks = Repeat(load.clockwork, lambda: caller.send(self.invite), most=64)

    # ---- the end

    def over(self, why=None):
        if self.state == "over":
            return
        state, self.state = self.state, "over"
        for r in (self.asks, self.answers):
            if r:
                r.stop()
        self.deadline.cancel()
        self.load.ended(self, state, why)

    def fail(self, why):
        self.over(why)

    def wait_for(self, seconds, what):
        self.deadline.cancel()
        self.deadline = self.load.clockwork.after(seconds, lambda: self.fail(what))

    # ---- the caller

    def answered(self, m):
        number, method = m.cseq
        if m.get("from") != self.invite.get("from"):
            return self.fail("the answer's From is another")
        if method == "BYE":
            return self._bye_answered(m)
        if m.status == 100 and self.state == "asking":
            self.asks.stop()
        elif m.status < 200 and self.state == "asking":
            self.asks.stop()
            self.state = "ringing"
            self.load.rang(self)
            self.wait_for(self.ring + self.load.patience, "180, and nothing after it")
        elif 200 <= m.status < 300:
            self._up(m)
        elif m.status >= 300:
            self.caller.send(ack_of(self.invite, m))
            self.fail(str(m.status))
        return None

    def _up(self, m):
        if self.state in ("asking", "ringing"):
            self.asks.stop()
            self.state, self.answer = "up", m
            if m.body != self.body or sip.param(m.get("to"), "tag") != self.tag:
                return self.fail("the 200 is not what the callee said")
            self.deadline.cancel()
            self.load.clockwork.after(self.hold, self._hang_up)
        if self.state in ("up", "ending"):
            self.caller.send(self.caller.in_dialog("ACK", self.invite, self.answer, self.invite.cseq[0]))
        return None

    def _hang_up(self):
        if self.state != "up":
            return
        self.state = "ending"
        bye = self.caller.in_dialog("BYE", self.invite, self.answer, self.invite.cseq[0] + 1)
        self.wait_for(self.load.patience, "no answer to BYE")
        self.asks = Repeat(self.load.clockwork, lambda: self.caller.send(bye))

    def _bye_answered(self, m):
        if self.state != "ending" or m.status < 200:
            return
        self.asks.stop()
        if m.status != 200:
            return self.fail(f"{m.status} to BYE")
        self.bye_answered = True
        return self._look()

    # ---- the callee

    @property
    def body(self):
        return sip.sdp(port=20000 + int(self.tag[-3:], 16))

    def asked(self, m):
        if m.method == "INVITE":
            self._invited(m)
        elif m.method == "ACK":
            self.acked = True
            if self.answers:
                self.answers.stop()
        elif m.method == "BYE":
            self.ended = True
            self.callee.send(sip.reply(m, 200, "OK"))
            self._look()
        elif m.method == "CANCEL":
            self.callee.send(sip.reply(m, 200, "OK"))

    def _invited(self, m):
        if self.arrived:
            same = m.get("via") == self.arrived.get("via")
            if same and self.last:
                self.callee.send(self.last)
            elif not same:  # RFC 3261 8.2.2.2
                self.callee.send(sip.reply(m, 482, "Loop Detected", self.tag))
            return
        self.arrived = m
        wrong = self._fault_of(m)
        if wrong:
            self.fail(wrong)
            return
        self._say(180, "Ringing")
        self.load.clockwork.after(self.ring, self._pick_up)

    def _fault_of(self, m):
        """What a proxy must and must not change (RFC 3261 16.6)."""
        checks = (("Request-URI", m.uri == self.callee.contact), ("body", m.body == self.invite.body),
                  ("Max-Forwards", int(m.get("max-forwards")) < 70), ("Via", len(m.all("via")) == 2),
                  ("To", m.get("to") == self.invite.get("to")), ("Record-Route", bool(m.get("record-route"))))
        return next((f"{name} of the INVITE at the callee is wrong" for name, good in checks if not good), None)

    def _say(self, status, reason, body=b""):
        self.last = self.callee.answer(self.arrived, status, reason, body, tag=self.tag)
        self.callee.send(self.last)

    def _pick_up(self):
        if self.state == "over":
            return
        self._say(200, "OK", self.body)
        self.answers = Repeat(self.load.clockwork, lambda: self.callee.send(self.last))

    # ---- both

    def _look(self):
        if self.bye_answered and self.ended:
            self.over(None if self.acked else "the callee never got the ACK")
