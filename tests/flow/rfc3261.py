# SPDX-License-Identifier: MIT
"""rfc3261: what the flows by section of RFC 3261 share."""
from kit import sip
from kit.flow import flow
from kit.phone import Phone, ack_of
from kit.ports import keep

NAMES = keep()
STATELESS = "stateless.example.com"
SETTINGS = {"server.domains": f"example.com auth.example.com redirect.example.com {STATELESS}",
            f"domain.{STATELESS}.auth": "off", f"domain.{STATELESS}.stateless": "on",
            "proxy.dns_servers": f"127.0.0.1:{NAMES}"}


def section(name):
    return flow("rfc3261." + name, SETTINGS)


def caller(server, **more):
    return Phone(server, server.name("a"), **more)


def callee(server, **more):
    """A registered phone."""
    p = Phone(server, server.name("b"), **more)
    answer = p.register()
    assert answer.status == 200, answer.text
    return p


def itself(server):
    return f"sip:{server.host}:{server.port}"


def changed(request, **headers):
    """The same request with other header values; None takes the header out."""
    named = {k.replace("_", "-").lower(): v for k, v in headers.items()}
    fields = [(n, named.get(n.lower(), v)) for n, v in request.fields]
    return sip.Msg(request.start, [(n, v) for n, v in fields if v is not None], request.body)


def busy(phone, request):
    """The callee refuses what arrived; waits for the ACK."""
    phone.reply(request, 486, "Busy Here")
    return phone.wait("ACK")


def ended(phone, request, status):
    answer = phone.wait(lambda m: m.status >= 200 and m.cseq[1] == request.method)
    assert answer.status == status, answer.text
    if request.method == "INVITE" and status >= 300:
        phone.send(ack_of(request, answer))
    return answer


def dialog(server, a, b):
    """A call that stands: (INVITE sent, INVITE that arrived, its 200, 200 as sent)."""
    sent = a.invite(b.aor)
    arrived = b.wait("INVITE")
    taken = b.reply(arrived, 200, "OK")
    answer = a.wait(200)
    a.send(a.in_dialog("ACK", sent, answer, 1))
    b.wait("ACK")
    return sent, arrived, answer, taken
