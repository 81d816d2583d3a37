# SPDX-License-Identifier: MIT
"""location: what an operator asks of the location service: lists, live events, a rebuild, an import from another server."""
import json
import os
import subprocess
import time

from kit.flow import flow
from kit.phone import Phone, ack_of


def record(contact, expires_at, **more):
    """A binding as the store writes it."""
    return json.dumps({"expires_at": expires_at, "updated_at": 1, "registered_at": 1, "cseq": 1, "call_id": "c", "contact": contact,
                       "q": 1.0, "received": "", "listener": 0, **more}, separators=(",", ":"))


def peal(server, *words, **more):
    return server.peal("--config", server.config, *words, **more)


def listed(server, *words):
    return [row["address"] for row in json.loads(peal(server, "--json", "reg", "ls", *words).stdout)]


@flow("location.pages", forms=["node"])
def pages(server):
    """A list over many pages gives each address once, wherever it begins, with many of one expiry."""
    now, names = int(time.time()), [f"p{i:04}@pages.example" for i in range(1100)]
    for i, name in enumerate(names):
        expires = now + 600 + i // 450 * 7
        server.redis("HSET", f"reg:{name}", "c:x", record(f"sip:{name}", expires))
        server.redis("ZADD", "idx:domain:pages.example", expires, name)
    assert listed(server, "pages.example") == names
    for offset in (1, 199, 200, 449, 450, 451, 700, 1099):
        assert listed(server, "pages.example", "--offset", str(offset)) == names[offset:], offset
    assert listed(server, "pages.example", "--offset", "440", "--limit", "230") == names[440:670]
    assert listed(server, "pages.example", "--offset", "1100") == []


@flow("location.reindex", forms=["node"])
def reindex(server):
    """The sets are made anew from the records: what lacked comes, what lied goes, the users' own sets stay."""
    with server.phone() as p, server.phone() as q:
        assert p.register().status == 200 and q.register(expires=900).status == 200
        good = {k: server.redis("ZRANGE", k, 0, -1, "WITHSCORES") for k in server.redis("KEYS", "idx:*")}
        good = {k: [x for x in v if "pages.example" not in x] for k, v in good.items() if "pages" not in k}
        server.redis("ZADD", "idx:user:example.com", 0, "kept@example.com")
        server.redis("DEL", *good)
        server.redis("ZADD", "idx:domain:example.com", int(time.time()) + 999, "ghost@example.com")
        server.redis("ZADD", "idx:edge:77", int(time.time()) + 999, "ghost@example.com")
        said = peal(server, "reg", "reindex").stdout
        assert " addresses indexed" in said, said
        for key, before in good.items():
            if key.startswith("idx:user:"):
                continue
            now = server.redis("ZRANGE", key, 0, -1, "WITHSCORES")
            pairs = dict(zip(now[::2], now[1::2]))
            for member, score in zip(before[::2], before[1::2]):
                if p.user in member or q.user in member:
                    assert pairs.get(member) == score, (key, member, score, now)
        assert server.redis("ZSCORE", "idx:domain:example.com", "ghost@example.com") is None
        assert server.redis("EXISTS", "idx:edge:77") == 0
        assert server.redis("ZSCORE", "idx:user:example.com", "kept@example.com") == "0"


@flow("location.watch", forms=["node"])
def watch(server):
    """Registrations are shown as they come and go, for a person and for a program; other domains are left out."""
    argv = [os.path.join(server.bin, "peal"), "--config", server.config, "reg", "watch", "example.com", "--limit", "2"]
    env = {**server.env(), "PEAL_REDIS_URL": server.redis.url}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env) as plain, \
            subprocess.Popen(argv + ["--json"], stdout=subprocess.PIPE, text=True, env=env) as program:
        end = time.monotonic() + 5
        while server.redis("INFO", "clients").count("blocked_clients:2") == 0 and time.monotonic() < end:
            time.sleep(0.05)
        with Phone(server, server.name("e"), domain="redirect.example.com") as other, server.phone() as p:
            assert other.register().status == 200
            assert p.register(expires=300).status == 200 and p.register(expires=0).status == 200
            events = [json.loads(line) for line in program.communicate(timeout=10)[0].splitlines()]
            lines = plain.communicate(timeout=10)[0].splitlines()
            assert [(e["event"], e["aor"], e["contact"]) for e in events] == \
                [("add", p.aor[4:], p.contact), ("remove", p.aor[4:], p.contact)], events
            assert abs(events[0]["expires_at"] - time.time() - 300) < 5, events
            assert len(lines) == 2 and " add " in lines[0] and p.aor[4:] in lines[0] and p.contact in lines[0], lines
            assert " remove " in lines[1], lines


