# SPDX-License-Identifier: MIT
"""relay: a lossy wire. Datagrams pass between one client side and the server, and the ones a rule names are lost."""
import select
import socket
import threading

from kit.ports import take
from kit.sip import Msg


class Relay:
    """lose(message, toward_server, count) -> True drops it; count: how often this start line went that way before."""

    def __init__(self, server, client, lose):
        self.server, self.client, self.lose = (server.host, server.port), client, lose
        self.port, self.far_port = take(), take()
        self.near, self.far = self._socket(self.port), self._socket(self.far_port)
        self.counts, self.lost, self.open = {}, [], True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @staticmethod
    def _socket(port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("127.0.0.1", port))
        return s

    def _run(self):
        while self.open:
            for s in select.select([self.near, self.far], [], [], 0.2)[0]:
                data = s.recv(65535)
                toward = s is self.near
                start = Msg.parse(data).start
                key = (start, toward)
                self.counts[key] = self.counts.get(key, 0) + 1
                if self.lose(Msg.parse(data), toward, self.counts[key] - 1):
                    self.lost.append(start)
                elif toward:
                    self.far.sendto(data, self.server)
                else:
                    self.near.sendto(data, self.client)

    def close(self):
        self.open = False
        self.thread.join()
        self.near.close()
        self.far.close()
