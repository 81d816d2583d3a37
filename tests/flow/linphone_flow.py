# SPDX-License-Identifier: MIT
"""linphone: a phone of other people that can 100rel, against each role of the server in RFC 3262."""
import re
import time

from agent_flow import AGENT
from kit import sip
from kit.flow import flow
from kit.linphone import Linphone
from kit.phone import Phone
from phone_flow import background

SECONDS = 3


@flow("linphone.echo", {**AGENT, "agent.reliable": "required"}, needs=["linphonec"])
def echo(server):
    """The agent demands 100rel (421 without); linphone calls echo, PRACKs the 183, and hears what it says: packets counted both ways."""
    with Linphone(server, server.name("l")) as phone, Phone(server, server.name("a")) as without:
        without.invite(f"sip:echo@{server.domain}")
        assert without.wait("final").status == 421
        phone.command(f"call sip:echo@{server.host}:{server.port}")
        phone.wait("Media streams established")
        phone.say_tone()
        time.sleep(SECONDS)
        phone.command("terminate")
        phone.wait("ended (No error)")
        wire = phone.wire()
        assert re.search(r"^PRACK sip:echo-", wire, re.M) and re.search(r"^RAck: \d+ \d+ INVITE", wire, re.M)
        sent, heard = phone.packets()
        assert sent >= SECONDS * 40 and heard >= sent * 9 // 10, f"sent {sent}, heard {heard}"


@flow("linphone.queue", AGENT, needs=["linphonec"])
def queue(server):
    """linphone calls a busy user: 182, its PRACK is answered by the proxy; then his phone is free, and they talk."""
    with Linphone(server, server.name("l")) as phone, Phone(server, server.name("b")) as b, Phone(server, b.user) as other:
        assert b.register().status == 200
        server.redis("HSET", f"policy:{b.aor[4:]}", "queue", "20")
        phone.command(f"call sip:{b.user}@{server.host}:{server.port}")
        b.reply(b.wait("INVITE"), 486, "Busy Here")
        b.wait("ACK")
        phone.wait("SIP/2.0 182 Queued, you are next", where=phone.wire)
        phone.wait("PRACK sip:queue-", where=phone.wire)
        assert other.register().status == 200
        b.reply(b.wait("INVITE"), 486, "Busy Here")
        b.wait("ACK")
        other.reply(other.wait("INVITE"), 200, "OK", body=sip.sdp())
        other.wait("ACK")
        phone.command("terminate")
        other.reply(other.wait("BYE"), 200, "OK")
        phone.wait("ended (No error)")


@flow("linphone.rings", AGENT, needs=["linphonec"])
def rings(server):
    """`peal call --100rel` to linphone: it rings reliably as it must, the PRACK passes the proxy, they hear each other."""
    user = server.name("l")
    with Linphone(server, user, register=True, answer=True) as phone:
        end = time.monotonic() + 10
        while not server.bindings(f"{user}@{server.domain}"):
            assert time.monotonic() < end, "linphone did not register"
            time.sleep(0.05)
        out = background(server, "call", f"sip:{user}@{server.domain}", "--100rel", "--seconds", "1").wait()
        assert "PRACK" in out, out
