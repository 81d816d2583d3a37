# SPDX-License-Identifier: MIT
"""relief: overloaded neighbours tell each other so in the Via of responses, and what is new goes elsewhere (RFC 7339)."""
import re
import signal
import time

from kit import sip
from kit.flow import flow
from kit.phone import Phone, ack_of, cancel_of
from gateway_flow import add, busy, gateway, known, state, until
from overload_flow import stop

PEER, STRANGER = "127.0.0.5", "127.0.0.6"
SETTINGS = {"proxy.peers": PEER, "proxy.gateway_timeout": 2000}
LOSS = ';oc;oc-algo="loss"'


def says(peer, request, load):
    """Busy, and how many requests fewer it wants: the words take the place of our offer (5.2)."""
    answer = peer.answer(request, 486, "Busy Here")
    at = next(i for i, (name, _) in enumerate(answer.fields) if name == "Via")
    offered = answer.fields[at][1]
    assert LOSS in offered, offered
    answer.fields[at] = ("Via", offered.replace(LOSS, load))
    peer.send(answer)


def told(caller, peer, uri, load, fields=()):
    """A call that reaches the peer, who says so much."""
    sent = caller.invite(uri, fields=fields)
    says(peer, peer.wait("INVITE"), load)
    caller.send(ack_of(sent, caller.wait("final")))
    peer.wait("ACK")


def load(percent, validity=60000):
    return f';oc={percent};oc-algo="loss";oc-validity={validity};oc-seq={time.time():.3f}'


@flow("relief.elsewhere", SETTINGS)
def elsewhere(server):
    """A peer that wants nothing new is passed over, not marked as down; what is urgent reaches it, and all when it says that it is over (5.5, 5.7, 5.10.1)."""
    with Phone(server, server.name("a")) as a, gateway(server, PEER) as first, gateway(server, STRANGER) as second:
        add(server, "eased", first, "priority=1")
        add(server, "eased", second, "priority=2")
        server.peal("route", "add", "+81", "eased")
        known(server)
        told(a, first, f"sip:+811@{server.domain}", load(100))
        for _ in range(3):
            assert "oc-algo" not in busy(a, second, f"sip:+812@{server.domain}").get("via")
        first.silent(0.1, lambda m: m.method == "INVITE")
        assert state(server, "eased") == {first.uri: "up", second.uri: "up"}
        told(a, first, f"sip:+813@{server.domain}", load(100, 0), [("Resource-Priority", "ets.0")])
        busy(a, first, f"sip:+814@{server.domain}")


@flow("relief.alone", SETTINGS)
def alone(server):
    """With nobody else to try the caller hears so at once; the validity over, calls go there again (5.7, 5.10)."""
    with Phone(server, server.name("a")) as a, gateway(server, PEER) as only:
        add(server, "single", only)
        server.peal("route", "add", "+82", "single")
        known(server)
        told(a, only, f"sip:+821@{server.domain}", load(100, 2500))
        began = time.monotonic()
        sent = a.invite(f"sip:+822@{server.domain}")
        answer = a.wait("final")
        assert answer.status in (500, 503) and not answer.get("retry-after"), answer.text
        a.send(ack_of(sent, answer))
        only.silent(0.1, lambda m: m.method == "INVITE")
        assert time.monotonic() - began < 2
        time.sleep(max(0, began + 2.6 - time.monotonic()))
        busy(a, only, f"sip:+823@{server.domain}")


@flow("relief.dialog", SETTINGS)
def dialog(server):
    """A call in progress with a peer that wants nothing new goes on and ends: ACK, BYE, and CANCEL of another (5.10.1)."""
    with Phone(server, server.name("a")) as a, gateway(server, PEER) as peer:
        add(server, "busy", peer)
        server.peal("route", "add", "+83", "busy")
        known(server)
        ringing = a.invite(f"sip:+831@{server.domain}")
        rung = peer.wait("INVITE")
        peer.reply(rung, 180, "Ringing")
        a.wait(180)
        sent = a.invite(f"sip:+832@{server.domain}")
        arrived = peer.wait("INVITE")
        told(a, peer, f"sip:+833@{server.domain}", load(100))
        peer.reply(arrived, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        peer.wait("ACK")
        a.send(cancel_of(ringing))
        a.wait(200)
        peer.reply(peer.wait("CANCEL"), 200, "OK")
        peer.reply(rung, 487, "Request Terminated")
        a.send(ack_of(ringing, a.wait(487)))
        a.send(a.in_dialog("BYE", sent, answer, 2))
        peer.reply(peer.wait("BYE"), 200)
        a.wait(200)


@flow("relief.workers", {**SETTINGS, "server.threads": 2})
def workers(server):
    """What a peer says to one worker, all of them know: whichever a call comes to, it goes elsewhere."""
    with gateway(server, PEER) as first, gateway(server, STRANGER) as second:
        add(server, "shared", first, "priority=1")
        add(server, "shared", second, "priority=2")
        server.peal("route", "add", "+84", "shared")
        known(server)
        with Phone(server, server.name("a")) as a:
            told(a, first, f"sip:+841@{server.domain}", load(100))
        time.sleep(0.5)
        for _ in range(12):
            with Phone(server, server.name("b")) as b:
                busy(b, second, f"sip:+842@{server.domain}")
        first.silent(0.1, lambda m: m.method == "INVITE")


class Neighbour(Phone):
    """A server that does as it is told."""

    @property
    def via(self):
        return super().via + LOSS


def asked(peer):
    """How many requests fewer we want, and for how long."""
    via = peer.ask(peer.request("OPTIONS", f"sip:{peer.domain}")).get("via")
    assert sip.param(via, "oc-algo") == "loss" and re.fullmatch(r"\d{10}\.\d{3}", sip.param(via, "oc-seq")), via
    return int(sip.param(via, "oc")), int(sip.param(via, "oc-validity"))


@flow("relief.ours", {**SETTINGS, "server.drain": 5}, forms=["separate"], own=True)
def ours(server):
    """Our own overload is told to peers that asked for it, and to nobody else; so is its end (5.1, 5.2, 11)."""
    with Neighbour(server, "p", host=PEER) as peer, Phone(server, "q", host=PEER) as silent, Neighbour(server, "s") as stranger:
        assert asked(peer) == (0, 0)
        assert "oc" not in silent.ask(silent.request("OPTIONS", f"sip:{server.domain}")).get("via").split(";")
        worker = stop(server, "transaction")
        try:
            def is_told():
                peer.send(peer.request("OPTIONS", f"sip:{server.domain}"))
                try:
                    answer = peer.wait(503, 0.1)
                except AssertionError:
                    return False
                percent = int(sip.param(answer.get("via"), "oc"))
                assert int(sip.param(answer.get("via"), "oc-validity")) == (500 if percent else 0), answer.text
                return percent > 20
            until(is_told, 6)
            assert LOSS in stranger.ask(stranger.request("OPTIONS", f"sip:{server.domain}")).get("via")
        finally:
            worker.process.send_signal(signal.SIGCONT)
        until(lambda: asked(peer) == (0, 0), 8)
