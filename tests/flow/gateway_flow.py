# SPDX-License-Identifier: MIT
"""gateway: numbers and domains behind groups of next hops: longest route, failover, health, trunks; changed while running."""
import json
import time

from kit import sip
from kit.ear import Ear
from kit.flow import flow
from kit.phone import Phone, ack_of
from kit.ports import keep

QUICK = {"proxy.gateway_timeout": 700, "proxy.relay": "users", "domain.open.example.com.auth": "off",
         "server.domains": "example.com auth.example.com redirect.example.com open.example.com"}
ANY = {"proxy.gateway_timeout": 700}


def gateway(server, host="127.0.0.1"):
    """A phone that plays a gateway; `.uri` is what it is added as."""
    g = Phone(server, "gw", host=host)
    g.uri = f"sip:{host}:{g.port}"
    return g


def add(server, group, g, *words):
    server.peal("gateway", "add", group, g.uri, "options=0", *words)


def until(what, seconds=8):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def known(server):
    """Until every proxy has read what the commands changed last."""
    line, loops = f" version={server.redis('GET', 'gateways:version')}\n", int(server.settings.get("server.threads", 1))
    proxies = [w for w in server.workers if w.name.split(".")[0] in ("node", "proxy")]
    until(lambda: all(server.text(f"{w.name}.log").count(line) >= loops for w in proxies))


def state(server, group):
    return {row["hop"]: row["state"] for row in json.loads(server.peal("gateway", "show", group, "--json").stdout)}


def busy(caller, callee, uri, seconds=5):
    """Call the uri until the callee says busy; the callee's INVITE."""
    sent = caller.invite(uri)
    arrived = callee.wait("INVITE", seconds)
    callee.reply(arrived, 486, "Busy Here")
    callee.wait("ACK")
    answer = caller.wait("final")
    assert answer.status == 486, answer.text
    caller.send(ack_of(sent, answer))
    return arrived


def refused(caller, uri, status):
    sent = caller.invite(uri)
    answer = caller.wait("final")
    assert answer.status == status, answer.text
    caller.send(ack_of(sent, answer))


@flow("gateway.number", ANY)
def number(server):
    """A number that is no user of ours goes to the gateway of its longest prefix, at once after the command (RFC 3261 16.5, 19.1.6)."""
    with Phone(server, server.name("a")) as a, gateway(server) as far, gateway(server) as near:
        add(server, "far", far)
        add(server, "near", near)
        server.peal("route", "add", "+1", "far")
        server.peal("route", "add", "+1555", "near")
        known(server)
        assert busy(a, near, f"sip:+1-555-0100@{server.domain}").uri == f"sip:+15550100@127.0.0.1:{near.port};user=phone"
        assert busy(a, far, "tel:+1-444-0100").uri == f"sip:+14440100@127.0.0.1:{far.port};user=phone"
        refused(a, f"sip:+2555@{server.domain}", 480)
        server.peal("route", "rm", "+1555")
        known(server)
        busy(a, far, f"sip:+15550100@{server.domain}")
        with Phone(server, "+1777") as b:
            assert b.register().status == 200
            busy(a, b, f"sip:+1777@{server.domain}")      # a user of ours first
        near.silent(0.1, lambda m: m.method == "INVITE")