@flow("location.import-kamailio", forms=["node"])
def import_kamailio(server):
    """Records of Kamailio's db_redis become bindings that are called; what cannot be read is said, and the rest goes on."""
    now, r = int(time.time()), server.redis
    r("SELECT", 3)
    with Phone(server, server.name("k")) as phone, Phone(server, server.name("a")) as caller:
        r("HSET", "location:entry::uloc-1", "ruid", "uloc-1", "username", phone.user, "domain", "example.com",
          "contact", f"sip:{phone.user}@192.0.2.99:5060", "received", phone.contact.replace(f"{phone.user}@", ""), "path", "NULL", "expires", now + 500, "q", "-1.000000", "callid", "k-call", "cseq", 7,
          "user_agent", "Old Phone/1", "instance", "\"<urn:uuid:00000000-0000-0000-0000-000000000001>\"", "reg_id", 0)
        local = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now + 700))
        r("HSET", "location:entry::uloc-2", "username", "k2" + phone.user, "domain", "", "contact", "sip:k2@192.0.2.7;transport=tcp",
          "expires", local, "q", "0.500000", "callid", "k2", "cseq", 9)
        r("HSET", "location:entry::uloc-3", "username", "gone", "domain", "example.com", "contact", "sip:gone@192.0.2.8", "expires", now - 5)
        r("HSET", "location:entry::uloc-4", "username", "bad", "domain", "example.com", "contact", "not a uri", "expires", now + 5)
        r("SADD", f"location:usrdom::{phone.user}:example.com", "location:entry::uloc-1")
        r("SELECT", 0)
        done = peal(server, "reg", "import", server.redis.url[:-1] + "3", "--from", "kamailio", check=False)
        assert done.returncode == 1 and "2 bindings taken over, 1 had expired" in done.stdout, (done.stdout, done.stderr)
        assert "uloc-4: its contact is no URI" in done.stderr, done.stderr
        stored = json.loads(next(iter(server.bindings(f"{phone.user}@example.com").values())))
        assert stored["expires_at"] == now + 500 and stored["cseq"] == 7 and stored["received"].startswith("udp:127.0.0.1:"), stored
        assert stored["q"] == 1.0 and stored["instance"].startswith("<urn:uuid:"), stored
        other = json.loads(next(iter(server.bindings(f"k2{phone.user}@example.com").values())))
        assert other["expires_at"] == now + 700 and other["q"] == 0.5, other
        assert r("ZSCORE", "idx:domain:example.com", f"{phone.user}@example.com") == str(now + 500)
        caller.invite(f"sip:{phone.user}@example.com")  # behind a NAT: only where it was heard from leads to it
        phone.reply(phone.wait("INVITE"), 486, "Busy Here")


@flow("location.import-flexisip", forms=["node"])
def import_flexisip(server):
    """Records of Flexisip become bindings: its own parameters leave the URI, Path and User-Agent leave its headers."""
    now, user = int(time.time()), server.name("f")
    server.redis("SELECT", 4)
    server.redis("HSET", f"fs:{user}@example.com",
                 "a1", f"<sip:{user}@192.0.2.7:5062;transport=tls;pn-provider=apns;fs-conn-id=5f;callid=x%40y;expires=600;cseq=20;"
                       f"updatedAt={now - 100};alias=no;usedAsRoute=no?Path=%3Csip%3A192.0.2.1%3Blr%3E&User-Agent=Linphone%2F5.2>"
                       ";q=0.7;+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-000000000002>\";reg-id=1",
                 "b2", f"sip:{user}@192.0.2.8;callid=z;expires=300;cseq=3;updatedAt={now};alias=no",
                 "c3", f"<sip:{user}@192.0.2.9;callid=z;expires=300;cseq=3;updatedAt={now};alias=yes>",
                 "d4", "garbage")
    server.redis("SELECT", 0)
    done = peal(server, "reg", "import", server.redis.url[:-1] + "4", "--from", "flexisip", check=False)
    assert done.returncode == 1 and "2 bindings taken over" in done.stdout, (done.stdout, done.stderr)
    assert "c3: it is a route" in done.stderr and "d4: " in done.stderr, done.stderr
    stored = {json.loads(v)["call_id"]: (k, json.loads(v)) for k, v in server.bindings(f"{user}@example.com").items()}
    key, first = stored["x@y"]
    assert key == "<urn:uuid:00000000-0000-0000-0000-000000000002>#1", key
    assert first["contact"] == f"sip:{user}@192.0.2.7:5062;transport=tls;pn-provider=apns", first
    assert first["path"] == "<sip:192.0.2.1;lr>" and first["user_agent"] == "Linphone/5.2" and first["q"] == 0.7, first
    assert first["expires_at"] == now + 500 and first["cseq"] == 20, first
    assert stored["z"][1]["contact"] == f"sip:{user}@192.0.2.8", stored
    again = peal(server, "reg", "import", server.redis.url[:-1] + "4", "--from", "flexisip", check=False)
    assert len(server.bindings(f"{user}@example.com")) == 2, again.stdout


