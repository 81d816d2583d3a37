# SPDX-License-Identifier: MIT
"""binding: a phone is reached over the connection it registered by, from any worker, and by another flow when that one is gone."""
import signal
import time

from kit import sip
from kit.flow import flow
from kit.phone import Phone, ack_of

COPIES = {"proxy": 3, "transaction": 2}


def ring(server, phone, caller=None):
    """A call of a stranger arrives at the phone and is refused there."""
    with caller or Phone(server, server.name("a")) as a:
        sent = a.invite(phone.aor)
        arrived = phone.wait("INVITE", 2)
        phone.reply(arrived, 486, "Busy Here")
        answer = a.wait("final")
        a.send(ack_of(sent, answer))
        assert answer.status == 486, answer
        phone.wait("ACK")
        return arrived


def refused(server, aor, statuses, within=1.0):
    """A call to nobody is answered at once."""
    with Phone(server, server.name("a")) as a:
        began = time.monotonic()
        sent = a.invite(aor)
        answer = a.wait("final", 10)
        took = time.monotonic() - began
        a.send(ack_of(sent, answer))
        assert answer.status in statuses and took < within, f"{answer} after {took:.1f} s"


@flow("binding.any-worker", copies=COPIES)
def any_worker(server):
    """Twelve calls, three proxies: each reaches the phone over the one connection it made (its port listens to nobody)."""
    with server.phone(proto="tcp") as b:
        assert b.register().status == 200
        for _ in range(12):
            assert ring(server, b).get("via").startswith("SIP/2.0/TCP")


@flow("binding.closed", copies=COPIES)
def closed(server):
    """The connection is gone and nobody listens at the contact: the caller hears so at once, not by a timeout."""
    with server.phone(proto="tcp") as b:
        assert b.register().status == 200
        ring(server, b)
    refused(server, b.aor, (480, 500))


class Outbound(Phone):
    """One flow of a phone that keeps several (RFC 5626)."""

    def __init__(self, server, user, instance, reg_id):
        super().__init__(server, user, proto="tcp")
        self.instance, self.reg_id = instance, reg_id

    def register_flow(self):
        self.cseq += 1
        r = self.request("REGISTER", f"sip:{self.domain}", to=self.aor, call_id=self.call_id, cseq=self.cseq, from_tag=self.tag, fields=[
            ("Contact", f'<{self.contact};ob>;reg-id={self.reg_id};+sip.instance="<urn:uuid:{self.instance}>"'),
            ("Supported", "path, outbound"), ("Expires", "300")])
        answer = self.ask(r)
        assert answer.status == 200 and "outbound" in answer.get("require"), answer.text


@flow("binding.flow-closed", copies=COPIES)
def flow_closed(server):
    """The only flow of a device is closed: 480 at once (RFC 5626 5.3, 7)."""
    with Outbound(server, server.name("b"), "00000000-0000-1000-8000-000a95a0e128", 1) as b:
        b.register_flow()
        ring(server, b)
    refused(server, b.aor, (480, 430))


@flow("binding.second-flow", copies=COPIES)
def second_flow(server):
    """Two flows of one device: a call rings by one of them; when that one is closed, the other is used at once."""
    user, instance = server.name("b"), "00000000-0000-1000-8000-000a95a0e129"
    with Outbound(server, user, instance, 1) as one, Outbound(server, user, instance, 2) as two, \
            Phone(server, server.name("a")) as a:
        one.register_flow()
        two.register_flow()
        sent = a.invite(two.aor)
        used, other = (two, one) if arrives(two) else (one, two)
        other.silent(0.3, lambda m: m.method == "INVITE")
        used.reply(used.wait("INVITE"), 486, "Busy Here")
        a.send(ack_of(sent, a.wait(486)))
        used.close()
        began = time.monotonic()
        ring(server, other)
        assert time.monotonic() - began < 1


def arrives(phone):
    try:
        m = phone.wait("INVITE", 0.5)
    except AssertionError:
        return False
    phone.stash.insert(0, m)
    return True


def holder(server, phone):
    """The transport worker that has this phone's connection."""
    far = f"peer={phone.proto}:127.0.0.1:{phone.port} "
    return next(w for w in server.workers if w.name.startswith("transport") and far in server.text(w.log.rpartition("/")[2]))


@flow("binding.worker-lost", copies={"transport": 2, "proxy": 2}, forms=["separate"], own=True)
def worker_lost(server):
    """The transport with a flow is killed: a call made in that moment takes the other flow, or is answered, at once and not by a timeout."""
    def register(user, reg_id, fits):
        for _ in range(50):  # the kernel chooses the worker
            p = Outbound(server, user, "00000000-0000-1000-8000-000a95a0e130", reg_id)
            p.register_flow()
            if fits(holder(server, p)):
                return p
            p.close()
        raise AssertionError("every connection came to one worker")

    two, single = server.name("b"), server.name("c")
    with register(two, 1, lambda w: True) as first:
        lost = holder(server, first)
        with register(two, 2, lambda w: w is not lost) as second, register(single, 1, lambda w: w is lost) as only:
            lost.process.send_signal(signal.SIGKILL)
            lost.process.wait()
            server.workers.remove(lost)
            refused(server, only.aor, (480, 430), within=2.0)
            began = time.monotonic()
            ring(server, second)
            assert time.monotonic() - began < 2
