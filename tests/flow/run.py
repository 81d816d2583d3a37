#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The flow tests: real processes, real sockets, real Redis. Ends with the line `N passed, N failed`.

    tests/flow/run.py                                 every flow on both forms
    tests/flow/run.py --form node --only call         flows whose name begins with "call", on peal-node
    tests/flow/run.py --lanes 1                       one after the other, each line as soon as it is known
    FLOW_BIN=build/bin tests/flow/run.py ...          another build than the newest one
"""
import argparse
import importlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]

from kit import flow, lanes, left, server  # noqa: E402  (the path comes first)


def main():
    left.ends_clean()
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--form", choices=["node", "separate", "both"], default="both", help="one peal-node, or four workers (default both)")
    p.add_argument("--only", action="append", metavar="NAME", help="flows whose name begins with NAME, or a pattern; may be repeated")
    p.add_argument("--keep", action="store_true", help="keep the scratch folders (configuration, logs, SIPp traces)")
    p.add_argument("--verbose", action="store_true", help="whole tracebacks")
    p.add_argument("--lanes", type=int, metavar="N", help="so many groups of flows at once (default: one more than there are cores, at most 8)")
    p.add_argument("--lane", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("--list", action="store_true", help="names only")
    args = p.parse_args()
    for name in sorted(os.listdir(HERE)):
        if name.endswith("_flow.py"):
            importlib.import_module(name[:-3])
    if args.list:
        print("\n".join(f"{f['name']:32} {(f['run'].__doc__ or '').splitlines()[0]}" for f in flow.flows))
        return 0
    forms = ["node", "separate"] if args.form == "both" else [args.form]
    run, plan = flow.Run(server.find_bin(), args.keep, args.verbose), flow.plan(forms, args.only)
    if not plan:
        print("no flow has that name; --list tells them", flush=True)
    if args.lane:
        return lanes.serve(run, plan)
    count = min(args.lanes or min((os.cpu_count() or 1) + 1, 8), len(plan))
    print(f"flows on {run.bin}" + (f", {count} groups at once" if count > 1 else ""), flush=True)
    if count > 1:
        lanes.Lanes([sys.executable, *sys.argv, "--lane"], count).run(run, plan)
    else:
        run.all(forms, args.only)
    for name in run.failed:
        print(f"failed: {name}")
    print(f"{run.passed} passed, {len(run.failed)} failed", flush=True)
    return 1 if run.failed or not run.passed else 0


if __name__ == "__main__":
    sys.exit(main())
