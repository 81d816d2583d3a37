#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Phones in a browser (JsSIP in headless Chromium, RFC 7118) through Peal, on both forms. Ends with `N passed, N failed`.

tests/run --browser installs what it takes: Chromium, and JsSIP under build/browser.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]

from kit import flow as flows, left  # noqa: E402  (the path comes first)
from kit.browser import JSSIP, Browser  # noqa: E402
from kit.flow import flow  # noqa: E402
from kit.server import find_bin  # noqa: E402
from kit.softphone import Softphone  # noqa: E402

DOMAIN = "auth.example.com"
SETTINGS = {"transport.listen": "udp tcp tls ws wss"}
NEEDS = ["chromium", "baresip"]
WEBRTC = {"account": ";mediaenc=dtls_srtp;medianat=ice", "config": "module dtls_srtp.so\nmodule ice.so\nmodule srtp.so\nrtcp_mux yes\n"}


def user(server, prefix):
    name = server.name(prefix)
    server.add_user(name, f"secret-{name}", DOMAIN)
    return name


def browser(server, name, socket="wss", **more):
    host, port = server.doors[socket]
    return Browser(os.path.join(server.state, f"browser-{name}"), socket=f"{socket}://{host}:{port}", user=name,
                   password=f"secret-{name}", domain=DOMAIN, **more)


def softphone(server, name, answer="manual"):
    return Softphone(server, name, f"secret-{name}", DOMAIN, answer=answer, **WEBRTC)


@flow("browser.calls", SETTINGS, needs=NEEDS)
def calls(server):
    """JsSIP registers over WSS with a password and calls a baresip on UDP, which answers its session description; the page hangs up."""
    a, b = user(server, "web"), user(server, "bob")
    with softphone(server, b) as bob:
        bob.registered()
        bob.command("reginfo")
        with browser(server, a, target=f"sip:{b}@{DOMAIN}") as page:
            page.wait("registered", 30)
            bob.wait("CALL_INCOMING")
            page.wait("progress")
            bob.command("accept")
            page.wait("confirmed")
            page.wait("ended")
            bob.wait("CALL_CLOSED")


@flow("browser.called", SETTINGS, needs=NEEDS)
def called(server):
    """The baresip calls the page over the WebSocket it registered by; the page answers, the baresip hangs up."""
    a, b = user(server, "web"), user(server, "bob")
    with softphone(server, b) as bob, browser(server, a) as page:
        page.wait("registered", 30)
        bob.registered()
        bob.command("dial", f"sip:{a}@{DOMAIN}")
        assert page.wait("incoming")["from"].startswith(f"sip:{b}@"), page.had
        page.wait("confirmed")
        bob.wait("CALL_ESTABLISHED")
        bob.command("hangup")
        page.wait("ended")


@flow("browser.both", SETTINGS, needs=NEEDS)
def both(server):
    """Two pages, one over WS and one over WSS, call each other."""
    a, b = user(server, "web"), user(server, "web")
    with browser(server, b) as callee:
        callee.wait("registered", 30)
        with browser(server, a, "ws", target=f"sip:{b}@{DOMAIN}") as caller:
            callee.wait("incoming", 30)
            callee.wait("confirmed")
            caller.wait("confirmed")
            caller.wait("ended")
            callee.wait("ended")


def main():
    left.ends_clean()
    if not os.path.exists(JSSIP):
        raise SystemExit(f"{JSSIP} is not there; tests/run --browser makes it")
    run = flows.Run(find_bin(), "--keep" in sys.argv)
    print(f"flows on {run.bin}", flush=True)
    run.all(["node", "separate"], [a for a in sys.argv[1:] if not a.startswith("-")])
    for name in run.failed:
        print(f"failed: {name}")
    print(f"{run.passed} passed, {len(run.failed)} failed", flush=True)
    return 1 if run.failed or not run.passed else 0


if __name__ == "__main__":
    sys.exit(main())
