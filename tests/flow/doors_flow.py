# SPDX-License-Identifier: MIT
"""doors: every transport and address family to every other: calls, Record-Routes, hanging up from both sides."""
import re

from kit import sip
from kit.flow import flow
from kit.phone import Phone
from kit.web import WebPhone

DOORS = "udp tcp tls ws wss udp6 tcp6 tls6"
SETTINGS = {"transport.listen": DOORS}
URI = {"wss": "ws"}  # what a URI says where a Via says something else (RFC 7118 5.2.2)


def phone(server, kind):
    """A phone that comes in by this door."""
    proto, host = kind.rstrip("6"), "::1" if kind.endswith("6") else "127.0.0.1"
    make = WebPhone if proto in ("ws", "wss") else Phone
    return make(server, server.name(kind), proto=proto, host=host)


def route_of(server, kind):
    """What a Record-Route of this server looks like on that side (RFC 3261 16.6 step 4)."""
    host, port = server.doors[kind]
    host = f"[{host}]" if ":" in host else host
    proto = kind.rstrip("6")
    return re.compile(rf"<sip:[^@>]*@{re.escape(host)}:{port}" + ("" if proto == "udp" else rf";transport={URI.get(proto, proto)}") + r"[^>]*;lr[^>]*>")


def check_routes(server, routes, near, far):
    """One value where both sides are one door, else two: the far side's on top, the near side's under it."""
    want = [route_of(server, far)] + ([route_of(server, near)] if near != far else [])
    assert len(routes) == len(want) and all(w.search(r) for w, r in zip(want, routes)), \
        f"{near} to {far}: Record-Route {routes} is not {[w.pattern for w in want]}"


def talk(server, near, far, by_caller):
    """A call from one door to another, ended by this side."""
    with phone(server, near) as a, phone(server, far) as b:
        answer = b.register()
        assert answer.status == 200, answer.text
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        via = arrived.get("via").split()[0].rpartition("/")[2]
        assert via == far.rstrip("6").upper(), f"{near} to {far}: Via {arrived.get('via')}"
        assert arrived.body == sip.sdp() and arrived.get("max-forwards") == "69", arrived.text
        check_routes(server, arrived.all("record-route"), near, far)
        b.reply(arrived, 180, "Ringing")
        a.wait(180)
        accepted = b.reply(arrived, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        assert answer.all("record-route") == arrived.all("record-route"), answer.text
        a.send(a.in_dialog("ACK", sent, answer, 1))
        assert b.wait("ACK").all("route") == [], "our own Routes were passed on"
        if by_caller:
            a.send(a.in_dialog("BYE", sent, answer, 2))
            ends, other = b, a
        else:
            b.send(b.in_dialog("BYE", arrived, accepted, 1, caller=False))
            ends, other = a, b
        bye = ends.wait("BYE")
        assert bye.all("route") == [] and bye.uri == ends.contact, bye.text
        ends.reply(bye, 200, "OK")
        other.wait(lambda m: m.status == 200 and m.cseq[1] == "BYE")


def _from(near):
    def check(server):
        for i, far in enumerate(DOORS.split()):
            talk(server, near, far, i % 2 == 0)
            talk(server, near, far, i % 2 == 1)
    check.__doc__ = f"A caller at {near} reaches callees at every door; both sides hang up; Record-Routes are right."
    return check


for _kind in DOORS.split():
    flow(f"doors.{_kind}", SETTINGS)(_from(_kind))
