# SPDX-License-Identifier: MIT
"""ports: free loopback ports, handed out once. FLOW_PORTS="24500-24999" moves the range, so that two runs can stand side by side."""
import os
import socket

_low, _high = (int(x) for x in os.environ.get("FLOW_PORTS", "25000-29999").split("-"))
_next = _low + os.getpid() % max(1, (_high - _low) // 2)
_kept = set()


def span():
    """The lowest and the highest port of this run."""
    return _low, _high


def free(host, port):
    """No SO_REUSEADDR: a port whose last connection still lingers would fail programs that do not set it."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as s:
            try:
                s.bind((host, port))
            except OSError:
                return False
    return True


def take(host="127.0.0.1", run=1):
    """The first of `run` neighbouring ports that are free for UDP and TCP."""
    global _next
    for _ in range(_high - _low):
        first = _next
        _next = _next + run if _next + 2 * run <= _high else _low
        if all(first + i not in _kept and free(host, first + i) for i in range(run)):
            return first
    raise OSError(f"no free port in {_low}-{_high}; set FLOW_PORTS=low-high")


def keep(run=1):
    """Ports for the whole run, for settings made before there is a server: nobody else gets them, even while nobody listens."""
    first = take(run=run)
    _kept.update(range(first, first + run))
    return first
