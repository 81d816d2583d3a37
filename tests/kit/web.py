# SPDX-License-Identifier: MIT
"""web: a phone as a browser has one (RFC 7118): SIP over ws or wss, a host name that means nothing to anybody else."""
import base64
import os

from kit import sip
from kit.phone import Phone


class WebPhone(Phone):
    def __init__(self, server, user, proto="ws", **more):
        self.invalid, self.frames = sip.fresh("w") + ".invalid", b""
        super().__init__(server, user, proto=proto, **more)

    @property
    def contact(self):
        return f"sip:{self.user}@{self.invalid};transport=ws"

    @property
    def via(self):
        return f"SIP/2.0/{self.proto.upper()} {self.invalid};branch={sip.branch()}"

    def open(self):
        sock = super().open()
        sock.sendall((f"GET / HTTP/1.1\r\nHost: {self.peer[0]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Protocol: sip\r\n\r\n").encode())
        said = b""
        while b"\r\n\r\n" not in said:
            more = sock.recv(4096)
            assert more, f"the upgrade to a WebSocket was not answered, only {said}"
            said += more
        assert said.startswith(b"HTTP/1.1 101 "), said
        return sock

    def send(self, msg, to=None):
        """One message, one masked text frame (RFC 6455 5.2)."""
        data, mask = msg if isinstance(msg, bytes) else msg.bytes(), os.urandom(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        self.sock.sendall(b"\x81" + size + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(data)))
        return msg

    def _read(self, sock):
        data = self._octets(sock)
        assert data, f"{self.user}: the server closed the connection"
        self.frames += data
        out = []
        while len(self.frames) >= 2:
            size, at = self.frames[1], 2
            if size == 126:
                size, at = int.from_bytes(self.frames[2:4], "big"), 4
            if len(self.frames) < at + size:
                break
            if self.frames[0] & 0x0f in (1, 2):
                out.append(sip.Msg.parse(self.frames[at:at + size]))
            self.frames = self.frames[at + size:]
        return out
