# SPDX-License-Identifier: MIT
"""watch: the "reg" event package (RFC 3680): who subscribes to an address is told who is registered there, and every change."""
import time
import xml.etree.ElementTree as xml

from kit import sip
from kit.flow import flow
from kit.phone import Phone

NS = {"r": "urn:ietf:params:xml:ns:reginfo", "gr": "urn:ietf:params:xml:ns:gruuinfo"}


class Watcher:
    """One subscription, and the NOTIFYs of it."""

    def __init__(self, phone, aor, expires=600):
        self.phone, self.aor, self.cseq, self.version = phone, aor, 1, -1
        self.call_id, self.tag, self.remote = sip.fresh("s"), sip.fresh(), None
        self.answer = self.subscribe(expires)

    def subscribe(self, expires, uri=None):
        r = self.phone.request("SUBSCRIBE", uri or self.aor, to=self.aor, call_id=self.call_id, cseq=self.cseq, from_tag=self.tag, fields=[
            ("Event", "reg"), ("Accept", "application/reginfo+xml"), ("Expires", str(expires)), ("Contact", f"<{self.phone.contact}>")])
        if self.remote:
            r.fields = [(n, self.remote if n == "To" else v) for n, v in r.fields]
        answer = self.phone.ask(r)
        self.cseq = answer.cseq[0] + 1
        if answer.status == 200:
            self.remote, self.target = answer.get("to"), sip.uri_of(answer.get("contact"))
        return answer

    def told(self, timeout=5):
        """The next NOTIFY, answered 200: (state of the registration, {contact uri: (state, event)}, the message)."""
        m = self.phone.wait(lambda m: m.method == "NOTIFY" and m.get("call-id") == self.call_id, timeout)
        self.phone.send(sip.reply(m, 200, "OK"))
        assert m.get("event") == "reg" and m.get("content-type") == "application/reginfo+xml", m.text
        assert m.get("from") == self.remote, m.text
        info = xml.fromstring(m.body)
        assert int(info.get("version")) > self.version and info.get("state") == "full", m.text
        self.version = int(info.get("version"))
        registration = info.find("r:registration", NS)
        assert registration.get("aor") == self.aor, m.text
        contacts = {c.find("r:uri", NS).text: (c.get("state"), c.get("event")) for c in registration.findall("r:contact", NS)}
        return registration.get("state"), contacts, m


def quiet(phone, seconds=0.5):
    phone.silent(seconds, lambda m: m.method == "NOTIFY")


@flow("watch.changes", copies={"registrar": 2})
def changes(server):
    """The state at once, then one NOTIFY for every change, whoever made it, until he unsubscribes."""
    with server.phone(password="secret") as p:
        with Phone(server, p.user, "secret", "auth.example.com") as eye:
            w = Watcher(eye, p.aor)
            assert w.answer.status == 200 and 590 <= int(w.answer.get("expires")) <= 600, w.answer.text
            state, contacts, m = w.told()
            assert state == "init" and contacts == {} and m.get("subscription-state").startswith("active;expires="), m.text
            assert p.register(expires=300).status == 200
            assert w.told()[:2] == ("active", {p.contact: ("active", "registered")})
            assert p.register(expires=400).status == 200
            assert w.told()[:2] == ("active", {p.contact: ("active", "refreshed")})
            assert w.subscribe(600, w.target).status == 200
            assert w.told()[:2] == ("active", {p.contact: ("active", "registered")})
            assert p.register(expires=0).status == 200
            assert w.told()[:2] == ("terminated", {p.contact: ("terminated", "unregistered")})
            assert p.register(expires=300).status == 200
            w.told()
            server.peal("--config", server.config, "reg", "rm", p.aor[4:])
            state, contacts, m = w.told()
            assert state == "terminated", m.text
            quiet(eye)  # nothing twice
            assert w.subscribe(0, w.target).status == 200
            assert w.told()[2].get("subscription-state") == "terminated;reason=timeout"
            assert p.register(expires=300).status == 200
            quiet(eye, 1.5)
            assert w.subscribe(600, w.target).status == 481
            assert server.redis("EXISTS", f"sub:{p.aor[4:]}") == 0


@flow("watch.who", settings={"registrar.watchers": "boss@auth.example.com"})
def who(server):
    """Only the user himself and those whom registrar.watchers names; others are refused, and Accept and Expires are looked at."""
    server.add_user("boss", "secret")
    with server.phone(password="secret") as p, server.phone(password="secret") as other, \
            Phone(server, "boss", "secret", "auth.example.com") as boss, Phone(server, "stranger", "", "auth.example.com") as stranger:
        assert Watcher(stranger, p.aor).answer.status == 401
        assert Watcher(other, p.aor).answer.status == 403
        w = Watcher(boss, p.aor)
        assert w.answer.status == 200, w.answer.text
        w.told()
        brief = w.subscribe(5, w.target)
        assert brief.status == 423 and brief.get("min-expires") == "60", brief.text
        wrong = p.ask(p.request("SUBSCRIBE", p.aor, fields=[("Event", "reg"), ("Accept", "text/plain"), ("Contact", f"<{p.contact}>")]))
        assert wrong.status == 406, wrong.text
        elsewhere = p.ask(p.request("SUBSCRIBE", "sip:nobody@auth.example.com", fields=[("Event", "presence"), ("Contact", f"<{p.contact}>")]))
        assert elsewhere.status in (403, 404, 480, 489), elsewhere.text  # not ours: it goes the way of all requests


@flow("watch.ends", own=True, settings={"registrar.min_expires": "1"}, forms=["node"])
def ends(server):
    """A subscription that runs out is told so once (RFC 6665 4.2.2), and so is a registration; a phone that knows of no subscription
    is not told again; an XML reader has no trouble with what phones write."""
    with server.phone() as p, Phone(server, p.user) as eye, Phone(server, p.user) as blind:
        w, lost = Watcher(eye, p.aor, 3), Watcher(blind, p.aor)
        w.told()
        m = blind.wait("NOTIFY")
        blind.send(sip.reply(m, 481, "Gone"))
        odd = f"sip:{p.user}@127.0.0.1;x=%22%3C&y"
        value = f"<{odd}>;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000000000007>\";+x=\"<a&b>\""
        assert p.ask(p.request("REGISTER", f"sip:{p.domain}", to=p.aor, fields=[("Contact", value), ("Expires", "600")])).status == 200
        state, contacts, m = w.told()
        assert contacts == {odd: ("active", "registered")}, m.text
        gruu = xml.fromstring(m.body).find(".//gr:pub-gruu", NS).get("uri")
        assert gruu.startswith(f"{p.aor};gr=urn:uuid:"), gruu
        assert p.register(expires=2).status == 200
        w.told()
        end = w.told(12)[2]  # the next sweep
        last = end if end.get("subscription-state").startswith("terminated") else w.told(12)[2]
        assert last.get("subscription-state") == "terminated;reason=timeout", last.text
        again = Watcher(eye, p.aor)
        assert again.told()[1].keys() == {odd}
        blind.silent(0.3, lambda m: m.method == "NOTIFY" and m.get("call-id") == lost.call_id and m.cseq[0] > 1)
