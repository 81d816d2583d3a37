# SPDX-License-Identifier: MIT
"""apply: `peal config apply` under load: all workers take a new configuration, or none does."""
import os
import time

from kit.flow import flow
from kit.server import Worker, render
from kit.storm import Storm


def said(server, words):
    """How many workers have a line with these words in their logs."""
    return sum(words in server.text(os.path.basename(w.log)) for w in server.workers)


def write(server, name, changes=None):
    path = os.path.join(server.state, name)
    with open(path, "w") as f:
        f.write(render({**server.settings, **(changes or {})}))
    return path


def realm(server):
    """What a phone is asked for its password with: a setting every registrar shows."""
    with server.phone(domain="auth.example.com") as p:
        answer = p.ask(p.request("REGISTER", f"sip:{p.domain}", to=p.aor))
        return answer.get("www-authenticate").partition('realm="')[2].partition('"')[0]


@flow("apply.all", {"server.drain": 20}, own=True)
def all_or_none(server):
    """Good ones are taken by every worker, bad ones by none, whoever finds them bad; 0 calls fail meanwhile."""
    config, workers = server.config, len(server.workers)
    with open(config) as f:
        before = f.read()
    with Storm(server, "call", rate=40) as calls:
        for name in ("first", "second", "third"):
            fresh = write(server, f"{name}.conf", {"domain.auth.example.com.realm": name})
            done = server.peal("--config", config, "config", "apply", fresh)
            assert done.stdout == f"{workers} workers took it\n".replace("1 workers", "1 worker"), done
            assert realm(server) == name
        bad = write(server, "bad.conf", {"transaction.t1": "soon"})
        refused = server.peal("--config", config, "config", "apply", bad, check=False)
        assert refused.returncode == 1 and "bad.conf:" in refused.stderr and "nothing was changed" in refused.stderr, refused
        other_file_is_bad(server, write(server, "fourth.conf", {"domain.auth.example.com.realm": "fourth"}))
        assert realm(server) == "third"
        with open(config) as f:
            assert 'realm = "third"' in f.read(), "a refused file was left in place"
    assert said(server, "config.reloaded") == workers
    with open(config, "w") as f:
        f.write(before)
    server.peal("--config", config, "config", "apply")  # what stands in the file
    assert realm(server) == "auth.example.com"
    calls.clean(10)


def other_file_is_bad(server, fresh):
    """A worker that reads another file, which is bad: it alone refuses, and so nobody takes anything."""
    config = write(server, "elsewhere.conf")
    argv = [os.path.join(server.bin, "peal-registrar"), "--config", config]
    odd = Worker("registrar.odd", argv, server.env(), os.path.join(server.state, "log", "registrar.odd.log"))
    while odd.alive() and odd.process.pid not in server.live():
        time.sleep(0.05)
    with open(config, "a") as f:
        f.write("\nserver\n    drain = never\n")
    refused = server.peal("--config", server.config, "config", "apply", fresh, check=False)
    assert refused.returncode == 1 and f"pid {odd.process.pid}): {config}:" in refused.stderr, refused
    assert "nothing was changed" in refused.stderr, refused
    wrong = odd.stop()
    assert not wrong, wrong
