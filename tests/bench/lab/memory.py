# SPDX-License-Identifier: MIT
"""memory: what each process of a server has resident, at rest, now, and while something runs."""
import re
import threading
import time

LINGER = 33  # seconds until the last transaction of a call has ended (64 T1, RFC 3261 17)
FIRST = 10000


def rss_kb(pid):
    try:
        with open(f"/proc/{pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
    except (OSError, AttributeError):
        return 0


def resident(server):
    """KB by process."""
    return {name: rss_kb(p.pid) for name, p in server.server}


class Watch:
    """Looks every half second, from `with` to its end; then at `seconds` gives what was resident then."""

    def __init__(self, server):
        self.server, self.seen, self.done = server, [], threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.done.is_set():
            self.seen.append((time.monotonic() - self.began, resident(self.server)))
            self.done.wait(0.5)

    def __enter__(self):
        self.began = time.monotonic()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def at(self, seconds):
        return next((kb for when, kb in self.seen if when >= seconds), self.seen[-1][1])

    def most(self, name, begin, end=float("inf")):
        return max((kb[name] for when, kb in self.seen if begin <= when < end), default=0)


def table(rest, watch, after, rate):
    """Markdown: MB of each process on its way through a steady run at this rate."""
    first = FIRST / rate
    full = first + LINGER
    out = ["| MB resident | at rest | after 10,000 calls | most until the first of them have ended | most from then on | 33 s after the last |",
           "|" + "---|" * 6]
    for name in rest:
        kb = [rest[name], watch.at(first)[name], watch.most(name, first, full), watch.most(name, full), after[name]]
        out.append(f"| {name} | " + " | ".join(f"{k / 1024:.1f}" if k else "-" for k in kb) + " |")
    return "\n".join(out)
