#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A rolling upgrade to the next version of parcels and back, under load, on both forms. Ends with `N passed, N failed`.

    FLOW_BIN=build/asan/bin NEXT_BIN=build/next/bin tests/flow/upgrade.py

NEXT_BIN holds binaries built with -DPEAL_NEXT=ON (include/wire/pack.h): every parcel between the two is rewritten.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]

from kit import flow, left, server  # noqa: E402  (the path comes first)
from kit.storm import Storm  # noqa: E402
from roll_flow import ROLL, replace_all  # noqa: E402

NEXT = os.environ.get("NEXT_BIN") or os.path.join(server.ROOT, "build", "next", "bin")
flow.flows.clear()


def version(under_test):
    """The one version of parcels that all live workers have."""
    found = {r["version"] for r in map(json.loads, under_test.redis.hash("nodes").values()) if r["state"] == "live"}
    assert len(found) == 1, found
    return found.pop()


@flow.flow("upgrade.next", ROLL, own=True, copies={"transaction": 2, "proxy": 2})
def there_and_back(under_test):
    """Every worker is replaced by one of version N+1, then by one of version N again: 0 calls and registrations fail."""
    with Storm(under_test, "call", rate=30) as calls, \
            Storm(under_test, "register", rate=30, domain="redirect.example.com") as registrations:
        first = version(under_test)
        replace_all(under_test, NEXT)
        assert version(under_test) == first + 1
        replace_all(under_test)
        assert version(under_test) == first
    calls.clean(80)
    registrations.clean(80)


@flow.flow("upgrade.refused", ROLL, own=True)
def two_steps_at_once(under_test):
    """A worker beside one that has no version of parcels in common with it refuses to join and says why."""
    record = {"tier": "proxy", "id": 4711, "version": 99, "oldest": 98, "host": "elsewhere", "pid": 1, "state": "live", "load": 0,
              "ipc": "", "tcp": "", "listeners": []}
    under_test.redis("HSET", "nodes", 4711, json.dumps({**record, "seen": 1}))
    refused = under_test.add("proxy")
    for seen in range(2, 400):
        if not refused.alive():
            break
        under_test.redis("HSET", "nodes", 4711, json.dumps({**record, "seen": seen}))
        flow.time.sleep(0.05)
    assert refused.process.wait(1) == 1, under_test.tail(refused)
    under_test.workers.remove(refused)
    assert "parcels of version 98 to 99, this program" in under_test.tail(refused), under_test.tail(refused)


def main():
    left.ends_clean()
    run = flow.Run(server.find_bin())
    if not os.path.exists(os.path.join(NEXT, "peal-node")):
        print(f"failed: upgrade: no binaries in {NEXT}; tests/run --upgrade builds them\n0 passed, 1 failed")
        return 1
    run.all(["node", "separate"], None)
    for name in run.failed:
        print(f"failed: {name}")
    print(f"{run.passed} passed, {len(run.failed)} failed", flush=True)
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
