# SPDX-License-Identifier: MIT
"""roll: workers replaced one after another while calls and registrations go on; none of them may fail."""
import time

from kit.flow import flow
from kit.storm import Storm

ROLL = {"server.drain": 20}


def replace_all(server, bin_folder=None):
    time.sleep(0.5)
    for old in list(server.workers):
        server.replace(old, bin_folder)
        time.sleep(0.5)  # of load for the new one


@flow("roll.all", ROLL, own=True)
def every_worker(server):
    """Every worker is replaced, one after another, under calls over UDP and registrations: 0 failed."""
    with Storm(server, "call", rate=30) as calls, Storm(server, "register", rate=30, domain="redirect.example.com") as registrations:
        replace_all(server)
    calls.clean(30)
    registrations.clean(30)
