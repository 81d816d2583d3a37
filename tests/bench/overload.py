#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Overload: what a server does at twice and five times what it can, and how soon all is well when the load ends.

    tests/bench/overload.py                   peal-node and five workers, UDP; a Markdown table
    tests/bench/overload.py --form node --seconds 10
    FLOW_BIN=build/bin tests/bench/overload.py

The server has one CPU, storm (the load) another. Capacity: calls in a closed loop. Then storm begins calls at a fixed rate whatever
the server does, each repeated as over UDP and given up after 4 s; goodput is the calls that went well to their BYE. Then half the
capacity: recovered when a second passes in which nothing fails. Numbers, no verdict.
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

AORS = 1000


class Load:
    def __init__(self, server, cpu):
        self.base = ["taskset", "-c", cpu, find_storm(server.bin), "call", "--target", f"{server.host}:{server.port}", "--domain", server.domain,
                     "--aors", str(AORS), "--callees", "1", "--callee-port", str(take()), "--timeout", "4000", "--drain", "0"]

    def run(self, *more):
        """One line for each window."""
        done = subprocess.run([*self.base, *more], capture_output=True, text=True)
        return [json.loads(x) for x in done.stdout.splitlines() if x.startswith("{")]


def recovery(load, capacity):
    """Seconds of half the capacity until one without a failure begins."""
    windows = load.run("--rate", f"{capacity / 2:.0f}", "--warmup", "0", "--window", "0.5", "--windows", "12")
    bad = [i for i, w in enumerate(windows) if w["failed"]]
    return (bad[-1] + 1) / 2 if bad else 0


def measure(form, args):
    server = Server(form, {"log.level": "warning", "server.drain": 2})
    server.start()
    for w in server.workers:
        subprocess.run(["taskset", "-acp", args.cpus.split(",")[0], str(w.process.pid)], capture_output=True, check=True)
    try:
        load = Load(server, args.cpus.split(",")[1])
        seconds = str(args.seconds)
        capacity = load.run("--prepare", "--conc", "64", "--warmup", "2", "--window", seconds)[-1]["ops_per_s"]
        for times in args.times:
            w = load.run("--rate", f"{times * capacity:.0f}", "--warmup", "4", "--window", seconds)[-1]
            again = recovery(load, capacity)
            refused = w["statuses"].get("503", 0)
            print(f"| {form} | {capacity:.0f} | {times:g} | {w['ops_per_s']:.0f} | {100 * w['ops_per_s'] / capacity:.0f} % | "
                  f"{refused / args.seconds:.0f} | {(w['failed'] - refused) / args.seconds:.0f} | "
                  f"{w.get('answer_us', {}).get('p50', 0) / 1000:.0f} ms | {w['storm_cpu_pct']:.0f} % | {again:.1f} s |", flush=True)
    finally:
        wrong = server.stop()
    print("\n".join(wrong), end="")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--form", action="append", choices=["node", "separate"], help="may be repeated (default both)")
    p.add_argument("--times", action="append", type=float, help="how often the capacity is offered; may be repeated (default 2 and 5)")
    p.add_argument("--seconds", type=float, default=5, help="of each measurement (default 5)")
    p.add_argument("--cpus", default="0,1", help="of the server and of storm (default 0,1)")
    args = p.parse_args()
    args.times = args.times or [2, 5]
    print("| form | capacity, calls/s | offered, times that | went well, calls/s | of capacity | refused 503, /s | failed otherwise, /s | "
          "median answer | storm's CPU | recovered after |\n|" + "---|" * 10)
    for form in args.form or ["node", "separate"]:
        measure(form, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
