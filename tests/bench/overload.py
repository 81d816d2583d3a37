#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Overload: what a server does at twice and five times what it can, and how soon all is well when the load ends.

    tests/bench/overload.py                   peal-node and five workers, UDP; a Markdown table
    tests/bench/overload.py --form node --seconds 10 --share 30
    FLOW_BIN=build/bin tests/bench/overload.py

The server has 40 % of one CPU (a control group; --share), storm (the load) all of another, so that storm can offer five times the capacity
and look at every answer. Capacity: calls in a closed loop. Then storm begins calls at a fixed rate whatever the server does, each repeated as
over UDP and given up after 4 s; goodput is the calls that went well to their BYE. Then half the capacity: recovered when a second passes
in which nothing fails. Datagrams that a full receive buffer cost are told for each side. Numbers, no verdict.
"""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE)]

from kit.ports import take  # noqa: E402  (the path comes first)
from kit.server import Server  # noqa: E402
from kit.storm import find_storm  # noqa: E402
from lab.quota import NoQuota, Quota  # noqa: E402

AORS = 1000
HEADS = ["form", "capacity, calls/s", "offered, times that", "begun, calls/s", "went well, calls/s", "of capacity", "refused 503, /s",
         "failed otherwise, /s", "answer, median", "99 %", "server's CPU a good call", "storm's CPU", "lost by the server, /s", "by storm, /s",
         "recovered after"]


class Load:
    def __init__(self, server, quota, args):
        self.server, self.quota = server, quota
        self.base = ["taskset", "-c", args.cpus.split(",")[1], find_storm(server.bin), "call", "--target", f"{server.host}:{server.port}",
                     "--domain", server.domain, "--aors", str(AORS), "--callers", str(args.callers), "--callees", "1", "--callee-port", str(take()),
                     "--timeout", "4000", "--pool", "400000", "--drain", "0", *[f"--pid={w.name}={w.process.pid}" for w in server.workers]]

    def run(self, *more):
        """One line for each window."""
        with subprocess.Popen([*self.base, *more], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as p:
            self.quota.take(p.pid)
            return [json.loads(x) for x in p.stdout if x.startswith("{")]

    def lost(self):
        """Datagrams for the server that its socket had no room for."""
        with open("/proc/net/udp") as f:
            rows = [x.split() for x in f.readlines()[1:]]
        return sum(int(r[-1]) for r in rows if r[1].endswith(f":{self.server.port:04X}"))


def recovery(load, capacity):
    """Seconds of half the capacity until one without a failure begins."""
    windows = load.run("--rate", f"{capacity / 2:.0f}", "--warmup", "0", "--window", "0.5", "--windows", "12")
    bad = [i for i, w in enumerate(windows) if w["failed"]]
    return (bad[-1] + 1) / 2 if bad else 0


def row(form, capacity, times, w, lost, again):
    """The cells of a line, by HEADS."""
    seconds, refused, answer = w["seconds"], w["statuses"].get("503", 0), w.get("answer_us", {})
    return [form, f"{capacity:.0f}", f"{times:g}", f"{w['started'] / seconds:.0f}", f"{w['ops_per_s']:.0f}", f"{100 * w['ops_per_s'] / capacity:.0f} %",
            f"{refused / seconds:.0f}", f"{(w['failed'] - refused) / seconds:.0f}", f"{answer.get('p50', 0) / 1000:.0f} ms",
            f"{answer.get('p99', 0) / 1000:.0f} ms", f"{w['cpu_us_per_op']:.0f} us", f"{w['storm_cpu_pct']:.0f} %", f"{lost / seconds:.0f}",
            f"{w['lost'] / seconds:.0f}", f"{again:.1f} s"]


def measure(form, args):
    server = Server(form, {"log.level": "warning", "server.drain": 2})
    server.start()
    pids = [w.process.pid for w in server.workers]
    for pid in pids:
        subprocess.run(["taskset", "-acp", args.cpus.split(",")[0], str(pid)], capture_output=True, check=True)
    try:
        with (Quota("server", args.share) if args.share else NoQuota()) as share, (Quota("storm", 100) if args.share else NoQuota()) as rest:
            for pid in pids:
                share.take(pid)
            load = Load(server, rest, args)
            least = load.run("--prepare", "--conc", str(args.conc), "--warmup", "2", "--window", str(args.seconds))[-1]
            capacity = least["ops_per_s"]
            print(f"{form}: capacity {capacity:.0f} calls/s, {least['cpu_us_per_op']:.0f} us of CPU a call, the server busy {least['server_cpu_pct']:.0f} %, "
                  f"storm {least['storm_cpu_pct']:.0f} %", file=sys.stderr, flush=True)
            for times in args.times:
                before = load.lost()
                w = load.run("--rate", f"{times * capacity:.0f}", "--warmup", "4", "--window", str(args.seconds))[-1]
                lost = (load.lost() - before) * args.seconds / (args.seconds + 4)
                print("| " + " | ".join(row(form, capacity, times, w, lost, recovery(load, capacity))) + " |", flush=True)
    finally:
        wrong = server.stop()
    print("\n".join(wrong), end="")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--form", action="append", choices=["node", "separate"], help="may be repeated (default both)")
    p.add_argument("--times", action="append", type=float, help="how often the capacity is offered; may be repeated (default 2 and 5)")
    p.add_argument("--seconds", type=float, default=5, help="of each measurement (default 5)")
    p.add_argument("--share", type=float, default=40, help="of its CPU that the server has, in percent (default 40; 0: no control group, for who is not root)")
    p.add_argument("--conc", type=int, default=64, help="calls in hand when the capacity is measured (default 64)")
    p.add_argument("--callers", type=int, default=4, help="addresses that calls come from (default 4)")
    p.add_argument("--cpus", default="0,1", help="of the server and of storm (default 0,1)")
    args = p.parse_args()
    args.times = args.times or [2, 5]
    print("| " + " | ".join(HEADS) + " |\n|" + "---|" * len(HEADS))
    for form in args.form or ["node", "separate"]:
        measure(form, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
