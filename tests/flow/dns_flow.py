# SPDX-License-Identifier: MIT
"""dns: requests to other domains go where RFC 3263 says, by a name server of the test."""
import socket
import time

from kit import sip
from kit.dns import NameServer
from kit.flow import flow
from kit.phone import Phone, ack_of
from kit.ports import keep, take

PORT = keep()
SETTINGS = {"proxy.dns_servers": f"127.0.0.1:{PORT}", "proxy.dns_timeout": 1000}


def call(server, caller, callee, uri):
    """INVITE to the uri until the callee says busy; the callee sees one request, the caller one answer."""
    sent = caller.invite(uri)
    callee.reply(callee.wait("INVITE"), 486, "Busy Here")
    callee.wait("ACK")
    caller.send(ack_of(sent, caller.wait(486)))


@flow("dns.srv", SETTINGS)
def srv(server):
    """No NAPTR: SRV gives host and port; the second call needs no name server (RFC 3263 4.1, 4.2)."""
    with Phone(server, "a") as a, Phone(server, "b") as b, NameServer(PORT, f"""
            _sip._udp.srv.test SRV 0 0 {b.port} host.srv.test
            host.srv.test A 127.0.0.1""") as names:
        call(server, a, b, "sip:bob@srv.test")
        asked = len(names.asked)
        assert ("srv.test", "NAPTR") in names.asked, names.asked
        call(server, a, b, "sip:bob@srv.test")
        assert len(names.asked) == asked, names.asked


@flow("dns.failover", SETTINGS)
def failover(server):
    """The first SRV target is not there: the next one gets the call (RFC 3263 4.3)."""
    gone = take()
    with Phone(server, "a") as a, Phone(server, "b") as b, NameServer(PORT, f"""
            _sip._udp.two.test SRV 1 0 {gone} one.two.test
            _sip._udp.two.test SRV 2 0 {b.port} one.two.test
            one.two.test A 127.0.0.1"""):
        call(server, a, b, "sip:bob@two.test")


@flow("dns.naptr-dead", SETTINGS)
def naptr_dead(server):
    """NAPTR prefers TCP, and nobody listens there: the next one of its order gets the call (RFC 3263 4.1, 4.3; RFC 3403 4.1)."""
    with Phone(server, "a") as a, Phone(server, "b") as b, NameServer(PORT, f"""
            half.test NAPTR 10 50 s SIP+D2T _tcp.half.test
            half.test NAPTR 10 60 s SIP+D2U _udp.half.test
            _tcp.half.test SRV 0 0 {take()} host.half.test
            _udp.half.test SRV 0 0 {b.port} host.half.test
            host.half.test A 127.0.0.1"""):
        call(server, a, b, "sip:bob@half.test")


@flow("dns.naptr", SETTINGS)
def naptr(server):
    """NAPTR prefers TCP: the request comes over TCP, to the port of its SRV record (RFC 3263 4.1)."""
    with Phone(server, "a") as a, Phone(server, "b") as b, NameServer(PORT, f"""
            naptr.test NAPTR 10 50 s SIP+D2T _tcp.naptr.test
            naptr.test NAPTR 20 50 s SIP+D2U _udp.naptr.test
            _tcp.naptr.test SRV 0 0 {b.port} host.naptr.test
            _udp.naptr.test SRV 0 0 {b.port} host.naptr.test
            host.naptr.test A 127.0.0.1""") as names:
        with socket.create_server((b.host, b.port)) as door:
            door.settimeout(5)
            a.send(a.request("OPTIONS", "sip:bob@naptr.test"))
            stream, _ = door.accept()
            with stream:
                stream.settimeout(5)
                arrived = sip.Msg.parse(stream.recv(65535))
                stream.sendall(sip.reply(arrived, 200, "OK", "b", []).bytes())
                assert arrived.get("via").startswith("SIP/2.0/TCP"), arrived.text
                a.wait(200)
        assert ("_udp.naptr.test", "SRV") not in names.asked, names.asked


@flow("dns.hole", SETTINGS)
def hole(server):
    """A name nobody answers for delays its own call, not another's; it ends with an error."""
    with Phone(server, "a") as a, Phone(server, "b") as b, Phone(server, "c") as c, NameServer(PORT, f"""
            hole.test DROP
            well.test A 127.0.0.1"""):
        lost = a.invite("sip:bob@hole.test")
        began = time.monotonic()
        call(server, c, b, f"sip:bob@well.test:{b.port}")
        assert time.monotonic() - began < 0.8
        answer = a.wait("final")
        a.send(ack_of(lost, answer))
        assert 0.8 < time.monotonic() - began < 3 and answer.status >= 400, (answer, time.monotonic() - began)


@flow("dns.nobody", SETTINGS)
def nobody(server):
    """A domain that does not exist is answered at once with an error."""
    with Phone(server, "a") as a, NameServer(PORT, ""):
        began = time.monotonic()
        sent = a.invite("sip:bob@nobody.test")
        answer = a.wait("final")
        a.send(ack_of(sent, answer))
        assert answer.status >= 400 and time.monotonic() - began < 0.9, answer
