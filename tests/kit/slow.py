# SPDX-License-Identifier: MIT
"""slow: a wire to Redis whose answers can be late, all of them by the same time."""
import collections
import select
import socket
import threading
import time

from kit.ports import take


class Slow:
    def __init__(self, port):
        self.to, self.port, self.delay, self.open = port, take(), 0, True
        self.door = socket.create_server(("127.0.0.1", self.port))
        self.other, self.late = {}, collections.deque()  # socket: its other half; (due, socket, bytes)
        self.answers = set()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _accept(self):
        near = self.door.accept()[0]
        try:
            far = socket.create_connection(("127.0.0.1", self.to), 1)
        except OSError:
            near.close()
            return
        self.other.update({near: far, far: near})
        self.answers.add(far)

    def _end(self, sock):
        for s in (sock, self.other.pop(sock, None)):
            if s:
                self.other.pop(s, None)
                self.answers.discard(s)
                s.close()

    def _pass(self, sock):
        try:
            data = sock.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self._end(sock)
        elif sock in self.answers:
            self.late.append((time.monotonic() + self.delay, self.other[sock], data))
        else:
            self._write(self.other[sock], data)

    def _write(self, sock, data):
        try:
            if sock in self.other:
                sock.sendall(data)
        except OSError:
            self._end(sock)

    def _run(self):
        while self.open:
            wait = max(0, self.late[0][0] - time.monotonic()) if self.late else 0.1
            for s in select.select([self.door, *self.other], [], [], min(wait, 0.1))[0]:
                if s is self.door:
                    self._accept()
                elif s in self.other:
                    self._pass(s)
            while self.late and (self.late[0][0] <= time.monotonic() or not self.delay):
                self._write(*self.late.popleft()[1:])

    def close(self):
        self.open = False
        self.thread.join()
        for s in list(self.other):
            self._end(s)
        self.door.close()