@flow("gateway.domain", ANY)
def domain(server):
    """A routed domain keeps its Request-URI (16.6 step 2); a whole call passes, and what follows in the dialog."""
    with Phone(server, server.name("a")) as a, gateway(server) as g:
        add(server, "org", g)
        server.peal("route", "add", ".routed.test", "org")
        known(server)
        sent = a.invite("sip:bob@sub.routed.test")
        arrived = g.wait("INVITE")
        assert arrived.uri == "sip:bob@sub.routed.test", arrived.text
        g.reply(arrived, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        g.wait("ACK")
        a.send(a.in_dialog("BYE", sent, answer, 2))
        g.reply(g.wait("BYE"), 200)
        a.wait(200)


@flow("gateway.failover-503", ANY)
def failover(server):
    """503 sends the call on with a new branch and marks the gateway: the next call spares it; busy does neither (RFC 3263 4.3)."""
    with Phone(server, server.name("a")) as a, gateway(server) as first, gateway(server) as second:
        add(server, "pair", first, "priority=1")
        add(server, "pair", second, "priority=2")
        server.peal("route", "add", "+2", "pair")
        known(server)
        busy(a, first, f"sip:+21@{server.domain}")
        second.silent(0.2, lambda m: m.method == "INVITE")
        sent = a.invite(f"sip:+22@{server.domain}")
        one = first.wait("INVITE")
        first.reply(one, 503, "Service Unavailable")
        two = second.wait("INVITE")
        assert sip.Msg.parse(one.bytes()).get("via") != two.get("via") and two.uri.endswith(f":{second.port};user=phone"), two.text
        second.reply(two, 486, "Busy Here")
        a.send(ack_of(sent, a.wait("final")))
        until(lambda: state(server, "pair") == {first.uri: "down (503)", second.uri: "up"})
        busy(a, second, f"sip:+23@{server.domain}")
        first.silent(0.2, lambda m: m.method == "INVITE")


@flow("gateway.failover-silence", ANY)
def silence(server):
    """A silent gateway gives way after proxy.gateway_timeout; when it rings after all, it is cancelled (9.1)."""
    with Phone(server, server.name("a")) as a, gateway(server) as first, gateway(server) as second:
        add(server, "quiet", first, "priority=1")
        add(server, "quiet", second, "priority=2")
        server.peal("route", "add", "+3", "quiet")
        known(server)
        sent = a.invite(f"sip:+31@{server.domain}")
        late = first.wait("INVITE")
        answered = second.wait("INVITE", 3)
        second.reply(answered, 180, "Ringing")
        a.wait(180)
        first.reply(late, 180, "Ringing")
        first.reply(first.wait("CANCEL"), 200, "OK")
        first.reply(late, 487, "Request Terminated")
        second.reply(answered, 200, "OK", body=sip.sdp())
        answer = a.wait("final")
        assert answer.status == 200 and sip.uri_of(answer.get("contact")) == second.contact, answer.text
        a.send(a.in_dialog("ACK", sent, answer, 1))
        second.wait("ACK")


@flow("gateway.all-down", ANY)
def all_down(server):
    """When every gateway says 503, the caller hears 500 (16.7 step 6); when none is left because he is the gateway himself, 404."""
    with Phone(server, server.name("a")) as a, gateway(server) as g:
        add(server, "dead", g)
        server.peal("route", "add", "+4", "dead")
        known(server)
        sent = a.invite(f"sip:+41@{server.domain}")
        g.reply(g.wait("INVITE"), 503, "Service Unavailable")
        answer = a.wait("final")
        assert answer.status == 500, answer.text
        a.send(ack_of(sent, answer))
        busy(a, g, f"sip:+42@{server.domain}")            # last is not never; and an answer brings it back
        until(lambda: state(server, "dead") == {g.uri: "up"})


@flow("gateway.health", ANY)
def health(server):
    """OPTIONS each `options` seconds, from one proxy alone: silence or 503 takes a hop out, an answer takes it back."""
    def probes(g, seconds):
        """Call-IDs of the OPTIONS of so many seconds, or a little more; how long it was."""
        calls, began = set(), time.monotonic()
        while time.monotonic() < began + seconds:
            try:
                m = g.wait("OPTIONS", 0.1)
                calls.add(m.get("call-id"))
                g.reply(m, 200)
            except AssertionError:
                pass
        return calls, time.monotonic() - began

    def wait_state(g, reply, want):
        end = time.monotonic() + 12
        while state(server, "probed") != {g.uri: want}:
            assert time.monotonic() < end, state(server, "probed")
            try:
                reply(g.wait("OPTIONS", 0.5))
            except AssertionError:
                pass

    with gateway(server) as g:
        server.peal("gateway", "add", "probed", g.uri, "options=1")
        asked = g.wait("OPTIONS", 5)
        assert asked.get("max-forwards") == "70" and asked.get("accept"), asked.text
        g.reply(asked, 200, "OK")
        assert state(server, "probed") == {g.uri: "up"}
        wait_state(g, lambda m: g.reply(m, 503, "Service Unavailable"), "down (503)")
        wait_state(g, lambda m: g.reply(m, 404, "Not Found"), "up")
        probes(g, 0.2)  # those that came while `peal gateway show` took its time
        calls, seconds = probes(g, 3.2)
        assert 2 <= len(calls) <= seconds + 1, (calls, seconds)
        wait_state(g, lambda m: None, "down (TIMEOUT)")
        server.peal("gateway", "rm", "probed")
        assert server.peal("gateway", "show", "probed", check=False).returncode == 1


@flow("gateway.health-tls", ANY)
def health_tls(server):
    """Over TLS the one who is asked must prove to be the hop, as in a call (RFC 5922 7.3)."""
    def found(ear):
        return f"sip:127.0.0.1:{ear.port};transport=tls"

    with Ear(server, "gw", ("tls",)) as g, Ear(server, "thief", ("tls",), ("DNS:elsewhere.example",)) as thief:
        server.peal("gateway", "add", "secured", found(g), "options=1")
        server.peal("gateway", "add", "stolen", found(thief), "options=1")
        g.reply(g.wait("OPTIONS", 10), 200, "OK")
        until(lambda: state(server, "secured") == {found(g): "up"})
        thief.silent(2, lambda m: m.method == "OPTIONS")
        server.peal("gateway", "rm", "secured")
        server.peal("gateway", "rm", "stolen")


@flow("gateway.trunk", QUICK)
def trunk(server):
    """A trusted hop needs no password and may call our users and beyond; who is not one may not (proxy.relay = users)."""
    with gateway(server, "127.0.0.3") as g, server.phone("b", "pw-b") as b, Phone(server, server.name("o"), domain="open.example.com") as o, \
            gateway(server, "127.0.0.4") as other, Phone(server, "x", host="127.0.0.3", domain="elsewhere.test") as there:
        add(server, "in", g, "trust=on")
        add(server, "out", other)
        server.peal("route", "add", "+5", "out")
        known(server)
        assert b.register().status == 200
        busy(there, b, b.aor)
        busy(there, other, "sip:+51@example.com")
        refused(o, "sip:+52@example.com", 403)            # no password, no trunk: never an open relay
        busy(b, other, f"sip:+53@{b.domain}")             # a user of ours with his password
        with Phone(server, b.user, domain="auth.example.com") as thief:
            refused(thief, b.aor, 407)
        with Phone(server, b.user, domain="auth.example.com", host="127.0.0.3") as peer:
            busy(peer, b, b.aor)
        server.peal("gateway", "rm", "in")
        known(server)
        refused(there, "sip:+51@example.com", 403)


@flow("gateway.weights", ANY)
def weights(server):
    """Hops of one priority share the calls by weight (RFC 2782); every request of one call takes the same way."""
    with Phone(server, server.name("a")) as a, gateway(server) as heavy, gateway(server) as light:
        add(server, "shared", heavy, "weight=90")
        add(server, "shared", light, "weight=10")
        server.peal("route", "add", "+6", "shared")
        known(server)
        got = {heavy: 0, light: 0}
        for _ in range(30):
            m = a.send(a.request("MESSAGE", f"sip:+61@{server.domain}"))
            end = time.monotonic() + 3
            while a.stash == [] and time.monotonic() < end:
                for g in got:
                    try:
                        g.reply(g.wait("MESSAGE", 0.02), 200)
                        got[g] += 1
                    except AssertionError:
                        pass
                try:
                    a.stash.append(a.wait(200, 0.01))
                except AssertionError:
                    pass
            assert a.wait(200, 0.1).get("call-id") == m.get("call-id")
        assert got[heavy] > got[light], got


@flow("gateway.command", ANY)
def command(server):
    """The command refuses what makes no sense, and says what would."""
    def fails(status, text, *words):
        r = server.peal(*words, check=False)
        assert r.returncode == status and text in r.stderr, r.stdout + r.stderr

    fails(2, "must be sip:host", "gateway", "add", "g", "tel:1")
    fails(2, "trust=on needs an address", "gateway", "add", "g", "sip:gw.example.org", "trust=on")
    fails(2, "must be a number from 0 to 65535", "gateway", "add", "g", "sip:192.0.2.1", "weight=70000")
    fails(2, "no name of a group", "gateway", "add", "g/1", "sip:192.0.2.1")
    fails(1, "no group nowhere", "route", "add", "+99", "nowhere")
    fails(2, "nothing to route", "route", "add", "+49x", "g")
    fails(1, "no such route", "route", "rm", "+99")
    fails(1, "no such gateway", "gateway", "rm", "nowhere")
    server.peal("gateway", "add", "kept", "sip:192.0.2.1", "options=0")
    server.peal("route", "add", "+991", "kept")
    fails(1, "1 route leads to it", "gateway", "rm", "kept")
    assert {"what": "+991", "group": "kept", "from": "redis"} in json.loads(server.peal("route", "ls", "--json").stdout)
    assert "changed in kept" in server.peal("gateway", "add", "kept", "sip:192.0.2.1", "options=0", "weight=3").stdout
    server.peal("route", "rm", "+991")
    server.peal("gateway", "rm", "kept")


CONFIGURED = keep()


@flow("gateway.configuration", {"gateway.file.one": f"sip:127.0.0.1:{CONFIGURED} options=0", "route.file": "+7 .file.test"}, own=True)
def configuration(server):
    """Groups and routes of the configuration file; SIGHUP changes them; Redis goes before them."""
    with Phone(server, server.name("a")) as a, gateway(server) as g, gateway(server) as h:
        server.settings["gateway.file.one"] = f"{g.uri} options=0"
        server.reread(server.settings)
        busy(a, g, f"sip:+71@{server.domain}")
        busy(a, g, "sip:bob@sub.file.test")
        assert {"what": "+7", "group": "file", "from": "config"} in json.loads(
            server.peal("route", "ls", "--json", "--config", server.config).stdout)
        add(server, "mine", h)
        server.peal("route", "add", "+7", "mine")
        known(server)
        busy(a, h, f"sip:+71@{server.domain}")
