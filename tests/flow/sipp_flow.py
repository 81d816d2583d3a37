# SPDX-License-Identifier: MIT
"""sipp: load by SIPp through every kind of door, one connection a call, hung up by the callee. Its Debian build speaks no TLS; a tunnel does."""
from contextlib import ExitStack

from doors_flow import SETTINGS
from kit.flow import flow
from kit.phone import Phone, bracketed
from kit.ports import take
from kit.sipp import Sipp, together
from kit.tunnel import Tunnel

MODE = {"udp": ["-t", "u1"], "tcp": ["-t", "tn", "-max_socket", "500"]}
MODE["tls"] = MODE["tcp"]


def sides(kind):
    return kind.rstrip("6"), "::1" if kind.endswith("6") else "127.0.0.1"


def callee(server, kind, stack, calls, **keys):
    """A SIPp that answers and hangs up, registered where others reach it."""
    proto, host = sides(kind)
    port = door = take(host)
    if proto == "tls":
        door = stack.enter_context(Tunnel((host, port), seal=False)).port
    with Phone(server, keys["callee"]) as p:
        tail = "" if proto == "udp" else f";transport={proto}"
        answer = p.register(contact=f"sip:{p.user}@{bracketed(host)}:{door}{tail}")
        assert answer.status == 200, answer.text
    return Sipp(server, "callee_hangs_up", port=port, calls=calls, host=host, kind=proto.upper(), door=door,
                peer=server.doors["udp6" if ":" in host else "udp"], extra=MODE[proto], **keys)


def load(server, near, far, calls=10, rate=20):
    """Calls from SIPp to SIPp; every one must end as both scenarios say."""
    a, b = server.name("a"), server.name("b")
    proto, host = sides(near)
    with ExitStack() as stack:
        answering = callee(server, far, stack, calls, caller=a, callee=b)
        peer = server.doors[near]
        if proto == "tls":
            outer = stack.enter_context(Tunnel(peer, seal=True))
            peer = outer.host, outer.port
        calling = Sipp(server, "caller_stays", peer=peer, calls=calls, host=host, kind=proto.upper(), caller=a, callee=b,
                       extra=[*MODE[proto], "-r", str(rate)])
        with together(answering, calling):
            pass


for _near, _far in (("tcp", "tcp"), ("udp6", "udp6"), ("udp", "tcp"), ("tls", "tcp"), ("udp", "tls")):
    def _check(server, near=_near, far=_far):
        load(server, near, far)
    _check.__doc__ = f"Ten calls from {_near} to {_far}, hung up by the callee."
    flow(f"sipp.{_near}-{_far}", SETTINGS, needs=["sipp"])(_check)
