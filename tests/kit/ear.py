# SPDX-License-Identifier: MIT
"""ear: a phone, gateway or neighbour that listens. It takes datagrams and connections, counts the connections,
and answers each message the way it came. Over a stream it can also talk first, by a connection it makes itself."""
import socket
import ssl

from kit import certs, sip
from kit.phone import Phone


class Ear(Phone):
    """listen: which of udp, tcp and tls it listens on, all at one port."""

    def __init__(self, server, user, listen=("tcp",), names=(), **more):
        self.listen, self.names = listen, names
        self.doors, self.streams = {}, {}     # listening socket to its transport; connection to what it holds of a message
        self.opened = 0
        super().__init__(server, user, proto=listen[0], **more)

    def open(self):
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        for proto in self.listen:
            s = socket.socket(family, socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((self.host, self.port))
            if proto != "udp":
                s.listen(16)
            self.doors[s] = proto
        return next(iter(self.doors))

    def close(self):
        for s in (*self.doors, *self.streams):
            s.close()

    def hang_up(self):
        """Close every connection; the door stays open."""
        for s in self.streams:
            s.close()
        self.streams = {}

    def socks(self):
        return [*self.doors, *self.streams]

    def _read(self, sock):
        if self.doors.get(sock) == "udp":
            data, sender = sock.recvfrom(65535)
            return self.came([sip.Msg.parse(data)] if data.strip() else [], sock, sender)
        if sock in self.doors:
            stream = sock.accept()[0]
            stream.settimeout(5)
            if self.doors[sock] == "tls":
                try:
                    stream = certs.server(*self.names).wrap_socket(stream, server_side=True)
                except (ssl.SSLEOFError, ConnectionError):  # whoever called has given up since
                    return []
            self.opened += 1
            self.streams[stream] = b""
            return []
        data = self._octets(sock)
        if not data:
            sock.close()
            del self.streams[sock]
            return []
        messages, self.streams[sock] = sip.cut(self.streams[sock] + data)
        return self.came(messages, sock, None)

    def came(self, messages, sock, sender):
        for m in messages:
            m.way = sock, sender
        return messages

    def send(self, msg, to=None, way=None):
        """A response goes back the way of its request; a request by the last connection there is, or as a datagram."""
        sock, sender = way or self.way_out()
        data = msg if isinstance(msg, bytes) else msg.bytes()
        if sender:
            sock.sendto(data, sender)
        else:
            sock.sendall(data)
        return msg

    def way_out(self):
        if self.streams:
            return list(self.streams)[-1], None
        return self.sock, self.peer

    def reply(self, request, status, reason="", **more):
        answer = self.answer(request, status, reason, **more)
        return self.send(answer, way=request.way)
