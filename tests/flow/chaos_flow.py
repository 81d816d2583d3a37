# SPDX-License-Identifier: MIT
"""chaos: the short plan of tests/chaos: faults while calls and registrations go on."""
import os
import sys

from kit.flow import flow

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "chaos"))

from plan import SHORT, Plan  # noqa: E402  (the path comes first)


@flow("chaos.short", forms=["separate"], server=False, alone=True)
def short(_):
    """Workers die, drain and reload, Redis restarts, under 40 calls at once: no established call is lost, no registration."""
    said = []
    plan = Plan(SHORT, quiet=1.5, drain=5, calls=40, users=40, ring=(0.2, 1.5), hold=(0.5, 1.5), patience=8)
    assert plan.run(said.append), "\n".join(said)
