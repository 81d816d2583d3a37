# SPDX-License-Identifier: MIT
"""clockwork: one thread with sockets and timers; everything of the load happens in it, so nothing of the load is locked."""
import heapq
import itertools
import select
import threading
import time


class Timer:
    """One that is running; cancel() is all it can do."""
    def __init__(self, run):
        self.run = run

    def cancel(self):
        self.run = None


class Clockwork(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.poll, self.heard = select.epoll(), {}
        self.heap, self.serial = [], itertools.count()
        self.going, self.error = True, None

    def hear(self, sock, take):
        """take(data, from) for each datagram."""
        sock.setblocking(False)
        self.heard[sock.fileno()] = (sock, take)
        self.poll.register(sock.fileno(), select.EPOLLIN)

    def after(self, seconds, run):
        timer = Timer(run)
        heapq.heappush(self.heap, (time.monotonic() + seconds, next(self.serial), timer))
        return timer

    def run(self):
        try:
            while self.going:
                self._turn()
        except BaseException as e:  # the plan's thread tells it
            self.error = e

    def _turn(self):
        left = self.heap[0][0] - time.monotonic() if self.heap else 0.1
        for fd, _ in self.poll.poll(min(max(left, 0), 0.1)):
            self._empty(*self.heard[fd])
        now = time.monotonic()
        while self.heap and self.heap[0][0] <= now:
            timer = heapq.heappop(self.heap)[2]
            if timer.run:
                timer.run()

    @staticmethod
    def _empty(sock, take):
        for _ in range(256):
            try:
                take(*sock.recvfrom(65535))
            except (BlockingIOError, ConnectionRefusedError):
                return

    def stop(self):
        self.going = False
        self.join()
        self.poll.close()
