# SPDX-License-Identifier: MIT
"""cluster: Peal on a Redis Cluster of three masters: calls, slots that move, a master that dies, and the operator's command."""
import glob
import json
import os
import re
import socket
import time

from kit.cluster import Cluster, until
from kit.flow import flow
from kit.phone import Phone, ack_of
from kit.server import Server


def rings(caller, phone):
    """A call from one to the other, up to the ACK."""
    invite = caller.invite(phone.aor)
    there = phone.wait("INVITE")
    phone.reply(there, 200)
    answer = caller.wait(lambda m: m.status >= 200 and m.get("call-id") == invite.get("call-id"))
    assert answer.status == 200, answer.start
    caller.send(ack_of(invite, answer))
    phone.wait("ACK")


def keeps_trying(what, seconds=10):
    """Phones do what they are told by 503 and Retry-After: they come again."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        last = what()
        if last.status != 503:
            return last
        time.sleep(0.2)
    raise AssertionError(f"still {last.start} after {seconds} s")


@flow("cluster.moves-and-dies", server=False)
def moves_and_dies(form):
    """Everybody is found on three masters; half-way through the move of a slot, after it, and after a master died."""
    server = Server(form, {"proxy.lookup_cache": 0}, redis=Cluster).start()
    wrong = ["the flow ended early"]
    try:
        cluster = server.redis
        with Phone(server, server.name("a")) as caller:
            phones = [server.phone() for _ in range(12)]
            assert all(p.register().status == 200 for p in phones)
            assert len({cluster.owner(cluster.slot(f"reg:{p.aor[4:]}")).port for p in phones}) == 3
            for p in phones[:6]:
                rings(caller, p)

            moving = phones[0]
            slot = cluster.slot(f"reg:{moving.aor[4:]}")
            to = next(n for n in cluster.masters if n is not cluster.owner(slot))

            def midway():
                assert moving.register().status == 200
                rings(caller, moving)

            source = cluster.migrate(slot, to, midway)
            assert source is not to and moving.register().status == 200
            rings(caller, moving)

            cluster.masters[0].kill()
            for p in phones:
                assert keeps_trying(p.register).status == 200, p.aor
            for p in phones[6:]:
                rings(caller, p)
            for p in phones:
                assert len(server.bindings(p.aor[4:])) == 1, p.aor
                p.close()
        wrong = []
    finally:
        wrong += server.stop()
    assert not wrong, "\n".join(wrong)


@flow("cluster.operator", server=False, forms=["node"])
def operator(form):
    """`peal` on a cluster: users, policies, lists, a rebuild, bans, gateways; passwords and watchers work as anywhere."""
    server = Server(form, redis=lambda folder: Cluster(folder, replicas=0)).start()
    wrong = ["the flow ended early"]
    try:
        for i in range(5):
            server.peal("user", "add", f"o{i}@auth.example.com", "--password-stdin", stdin="secret\n")
        assert len(json.loads(server.peal("--json", "user", "ls", "auth.example.com").stdout)) == 5
        phones = [Phone(server, f"o{i}", "secret", "auth.example.com") for i in range(5)]
        assert [p.register().status for p in phones] == [200] * 5
        rings(phones[0], phones[1])
        said = [json.loads(server.peal("--json", "reg", "ls", "auth.example.com").stdout) for _ in
                (0, server.peal("reg", "reindex"))]
        assert len(said[0]) == 5 and said[0] == said[1], said
        server.peal("reg", "rm", "o4@auth.example.com")
        assert not server.bindings("o4@auth.example.com")
        server.peal("policy", "set", "o3@auth.example.com", "redirect")
        invite = phones[0].invite("sip:o3@auth.example.com")
        moved = phones[0].wait(lambda m: m.status >= 200 and m.get("call-id") == invite.get("call-id"))
        assert moved.status == 302, moved.start
        phones[0].send(ack_of(invite, moved))
        server.peal("gateway", "add", "carrier", "sip:127.0.0.1:9")
        server.peal("ban", "add", "192.0.2.7")
        assert "192.0.2.7" in server.peal("ban", "ls").stdout and "carrier" in server.peal("gateway", "ls").stdout
        assert server.peal("--config", server.config, "doctor", check=False).stdout.count("edis")
        assert len(json.loads(server.peal("--json", "node", "ls").stdout)) >= 4
        for p in phones:
            p.close()
        wrong = []
    finally:
        wrong += server.stop()
    assert not wrong, "\n".join(wrong)


def gauges(server):
    """peal_redis_up and peal_redis_missing, as the worker's own socket tells them."""
    (path,) = glob.glob(os.path.join(server.state, "run", "health", "*.sock"))
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        text = b"".join(iter(lambda: s.recv(65536), b"")).decode()
    return [sum(int(n) for n in re.findall(rf"^{name}(?:{{.*}})? (\d+)$", text, re.M)) for name in ("peal_redis_up", "peal_redis_missing")]


@flow("cluster.in-part", server=False, forms=["node"])
def in_part(form):
    """One of three masters dies and nobody takes its place: its users hear 503, all others register; metrics and doctor say what is missing."""
    server = Server(form, redis=lambda folder: Cluster(folder, replicas=0)).start()
    wrong = ["the flow ended early"]
    try:
        cluster = server.redis
        for n in cluster.nodes:
            n("CONFIG", "SET", "cluster-require-full-coverage", "no")
        loops = gauges(server)[0]
        assert loops and gauges(server) == [loops, 0]
        phones = [server.phone() for _ in range(12)]
        theirs = {p: cluster.owner(cluster.slot(f"reg:{p.aor[4:]}")) for p in phones}
        lost = next(n for n in cluster.nodes if n is not cluster.owner(cluster.slot("nodes")))
        assert set(theirs.values()) == set(cluster.nodes)
        lost.kill()
        until("the loss is seen", lambda: gauges(server) == [loops, loops])
        for p, node in theirs.items():
            assert p.register().status == (503 if node is lost else 200), p.aor
            p.close()
        said = server.peal("--config", server.config, "doctor", check=False)
        assert said.returncode == 1 and f"a master does not answer: 127.0.0.1:{lost.port}: " in said.stdout, said.stdout
        wrong = []
    finally:
        wrong += server.stop()
    assert not wrong, "\n".join(wrong)
