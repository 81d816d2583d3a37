# SPDX-License-Identifier: MIT
"""load: users who register again and again and call each other, so many calls at a time; each call and registration is judged.

    register  every user in turn; what a 200 promised is read back from Redis
    call      closed loop: when one ends, the next begins
"""
import json
import random
import socket
import time

from kit import sip
from kit.phone import Phone

from call import Call, Repeat
from clockwork import Clockwork

SOCKETS = 8
FLIGHT = 0.02  # seconds between two beginnings, so that a burst is no fault of ours


class User(Phone):
    """A phone that shares its socket with others."""
    def __init__(self, server, name, shared):
        self.shared = shared
        super().__init__(server, name, port=shared.getsockname()[1])
        self.promised = 0       # CSeq of the last REGISTER that was answered 200
        self.pending = None

    def open(self):
        return self.shared


class Registration:
    """One REGISTER until its answer."""
    def __init__(self, load, user):
        self.load, self.user, self.began, self.at_fault = load, user, time.monotonic(), None
        user.cseq += 1
        user.pending = self
        self.request = user.request("REGISTER", f"sip:{user.domain}", to=user.aor, call_id=user.call_id, cseq=user.cseq,
                                    from_tag=user.tag, fields=[("Contact", f"<{user.contact}>"), ("Expires", "3600")])
        self.deadline = load.clockwork.after(load.patience, lambda: self.over("no answer to REGISTER"))
        self.asks = Repeat(load.clockwork, lambda: user.send(self.request))

    def answered(self, m):
        if m.status < 200 or m.get("cseq") != self.request.get("cseq"):
            return
        if m.status == 200:
            here = [c for c in m.all("contact") if sip.uri_of(c) == self.user.contact]
            self.user.promised = self.user.cseq
            self.over(None if here else "the 200 to REGISTER does not list the contact")
        else:
            self.over(str(m.status) + ("" if m.status != 503 or m.get("retry-after") else " without Retry-After"))

    def over(self, why):
        self.asks.stop()
        self.deadline.cancel()
        self.user.pending = None
        self.load.registered(self, why)


class Load:
    def __init__(self, server, calls=60, users=60, ring=(0.2, 3), hold=(0.5, 3), registers=20, patience=20):
        self.server, self.most, self.ring, self.hold, self.patience = server, calls, ring, hold, patience
        self.gap = 1 / registers
        self.clockwork = Clockwork()
        self.socks = [self._open() for _ in range(SOCKETS)]
        self.users = [User(server, server.name("chaos"), self.socks[i % SOCKETS]) for i in range(users)]
        self.calls, self.by_call_id, self.turn, self.busy = {}, {u.call_id: u for u in self.users}, 0, True
        self.random = random.Random(1)
        self.results = []       # (kind, began, ended, state at the fault, state it ended in, why)
        self.rings = []         # (began, seconds until it rang)

    def _open(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((self.server.host, 0))
        self.clockwork.hear(s, self._take)
        return s

    # ---- life

    def start(self):
        self.clockwork.after(0, self._register_next)
        self.clockwork.start()
        end = time.monotonic() + 30
        while not all(u.promised for u in self.users):
            self.check()
            assert time.monotonic() < end, f"users could not register: {self.reasons(self.results)}"
            time.sleep(0.1)
        self.clockwork.after(0, self._call_next)
        return self

    def check(self):
        if self.clockwork.error:
            raise self.clockwork.error

    def stop(self):
        """No new ones; those under way may end."""
        self.busy = False
        end = time.monotonic() + self.patience + self.ring[1] + self.hold[1]
        while self.calls and time.monotonic() < end and not self.clockwork.error:
            time.sleep(0.1)
        self.clockwork.stop()
        for s in self.socks:
            s.close()
        self.check()

    # ---- beginnings

    def _register_next(self):
        if not self.busy:
            return
        user = self.users[self.turn % len(self.users)]
        self.turn += 1
        if not user.pending:
            Registration(self, user)
        self.clockwork.after(self.gap, self._register_next)

    def _call_next(self):
        if not self.busy:
            return
        if len(self.calls) < self.most:
            a, b = self.random.sample(self.users, 2)
            call = Call(self, a, b, self.random.uniform(*self.ring), self.random.uniform(*self.hold))
            self.calls[call.id] = call
        self.clockwork.after(FLIGHT / 4, self._call_next)

    # ---- what happens

    def _take(self, data, _):
        if not data.strip(b"\r\n\0"):
            return
        m = sip.Msg.parse(data)
        call = self.calls.get(m.get("call-id"))
        if call:
            (call.answered if m.status else call.asked)(m)
        elif m.status and m.get("call-id") in self.by_call_id:
            pending = self.by_call_id[m.get("call-id")].pending
            if pending:
                pending.answered(m)

    def rang(self, call):
        self.rings.append((call.began, time.monotonic() - call.began))

    def ended(self, call, state, why):
        del self.calls[call.id]
        self.results.append(("call", call.began, time.monotonic(), call.at_fault, state, why))

    def registered(self, registration, why):
        self.results.append(("registration", registration.began, time.monotonic(), registration.at_fault, "", why))

    # ---- what the plan asks; from its own thread

    def mark(self):
        """What is in progress now, remembered as such: {state: how many}. A call or registration without any answer yet is "asking"."""
        found = {"asking": 0, "ringing": 0, "up": 0}
        for one in self.in_progress():
            state = getattr(one, "state", "asking")
            one.at_fault = "up" if state == "ending" else state
            found[one.at_fault] = found.get(one.at_fault, 0) + 1
        return found

    def in_progress(self):
        return [*self.calls.values(), *(u.pending for u in self.users if u.pending)]

    def marked(self):
        return sum(1 for one in self.in_progress() if one.at_fault)

    def lost_bindings(self):
        """Users whose registration was answered 200 and is not, or is older, in Redis."""
        lost = []
        for u in self.users:
            promised = u.promised
            stored = [json.loads(v) for k, v in self.server.bindings(u.aor[4:]).items()]
            if promised and not any(b["contact"] == u.contact and b["cseq"] >= promised for b in stored):
                lost.append(u.aor)
        return lost

    @staticmethod
    def reasons(results):
        out = {}
        for r in results:
            if r[5]:
                what = f"{r[0]}: {r[5]}" + (f" ({r[4]})" if r[4] else "")
                out[what] = out.get(what, 0) + 1
        return ", ".join(f"{n} {what}" for what, n in sorted(out.items()))
