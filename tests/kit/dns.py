# SPDX-License-Identifier: MIT
"""dns: a name server for flows, over UDP in a thread of the test. A zone is lines as a zone file has them:

    example.test NAPTR 10 50 s SIP+D2T _sip._tcp.example.test      type and data; every answer lives 60 s
    hole.test DROP                                                 no answer, ever
"""
import select
import socket
import struct
import threading

TYPES = {"A": 1, "AAAA": 28, "SRV": 33, "NAPTR": 35}


def name(text):
    return b"".join(bytes([len(x)]) + x.encode() for x in text.split(".") if x) + b"\0"


def text(word):
    return bytes([len(word)]) + word.encode()


def data(kind, words):
    if kind == "A":
        return socket.inet_aton(words[0])
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, words[0])
    if kind == "SRV":
        return struct.pack(">HHH", *map(int, words[:3])) + name(words[3])
    return struct.pack(">HH", *map(int, words[:2])) + text(words[2]) + text(words[3]) + text("") + name(words[4])


class NameServer:
    def __init__(self, port, zone, host="127.0.0.1"):
        self.rows = [line.split() for line in zone.strip().splitlines() if line.strip()]
        self.asked = []                       # (name, type) of each query
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((host, port))
        self.wake = socket.socketpair()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        self.wake[0].send(b"x")
        self.thread.join()
        for s in (self.sock, *self.wake):
            s.close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    def run(self):
        while self.wake[1] not in select.select([self.sock, self.wake[1]], [], [])[0]:
            query, peer = self.sock.recvfrom(2048)
            answer = self.answer(query)
            if answer:
                self.sock.sendto(answer, peer)

    def answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        asked, kind = ".".join(labels), struct.unpack(">H", query[at + 1:at + 3])[0]
        self.asked.append((asked, next((t for t, n in TYPES.items() if n == kind), str(kind))))
        mine = [row for row in self.rows if row[0].lower() == asked]
        if any(row[1] == "DROP" for row in mine):
            return b""
        records = [data(row[1], row[2:]) for row in mine if TYPES.get(row[1]) == kind]
        head = query[:2] + struct.pack(">HHHHH", 0x8180 if mine else 0x8183, 1, len(records), 0, 0) + query[12:at + 5]
        return head + b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(r)) + r for r in records)
