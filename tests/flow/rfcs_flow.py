# SPDX-License-Identifier: MIT
"""rfcs: sections of the RFCs beside 3261, asked of a running server as a stranger would who has read them."""
from kit import sip
from kit.flow import flow
from kit.phone import answers


def register(phone, *fields, **more):
    """One REGISTER with the phone's Contact and these fields; the final answer, challenges too."""
    value = more.pop("contact", f"<{phone.contact}>")
    password, phone.password = phone.password, ""
    phone.cseq += 1
    answer = phone.ask(phone.request("REGISTER", f"sip:{phone.domain}", to=phone.aor, call_id=phone.call_id, cseq=phone.cseq,
                                     fields=[("Contact", value), *fields], **more))
    phone.password = password
    return answer


@flow("rfcs.7616-uri")
def uri(server):
    """RFC 7616 3.4.6: credentials for another resource are 400; for this one, its port or another name of the server written or not, 200."""
    with server.phone(password="secret") as p:
        def of(uri):
            asked = register(p)
            return register(p, ("Authorization", sip.credentials(asked.all("www-authenticate"), "REGISTER", uri, p.user, p.password)))
        for wrong in ("sip:elsewhere.invalid", "sip:redirect.example.com", "garbage"):
            answer = of(wrong)
            assert answer.status == 400, (wrong, answer.start)
        assert server.bindings(p.aor[4:]) == {}
        for right in ("sip:auth.example.com", "sip:AUTH.example.com:5060;transport=udp", f"sip:{server.host}:{server.port}"):
            answer = of(right)
            assert answer.status == 200, (right, answer.start)


@flow("rfcs.3327-malformed")
def malformed(server):
    """RFC 3327 4: a Path nobody could send to is refused, and not kept to fail each call."""
    with server.phone() as p:
        for wrong in ("garbage", "<sip:p.example.net;lr", "<tel:+4930123456>", "<sip:p1.example.net;lr>, nonsense"):
            assert register(p, ("Path", wrong), ("Supported", "path")).status == 400, wrong
        assert server.bindings(p.aor[4:]) == {}


@flow("rfcs.5626-tampered")
def tampered(server):
    """RFC 5626 5.3: a flow token that was changed, or made up, is 403; the right one leads to the phone; once its flow is gone, 430."""
    with server.phone(proto="tcp") as p, server.phone() as home, server.phone() as caller:
        r = p.request("REGISTER", "sip:elsewhere.invalid", to="sip:x@elsewhere.invalid", fields=[
            ("Route", f"<sip:{server.host}:{server.port};transport=tcp;lr>, <sip:{home.place};lr>"), ("Contact", f"<{p.contact};ob>"),
            ("Supported", "path, outbound")])
        p.send(r)
        came = home.wait("REGISTER")
        home.reply(came, 200, "OK")
        (path,) = came.all("path")
        token = path[5:path.index("@")]
        assert ";ob" in path and len(token) > 17, path

        def options(route):
            return caller.request("OPTIONS", "sip:x@192.0.2.7", fields=[("Route", route)])
        for wrong in (token[:-1] + ("0" if token[-1] != "0" else "1"), "f" + "0" * 16 + token[17:], "anything"):
            answer = caller.ask(options(path.replace(token, wrong)))
            assert answer.status == 403, (wrong, answer.start)
        sent = caller.send(options(path))
        p.reply(p.wait("OPTIONS"), 200, "OK")
        caller.wait(lambda m: answers(m, sent) and m.status == 200)
    with server.phone() as caller:
        assert caller.ask(options(path)).status == 430


@flow("rfcs.6665-package")
def package(server):
    """RFC 6665 4.2.1.1, 4.4.4: a package the server does not know is 489, and Allow-Events says which it knows; OPTIONS says so, too."""
    with server.phone() as p:
        for fields in ([("Event", "presence")], [("Event", "reg.winfo")], []):
            answer = p.ask(p.request("SUBSCRIBE", f"sip:{p.domain}", fields=[*fields, ("Contact", f"<{p.contact}>")]))
            assert answer.status == 489 and answer.all("allow-events") == ["reg"], answer.text
        answer = p.ask(p.request("OPTIONS", f"sip:{p.domain}"))
        assert "SUBSCRIBE" in answer.all("allow") and answer.all("allow-events") == ["reg"], answer.text


@flow("rfcs.6665-id")
def event_id(server):
    """RFC 6665 4.4.1: the id of an event is part of what a subscription is: a refresh with another one is 481."""
    with server.phone() as p:
        def subscribe(cseq, event, uri, to=None):
            r = p.request("SUBSCRIBE", uri, to=p.aor, call_id=p.call_id, cseq=cseq, from_tag=p.tag, fields=[
                ("Event", event), ("Expires", "600"), ("Contact", f"<{p.contact}>")])
            r.fields = [(n, to if to and n == "To" else v) for n, v in r.fields]
            return p.ask(r)
        first = subscribe(1, "reg;id=a", p.aor)
        told = p.wait("NOTIFY")
        p.reply(told, 200, "OK")
        assert first.status == 200 and told.get("event") == "reg;id=a", told.text
        target = sip.uri_of(first.get("contact"))
        assert subscribe(2, "reg;id=b", target, first.get("to")).status == 481
        assert subscribe(3, "reg;id=a", target, first.get("to")).status == 200
        p.reply(p.wait("NOTIFY"), 200, "OK")


@flow("rfcs.3261-through")
def through(server):
    """RFC 3261 16.4, 16.6 step 6: what is for our domain but has a Route that leads elsewhere first goes there."""
    with server.phone() as p, server.phone() as hop:
        for method in ("REGISTER", "OPTIONS"):
            sent = p.send(p.request(method, f"sip:{p.domain}", to=p.aor, fields=[
                ("Route", f"<sip:{server.host}:{server.port};lr>, <sip:{hop.place};lr>"), ("Contact", f"<{p.contact}>")]))
            came = hop.wait(method)
            assert came.all("route") == [f"<sip:{hop.place};lr>"] and came.uri == f"sip:{p.domain}", came.text
            hop.reply(came, 200, "OK")
            p.wait(lambda m, sent=sent: answers(m, sent) and m.status == 200)


@flow("rfcs.5630-gruu", settings={"transport.listen": "udp tcp tls"})
def sips_gruu(server):
    """RFC 5630 3.3: a phone that registers a sips URI is given sips GRUUs, and they lead to it; the others keep sip ones."""
    with server.phone(proto="tls") as p, server.phone(proto="tls") as caller, server.phone() as plain:
        instance = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-00000000005a>"'
        answer = register(p, ("Supported", "gruu"), contact=f"<sips:{p.user}@{p.place}>;{instance}")
        assert answer.status == 200, answer.text
        for name, start in (("pub-gruu", f"sips:{p.user}@"), ("temp-gruu", "sips:tgruu.")):
            gruu = sip.param(answer.get("contact"), name)
            assert gruu.startswith(start), answer.text
            sent = caller.send(caller.request("OPTIONS", gruu))
            p.reply(p.wait("OPTIONS"), 200, "OK")
            caller.wait(lambda m, sent=sent: answers(m, sent) and m.status == 200)
        answer = register(plain, ("Supported", "gruu"), contact=f"<{plain.contact}>;{instance}")
        assert sip.param(answer.get("contact"), "pub-gruu").startswith("sip:"), answer.text
