# SPDX-License-Identifier: MIT
"""phone: one socket and one address of record; enough of a user agent to drive a flow by hand.

It sends what it is told, waits for what it is asked, and does nothing by itself: no retransmission, no automatic ACK.
"""
import os
import select
import socket
import ssl
import time

from kit import sip
from kit.ports import take


class Phone:
    def __init__(self, server, user, password="", domain=None, proto="udp", host="127.0.0.1"):
        self.server, self.user, self.password = server, user, password
        self.domain, self.proto, self.host = domain or server.domain, proto, host
        self.port = take(host)
        self.stash, self.stream, self.seen = [], b"", []
        self.call_id, self.cseq, self.tag = sip.fresh("r"), 0, sip.fresh()
        kind = socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM
        self.sock = socket.socket(socket.AF_INET, kind)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((host, self.port))
        self.peer = (server.host, server.port + (proto == "tls"))
        if proto != "udp":
            self.sock.settimeout(5)
            self.sock.connect(self.peer)
        if proto == "tls":
            trust = ssl.create_default_context(cafile=os.path.join(server.state, "cert.pem"))
            self.sock = trust.wrap_socket(self.sock, server_hostname=server.host)

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    # ---- addresses

    @property
    def aor(self):
        return f"sip:{self.user}@{self.domain}"

    @property
    def contact(self):
        return f"sip:{self.user}@{self.host}:{self.port}" + ("" if self.proto == "udp" else f";transport={self.proto}")

    @property
    def via(self):
        return f"SIP/2.0/{self.proto.upper()} {self.host}:{self.port};rport;branch={sip.branch()}"

    # ---- wire

    def send(self, msg, to=None):
        data = msg if isinstance(msg, bytes) else msg.bytes()
        if self.proto == "udp":
            self.sock.sendto(data, to or self.peer)
        else:
            self.sock.sendall(data)
        return msg

    def _read(self):
        if self.proto == "udp":
            data = self.sock.recv(65535)
            return [sip.Msg.parse(data)] if data.strip() else []
        data, out = self.sock.recv(65535), []
        if not data:
            raise AssertionError(f"{self.user}: the server closed the connection")
        self.stream += data
        while b"\r\n\r\n" in self.stream:
            self.stream = self.stream.lstrip(b"\r\n")
            head, _, rest = self.stream.partition(b"\r\n\r\n")
            length = int(sip.Msg.parse(head + b"\r\n\r\n").get("content-length") or 0)
            if len(rest) < length:
                break
            out.append(sip.Msg.parse(head + b"\r\n\r\n" + rest[:length]))
            self.stream = rest[length:]
        return out

    def wait(self, want, timeout=5.0):
        """The next message that `want` names: a method, a status, "final" or a function. Others are kept for later."""
        end = time.monotonic() + timeout
        while True:
            for i, m in enumerate(self.stash):
                if fits(m, want):
                    return self.stash.pop(i)
            left = end - time.monotonic()
            waiting = self.proto == "tls" and self.sock.pending()
            if left <= 0 or not (waiting or select.select([self.sock], [], [], left)[0]):
                raise AssertionError(f"{self.user}: no {want} in {timeout} s; has {self.stash}, saw {self.seen[-8:]}")
            fresh = self._read()
            self.stash += fresh
            self.seen += fresh

    def silent(self, seconds, want=lambda m: True):
        """Nothing that `want` names arrives."""
        try:
            m = self.wait(want, seconds)
        except AssertionError:
            return
        raise AssertionError(f"{self.user}: got {m} where nothing was due")

    # ---- requests

    def request(self, method, uri, to=None, call_id=None, cseq=1, from_tag=None, fields=(), body=b""):
        """A request outside a dialog (RFC 3261 8.1.1)."""
        if body:
            fields = [*fields, ("Content-Type", "application/sdp")]
        return sip.Msg(f"{method} {uri} SIP/2.0", [
            ("Via", self.via), ("Max-Forwards", "70"), ("From", f"<{self.aor}>;tag={from_tag or sip.fresh()}"),
            ("To", f"<{to or uri}>"), ("Call-ID", call_id or sip.fresh("i")), ("CSeq", f"{cseq} {method}"), *fields], body)

    def ask(self, request, timeout=5.0, algorithm=None):
        """Send, answer one challenge, return the final response. Sent again once a second over UDP."""
        tries = int(timeout) if self.proto == "udp" else 1
        answer = None
        for _ in range(max(tries, 1)):
            self.send(request)
            try:
                answer = self.wait(lambda m: answers(m, request) and m.status >= 200, timeout / max(tries, 1))
                break
            except AssertionError:
                if _ == tries - 1:
                    raise
        if answer.status not in (401, 407) or not self.password or has_credentials(request):
            return answer
        if request.method == "INVITE":
            self.send(ack_of(request, answer))
        return self.ask(self.authorize(request, answer, algorithm), timeout)

    def authorize(self, request, answer, algorithm=None):
        """The same request again, with credentials, a new branch and a higher CSeq (RFC 3261 22.2)."""
        name, given = ("www-authenticate", "Authorization") if answer.status == 401 else ("proxy-authenticate", "Proxy-Authorization")
        value = sip.credentials(answer.all(name), request.method, request.uri, self.user, self.password, algorithm)
        number, method = request.cseq
        fields = [(n, self.via if n == "Via" else f"{number + 1} {method}" if n == "CSeq" else v) for n, v in request.fields]
        return sip.Msg(request.start, [*fields, (given, value)], request.body)

    def register(self, expires=300, contact=None, q=None, algorithm=None):
        """REGISTER with password; returns the final response."""
        self.cseq += 1
        value = "*" if contact == "*" else f"<{contact or self.contact}>" + (f";q={q}" if q else "")
        r = self.request("REGISTER", f"sip:{self.domain}", to=self.aor, call_id=self.call_id, cseq=self.cseq, from_tag=self.tag,
                         fields=[("Contact", value), ("Expires", str(expires))])
        answer = self.ask(r, algorithm=algorithm)
        self.cseq = answer.cseq[0]
        return answer

    def invite(self, callee, **more):
        """Send INVITE, with a password after the 407 it is answered with; returns the INVITE that counts."""
        fields = [("Contact", f"<{self.contact}>"), *more.pop("fields", [])]
        r = self.request("INVITE", callee, fields=fields, body=sip.sdp(), **more)
        return self.begin(r)

    def begin(self, request):
        """Send a request whose final answer comes later, after the 407 it may be answered with first; returns the one that counts."""
        self.send(request)
        if not self.password:
            return request
        try:
            first = self.wait(lambda m: answers(m, request) and m.status > 100, 1)
        except AssertionError:
            return request
        if first.status != 407:
            self.stash.insert(0, first)
            return request
        if request.method == "INVITE":
            self.send(ack_of(request, first))
        return self.send(self.authorize(request, first))

    def in_dialog(self, method, mine, answer, cseq, caller=True, body=b""):
        """A request inside the dialog that `mine` (the INVITE) and `answer` (its 2xx) made (RFC 3261 12.2.1.1)."""
        routes = answer.all("record-route")
        local, remote = (answer.get("from"), answer.get("to")) if caller else (answer.get("to"), answer.get("from"))
        target = sip.uri_of((answer if caller else mine).get("contact"))
        fields = [("Route", r) for r in (reversed(routes) if caller else routes)]
        return sip.Msg(f"{method} {target} SIP/2.0", [
            ("Via", self.via), ("Max-Forwards", "70"), ("From", local), ("To", remote), ("Call-ID", answer.get("call-id")),
            ("CSeq", f"{cseq} {method}"), ("Contact", f"<{self.contact}>"), *fields], body)

    def reply(self, request, status, reason="", body=b"", fields=(), tag=None):
        tag = tag or f"u{self.port}"
        if sip.reply and request.method == "INVITE" and status > 100:
            fields = [("Contact", f"<{self.contact}>"), *fields]
        if body:
            fields = [*fields, ("Content-Type", "application/sdp")]
        return self.send(sip.reply(request, status, reason, tag, fields, body))


def fits(msg, want):
    if callable(want):
        return want(msg)
    if want == "final":
        return msg.status >= 200
    return msg.status == want if isinstance(want, int) else msg.method == want


def answers(msg, request):
    return bool(msg.status) and msg.get("call-id") == request.get("call-id") and msg.get("cseq") == request.get("cseq")


def has_credentials(request):
    return bool(request.get("authorization") or request.get("proxy-authorization"))


def ack_of(request, answer):
    """ACK for a non-2xx final response: same branch (RFC 3261 17.1.1.3)."""
    keep = [(n, v) for n, v in request.fields if n in ("Via", "Max-Forwards", "From", "Call-ID", "Route")]
    return sip.Msg(f"ACK {request.uri} SIP/2.0", [*keep, ("To", answer.get("to")), ("CSeq", f"{request.cseq[0]} ACK")])


def cancel_of(request):
    """CANCEL of a request in progress (RFC 3261 9.1)."""
    keep = [(n, v) for n, v in request.fields if n in ("Via", "Max-Forwards", "From", "To", "Call-ID", "Route")]
    return sip.Msg(f"CANCEL {request.uri} SIP/2.0", [*keep, ("CSeq", f"{request.cseq[0]} CANCEL")])
