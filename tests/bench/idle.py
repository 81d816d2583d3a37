#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""idle: what connections that do nothing cost one transport worker, in memory and in the calls beside them.

    tests/bench/idle.py [--tcp 20000] [--tls 5000] [--bin build/bin] [--port 26600]

One peal-transport is measured; the other tiers run in a peal-node. A caller and a callee on UDP set up and end calls, one after
another, before, while TCP connections stand, and while TLS connections stand; their first byte to their 200 is timed.
"""
import argparse
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

FIELDS = re.compile(r"(?mi)^(via|record-route|from|to|call-id|cseq):")


def rss_kb(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


class Server:
    def __init__(self, options, folder):
        self.port = options.port
        self.processes = []
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, stderr=subprocess.DEVNULL)
        env = {k: v for k, v in os.environ.items() if not k.startswith("PEAL_")}
        env.update(PEAL_SERVER_DOMAINS="idle.test", PEAL_SERVER_AUTH="off", PEAL_SERVER_STATE=folder,
                   PEAL_REDIS_URL=f"unix://{folder}/redis.sock",
                   PEAL_TRANSPORT_LISTEN=" ".join(f"{p}:127.0.0.1:{self.port + n}" for p, n in (("udp", 0), ("tcp", 0), ("tls", 1))),
                   PEAL_TRANSPORT_CERTIFICATE=f"{folder}/cert.pem", PEAL_TRANSPORT_KEY=f"{folder}/key.pem",
                   PEAL_TRANSPORT_SOURCE_CONNECTIONS="1000000", PEAL_LOG_LEVEL="warning")
        self.start(["redis-server", "--port", "0", "--unixsocket", f"{folder}/redis.sock", "--save", "", "--dir", folder], env, folder)
        self.start([f"{options.bin}/peal-node", "--tiers", "transaction,proxy,registrar"], env, folder)
        self.start([f"{options.bin}/peal-transport"], env, folder)
        time.sleep(3)

    def start(self, argv, env, folder):
        with open(f"{folder}/{os.path.basename(argv[0])}.log", "w") as log:
            self.processes.append(subprocess.Popen(argv, env=env, stdout=log, stderr=log))

    @property
    def pid(self):
        return self.processes[-1].pid

    def stop(self):
        for p in reversed(self.processes):
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()


class Phone:
    def __init__(self, server, user):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(4)
        self.to, self.user, self.n = ("127.0.0.1", server.port), user, 0
        self.port = self.socket.getsockname()[1]

    def request(self, method, uri, to, call, cseq, more=""):
        self.n += 1
        return (f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{self.user}{self.n}\r\nMax-Forwards: 70\r\n"
                f"From: <sip:{self.user}@idle.test>;tag=f\r\nTo: {to}\r\nCall-ID: {call}\r\nCSeq: {cseq} {method}\r\n"
                f"Contact: <sip:{self.user}@127.0.0.1:{self.port}>\r\n{more}Content-Length: 0\r\n\r\n")

    def send(self, text):
        self.socket.sendto(text.encode(), self.to)

    def wait(self, start):
        while True:
            text = self.socket.recv(65535).decode()
            if text.startswith(start):
                return text

    def answer(self, request, status):
        copied = "\r\n".join(line for line in request.split("\r\n") if FIELDS.match(line))
        copied = re.sub(r"(?mi)^(To: <[^>]*>)\r?$", r"\1;tag=t\r", copied + "\r\n", count=1)
        self.send(f"SIP/2.0 {status}\r\n{copied}Contact: <sip:{self.user}@127.0.0.1:{self.port}>\r\nContent-Length: 0\r\n\r\n")


def one_call(a, b, call):
    began = time.perf_counter()
    a.send(a.request("INVITE", "sip:b@idle.test", "<sip:b@idle.test>", call, 1))
    b.answer(b.wait("INVITE"), "200 OK")
    ok = a.wait("SIP/2.0 200")
    took = time.perf_counter() - began
    target = re.search(r"(?mi)^Contact: <([^>]*)>", ok).group(1)
    to = re.search(r"(?mi)^To: (.*?)\r?$", ok).group(1)
    routes = "".join(f"Route: {value}\r\n" for value in reversed(re.findall(r"(?mi)^Record-Route: (.*?)\r?$", ok)))
    a.send(a.request("ACK", target, to, call, 1, routes))
    b.wait("ACK")
    a.send(a.request("BYE", target, to, call, 2, routes))
    b.answer(b.wait("BYE"), "200 OK")
    a.wait("SIP/2.0 200")
    return took * 1000


def calls(server, label, a, b, n=1500):
    took = sorted(one_call(a, b, f"{label}{i}@idle") for i in range(n))
    return f"median {took[n // 2]:.2f} ms, 99% {took[n * 99 // 100]:.2f} ms, longest {took[-1]:.2f} ms"


def dial(port, n, context=None):
    held = []
    for i in range(n):
        s = socket.create_connection(("127.0.0.1", port), 10, (f"127.0.1.{1 + i % 200}", 0))
        held.append(context.wrap_socket(s) if context else s)
        if context:  # what follows the handshake is read, as a phone does
            held[-1].sendall(b"\r\n\r\n")
            held[-1].recv(2)
    return held


def measure(options, server):
    a, b = Phone(server, "a"), Phone(server, "b")
    b.send(b.request("REGISTER", "sip:idle.test", "<sip:b@idle.test>", "r@idle", 1))
    b.wait("SIP/2.0 200")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    calls(server, "warm", a, b, 300)
    empty = rss_kb(server.pid)
    print(f"no connections: {empty} KB resident; calls: {calls(server, 'none', a, b)}")
    tcp = dial(server.port, options.tcp)
    time.sleep(1)
    full = rss_kb(server.pid)
    print(f"{len(tcp)} TCP: {full} KB, {(full - empty) * 1024 / max(1, len(tcp)):.0f} bytes each; calls: {calls(server, 'tcp', a, b)}")
    tls = dial(server.port + 1, options.tls, context)
    time.sleep(1)
    more = rss_kb(server.pid)
    print(f"and {len(tls)} TLS: {more} KB, {(more - full) * 1024 / max(1, len(tls)):.0f} bytes each; calls: {calls(server, 'tls', a, b)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tcp", type=int, default=20000)
    parser.add_argument("--tls", type=int, default=5000)
    parser.add_argument("--port", type=int, default=26600)
    parser.add_argument("--bin", default=os.path.join(os.path.dirname(__file__), "../../build/bin"))
    options = parser.parse_args()
    need = options.tcp + options.tls + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < need:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (need, need))
        except (ValueError, PermissionError):
            sys.exit(f"idle: {need} open files are needed, {hard} are allowed: raise the limit (ulimit -n) or run as root")
    elif soft < need:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))
    folder = tempfile.mkdtemp(prefix="peal-idle-")
    server = Server(options, folder)
    try:
        measure(options, server)
    finally:
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
