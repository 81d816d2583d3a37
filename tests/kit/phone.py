# SPDX-License-Identifier: MIT
"""phone: one socket and one address of record; enough of a user agent to drive a flow by hand.

It sends what it is told, waits for what it is asked, and does nothing by itself: no retransmission, no automatic ACK.
"""
import select
import socket
import ssl
import time

from kit import certs, sip
from kit.ports import take


def door(server, proto, host):
    """Where the server takes what comes by this transport and address family."""
    doors = getattr(server, "doors", {})
    return doors.get(proto + ("6" if ":" in host else "")) or (server.host, server.port)


def bracketed(host):
    return f"[{host}]" if ":" in host else host


class Phone:
    def __init__(self, server, user, password="", domain=None, proto="udp", host="127.0.0.1", peer=None, port=None):
        self.server, self.user, self.password = server, user, password
        self.domain, self.proto, self.host = domain or server.domain, proto, host
        self.port = port or take(host)
        self.stash, self.stream, self.seen = [], b"", []
        self.call_id, self.cseq, self.tag = sip.fresh("r"), 0, sip.fresh()
        self.peer = peer or door(server, proto, host)
        self.sock = self.open()

    def open(self):
        kind = socket.SOCK_DGRAM if self.proto == "udp" else socket.SOCK_STREAM
        sock = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.host, self.port))
        if self.proto != "udp":
            sock.settimeout(5)
            sock.connect(self.peer)
        if self.proto in ("tls", "wss"):
            sock = certs.client().wrap_socket(sock, server_hostname=self.peer[0])
        return sock

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
        return f"sip:{self.user}@{self.place}" + ("" if self.proto == "udp" else f";transport={self.proto}")

    @property
    def place(self):
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def via(self):
        return f"SIP/2.0/{self.proto.upper()} {self.place};rport;branch={sip.branch()}"

    # ---- wire

    def send(self, msg, to=None):
        data = msg if isinstance(msg, bytes) else msg.bytes()
        if self.proto == "udp":
            self.sock.sendto(data, to or self.peer)
        else:
            self.sock.sendall(data)
        return msg

    def socks(self):
        """Where something may come in."""
        return [self.sock]

    def _read(self, sock):
        if self.proto == "udp":
            data = sock.recv(65535)
            return [sip.Msg.parse(data)] if data.strip() else []
        data = self._octets(sock)
        if not data:
            raise AssertionError(f"{self.user}: the server closed the connection")
        out, self.stream = sip.cut(self.stream + data)
        return out

    @staticmethod
    def _octets(sock):
        """What a stream has for us; all of it, for select does not see what TLS has decrypted already."""
        try:
            data = sock.recv(65535)
            while isinstance(sock, ssl.SSLSocket) and sock.pending():
                data += sock.recv(65535)
        except ssl.SSLWantReadError:
            return b"\r\n"
        except ConnectionResetError:
            return b""
        return data

    def wait(self, want, timeout=5.0):
        """The next message that `want` names: a method, a status, "final" or a function. Others are kept for later."""
        end = time.monotonic() + timeout
        while True:
            for i, m in enumerate(self.stash):
                if fits(m, want):
                    return self.stash.pop(i)
            left = end - time.monotonic()
            ready = select.select(self.socks(), [], [], left)[0] if left > 0 else []
            if not ready:
                raise AssertionError(f"{self.user}: no {want} in {timeout} s; has {self.stash}, saw {self.seen[-8:]}")
            for sock in ready:
                fresh = self._read(sock)
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

    def answer(self, request, status, reason="", body=b"", fields=(), tag=None):
        """The response this phone makes."""
        if request.method == "INVITE" and status > 100:
            fields = [("Contact", f"<{self.contact}>"), *fields]
        if body:
            fields = [*fields, ("Content-Type", "application/sdp")]
        return sip.reply(request, status, reason, tag or f"u{self.port}", fields, body)

    def reply(self, request, status, reason="", **more):
        return self.send(self.answer(request, status, reason, **more))


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
