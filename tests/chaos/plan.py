# SPDX-License-Identifier: MIT
"""plan: one fault after another under load, and a row of the table for each.

A row counts what was begun before the fault apart from what was begun after it. A server has recovered when everything begun from
then on succeeds: the time is told from the fault, or from its end when it lasts, to the beginning of the last thing that failed.
"""
import time

from kit.server import Server
from kit.slow import Slow

from faults import faults
from load import Load

SHORT = ["SIGTERM proxy", "SIGHUP, a bad configuration", "kill -9 registrar", "Redis restarts", "kill -9 transaction"]
COPIES = {tier: 2 for tier in ("transaction", "proxy", "registrar", "transport")}
HEAD = "| fault | calls in progress: ringing, established | lost of these | new calls: failed of | registrations: refused or failed of, lost | slowest ring | recovered after |"


class Row:
    def __init__(self, name, fault, load, quiet):
        self.name, self.fault, self.load, self.quiet = name, fault, load, quiet
        self.before = load.mark()
        self.at, self.began, self.first_ring = len(load.results), time.monotonic(), len(load.rings)
        self.ended, self.wrong = None, []

    def results(self):
        return self.load.results[self.at:]

    def new(self, kind):
        return [r for r in self.results() if r[0] == kind and r[3] not in ("ringing", "up")]

    def lost(self, state):
        return sum(1 for r in self.results() if r[3] == state and r[5])

    def failed(self, kind):
        return [r for r in self.new(kind) if r[5]]

    def recovery(self):
        last = max((r[1] for r in self.failed("call") + self.failed("registration")), default=0)
        return max(0, last - (self.ended if self.ended - self.began > 1 else self.began))

    def settled(self):
        """Is all that was in progress over, and has nothing failed that was begun lately?"""
        now = time.monotonic()
        late = [r for r in self.failed("call") + self.failed("registration") if r[1] > now - self.quiet]
        return not self.load.marked() and not late and now - self.ended > self.quiet

    def judge(self):
        """What was promised and did not hold."""
        kept, say = self.fault.kept, self.wrong.append
        for state in ("ringing", "up"):
            if state in kept and self.lost(state):
                say(f"{self.lost(state)} calls lost that were {state}")
        if "new" in kept and self.failed("call"):
            say(f"{len(self.failed('call'))} new calls failed")
        if self.fault.registers and self.failed("registration"):
            say(f"{len(self.failed('registration'))} registrations failed")
        if self.missing and "wiped" not in self.name:
            say(f"{len(self.missing)} registrations lost")
        return self.wrong

    def text(self):
        ring = max((s for _, s in self.load.rings[self.first_ring:]), default=0)
        return (f"| {self.name} | {self.before['ringing']}, {self.before['up']} | {self.lost('ringing')}, {self.lost('up')} "
                f"| {len(self.failed('call'))} of {len(self.new('call'))} "
                f"| {len(self.failed('registration'))} of {len(self.new('registration'))}, {len(self.missing)} "
                f"| {ring:.1f} s | {self.recovery():.1f} s |")

    def run(self, server, most=40):
        ended = self.fault.run(server)
        lasts = next(ended)
        time.sleep(lasts)
        next(ended, None)
        self.ended = time.monotonic()
        while not self.settled() and time.monotonic() - self.ended < most:
            self.load.check()
            time.sleep(0.2)
        self.missing = self.load.lost_bindings()
        return self.judge()


class Plan:
    def __init__(self, names, bin_folder=None, keep=False, quiet=3, drain=15, **load):
        """quiet: seconds without a failure until the next fault; drain: seconds a leaving worker has."""
        for n in names:
            assert n in faults, f"no fault {n!r}; there are: {', '.join(faults)}"
        self.names, self.bin, self.keep, self.quiet, self.drain, self.load, self.wrong = names, bin_folder, keep, quiet, drain, load, []

    def run(self, say=print):
        """Every fault in turn; True when each kept what it promises."""
        server = Server("separate", {"log.level": "info", "server.drain": self.drain}, self.bin, self.keep, COPIES)
        server.dead = "192.0.2.1:5060"
        server.slow = Slow(server.redis.port)
        server.settings["redis.url"] = f"redis://127.0.0.1:{server.slow.port}/0"
        server.start()
        try:
            load = Load(server, **self.load).start()
            time.sleep(max(self.load.get("ring", (0, 3))[1], 2))
            say(HEAD + "\n|" + "---|" * HEAD.count(" | ") + "---|")
            for name in self.names:
                self.one(server, load, name, say)
            load.stop()
        finally:
            left = server.stop()
            server.slow.close()
        self.wrong += left
        for w in self.wrong:
            say(f"wrong: {w}")
        return not self.wrong

    def one(self, server, load, name, say):
        row = Row(name, faults[name], load, self.quiet)
        wrong = row.run(server)
        say(row.text())
        if wrong:
            self.wrong.append(f"{name}: {'; '.join(wrong)} [{load.reasons(row.results())}]")
