#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Faults under load: calls and registrations go on while workers are killed and Redis fails; prints a Markdown table.

    tests/chaos/run.py                        every fault, about ten minutes
    tests/chaos/run.py --only "kill -9"       faults whose name holds these words; may be repeated
    tests/chaos/run.py --short                the few that tests/run runs
    FLOW_BIN=build/bin tests/chaos/run.py     another build than the newest one

Exit status 0 when every fault kept what it promises; what did not is told below the table.
"""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]

from faults import faults  # noqa: E402  (the path comes first)
from kit import left  # noqa: E402
from plan import SHORT, Plan  # noqa: E402


def main():
    left.ends_clean()
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", action="append", metavar="WORDS", help="faults whose name holds these words; may be repeated")
    p.add_argument("--short", action="store_true", help="the few that tests/run runs")
    p.add_argument("--calls", type=int, default=100, help="calls at once (default 100)")
    p.add_argument("--users", type=int, default=100, help="registered users (default 100)")
    p.add_argument("--ring", type=float, default=3, help="most seconds a phone rings (default 3)")
    p.add_argument("--keep", action="store_true", help="keep the scratch folder (configuration, logs)")
    p.add_argument("--list", action="store_true", help="names only")
    args = p.parse_args()
    names = SHORT if args.short else [n for n in faults if not args.only or any(o in n for o in args.only)]
    if args.list:
        print("\n".join(names))
        return 0
    plan = Plan(names, keep=args.keep, calls=args.calls, users=args.users, ring=(0.2, args.ring))
    return 0 if plan.run(lambda text: print(text, flush=True)) else 1


if __name__ == "__main__":
    sys.exit(main())