@flow("location.next-millisecond", forms=["separate"], copies={"registrar": 2, "proxy": 2})
def next_millisecond(server):
    """A phone that was answered 200 by any registrar is called through any proxy at once, thousands of times, and never missed.

    Each round is a fresh address and a fresh Call-ID, so the workers meet in every combination. PEAL_TEST_ROUNDS says how many.
    """
    rounds, missed = int(os.environ.get("PEAL_TEST_ROUNDS", "2000")), []
    with Phone(server, "callee") as callee, Phone(server, "caller") as caller:
        for i in range(rounds):
            callee.user = f"ms{i}"
            callee.call_id, callee.cseq = f"r{i}.{callee.port}", 0
            callee.stash, callee.seen, caller.stash, caller.seen = [], [], [], []
            answer = callee.register(expires=60)
            assert answer.status == 200, answer.text
            sent = caller.invite(callee.aor, call_id=f"i{i}.{caller.port}")
            try:
                callee.reply(callee.wait("INVITE", 2), 486, "Busy Here")
            except AssertionError:
                missed.append((i, caller.stash[-1:] or caller.wait("final", 0.1)))
                continue
            caller.send(ack_of(sent, caller.wait(486)))
        assert not missed, f"{len(missed)} of {rounds} calls missed their phone: {missed[:5]}"
        for worker in server.workers:
            sign = {"registrar": "register.granted", "proxy": "proxy.final"}.get(worker.name.partition(".")[0])
            assert not sign or sign in server.text(os.path.basename(worker.log)), f"{worker.name} took no part"


def flow_of(phone, reg_id):
    """REGISTER over this phone's own connection, as one flow of one device (RFC 5626 4.2)."""
    return phone.ask(phone.request("REGISTER", f"sip:{phone.domain}", to=phone.aor, fields=[
        ("Supported", "path, outbound"), ("Expires", "300"),
        ("Contact", f"<sip:{phone.user}@127.0.0.1;transport=tcp;ob>;reg-id={reg_id}"
                    ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000000000005>\"")]))


@flow("location.flows")
def flows(server):
    """Two connections of one phone (RFC 5626): a call takes one of them, the other when that is gone, and none rings twice;
    a connection made anew takes the place of the lost one."""
    user = server.name("ob")
    with Phone(server, user, proto="tcp") as one, Phone(server, user, proto="tcp") as two, Phone(server, server.name("a")) as caller:
        for reg_id, p in ((1, one), (2, two)):
            answer = flow_of(p, reg_id)
            assert answer.status == 200 and answer.get("require") == "outbound" and answer.get("flow-timer") == "120", answer.text
            time.sleep(1.1)  # the newest flow is tried first, and time is counted in seconds
        assert len(server.bindings(f"{user}@example.com")) == 2
        sent = caller.invite(f"sip:{user}@example.com")
        two.reply(two.wait("INVITE"), 486, "Busy Here")
        caller.send(ack_of(sent, caller.wait(486)))
        one.silent(0.3, lambda m: m.method == "INVITE")
        two.close()
        time.sleep(0.3)
        sent = caller.invite(f"sip:{user}@example.com")
        one.reply(one.wait("INVITE"), 486, "Busy Here")
        caller.send(ack_of(sent, caller.wait(486)))
        with Phone(server, user, proto="tcp") as again:
            assert flow_of(again, 2).status == 200
            assert len(server.bindings(f"{user}@example.com")) == 2
            sent = caller.invite(f"sip:{user}@example.com")
            again.reply(again.wait("INVITE"), 486, "Busy Here")
            caller.send(ack_of(sent, caller.wait(486)))
        one.close()
        time.sleep(0.3)
        sent = caller.invite(f"sip:{user}@example.com")
        gone = caller.wait("final")
        assert gone.status in (430, 480), gone
        caller.send(ack_of(sent, gone))


@flow("location.preferences")
def preferences(server):
    """A caller who wants video rings the phone that has it (RFC 3841), though both phones of the user are registered."""
    user = server.name("prefs")
    with Phone(server, user) as plain, Phone(server, user) as video, Phone(server, server.name("a")) as caller:
        for p, can in ((plain, "audio;video=\"FALSE\""), (video, "audio;video")):
            answer = p.ask(p.request("REGISTER", f"sip:{p.domain}", to=p.aor, fields=[("Contact", f"<{p.contact}>;{can}")]))
            assert answer.status == 200, answer.text
        sent = caller.invite(video.aor, fields=[("Accept-Contact", "*;video;require")])
        video.reply(video.wait("INVITE"), 486, "Busy Here")
        caller.send(ack_of(sent, caller.wait(486)))
        plain.silent(0.2)
        sent = caller.invite(video.aor, fields=[("Reject-Contact", "*;audio")])
        caller.send(ack_of(sent, caller.wait(480)))
        sent = caller.invite(video.aor, fields=[("Request-Disposition", "redirect")])
        caller.send(ack_of(sent, caller.wait(302)))
