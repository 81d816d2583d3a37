# SPDX-License-Identifier: MIT
"""neighbour: two proxies, each with a phone; calls both ways share one connection (RFC 5923). Kamailio, and a second Peal."""
import os

from kit.flow import flow
from kit.kamailio import Kamailio
from kit.phone import Phone
from kit.ports import take
from kit.server import Server
from kit.streams import accepted


def call(a, b, by_caller):
    """a calls b, b answers, one of them hangs up."""
    sent = a.invite(b.aor)
    arrived = b.wait("INVITE")
    b.reply(arrived, 180, "Ringing")
    a.wait(180)
    taken = b.reply(arrived, 200, "OK")
    answer = a.wait(200)
    a.send(a.in_dialog("ACK", sent, answer, 1))
    b.wait("ACK")
    if by_caller:
        a.send(a.in_dialog("BYE", sent, answer, 2))
        ends, other = b, a
    else:
        b.send(b.in_dialog("BYE", arrived, taken, 1, caller=False))
        ends, other = a, b
    ends.reply(ends.wait("BYE"), 200, "OK")
    other.wait(lambda m: m.status == 200 and m.cseq[1] == "BYE")
    return arrived


def both_ways(near, far, doors, first_near):
    """Calls in both directions, hung up from both sides; all on one connection between the two."""
    with Phone(near, "alice") as a, Phone(far, "bob") as b:
        assert a.register().status == 200 and b.register().status == 200
        for i in range(4):
            caller, callee = (a, b) if (i % 2 == 0) == first_near else (b, a)
            arrived = call(caller, callee, i < 2)
            assert len(arrived.all("via")) == 3, arrived.text
        made = {port: accepted(port) for port in doors}
        assert sum(len(x) for x in made.values()) == 1, f"connections accepted at {made}"


def settings(proto):
    """The neighbour's alias is believed: over TCP by its address, over TLS by its certificate."""
    return {"transport.alias_peers": "127.0.0.1" if proto == "tcp" else "", "transport.client_certificate": "optional"}


def route(server, proto, domain, port):
    server.settings["proxy.routes"] = f"{domain}=sip:127.0.0.1:{port};transport={proto}"


def stopped(*servers):
    wrong = [x for s in servers for x in s.stop()]
    assert not wrong, "\n".join(wrong)


def kamailio(form, proto, first_near):
    there = {"tcp": take(), "tls": take()}
    server = Server(form, settings(proto))
    route(server, proto, "kam.test", there[proto])
    mine = server.doors[proto][1]
    try:
        server.start()
        with Kamailio(os.path.join(server.state, "kamailio"), f"sip:127.0.0.1:{mine};transport={proto}", there["tcp"], there["tls"]) as far:
            both_ways(server, far, (mine, there[proto]), first_near)
    finally:
        stopped(server)


def two_servers(form, proto, first_near):
    near = Server(form, settings(proto))
    far = Server(form, {**settings(proto), "server.domains": "other.test auth.example.com redirect.example.com",
                        "domain.example.com.auth": None, "domain.other.test.auth": "off"})
    far.domain = "other.test"
    for here, there in ((near, far), (far, near)):
        route(here, proto, there.domain, there.doors[proto][1])
    try:
        near.start()
        far.start()
        both_ways(near, far, (near.doors[proto][1], far.doors[proto][1]), first_near)
    finally:
        stopped(near, far)


def _register(name, check, needs, proto, first_near, doc):
    def run(form):
        check(form, proto, first_near)
    run.__doc__ = doc
    flow(name, server=False, needs=needs)(run)


for _proto in ("tcp", "tls"):
    _register(f"neighbour.kamailio-{_proto}", kamailio, ["kamailio"], _proto, True,
              f"Peal opens a connection to Kamailio over {_proto.upper()}: calls both ways on it.")
    _register(f"neighbour.kamailio-{_proto}-in", kamailio, ["kamailio"], _proto, False,
              f"Kamailio opens one over {_proto.upper()}, with alias: calls both ways on it.")
    _register(f"neighbour.peal-{_proto}", two_servers, [], _proto, True,
              f"Two Peals, two domains, over {_proto.upper()}: calls both ways on the connection the first call opened.")
