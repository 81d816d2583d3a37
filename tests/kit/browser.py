# SPDX-License-Identifier: MIT
"""browser: headless Chromium on the page of flow/web, and the small web server it is loaded from and tells its events to."""
import http.server
import json
import os
import queue
import shutil
import subprocess
import threading
import time
import urllib.parse

from kit.left import Process
from kit.server import ROOT

PAGE = os.path.join(ROOT, "tests", "flow", "web", "page.html")
JSSIP = os.path.join(ROOT, "build", "browser", "jssip.js")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-default-apps", "--mute-audio",
         "--ignore-certificate-errors", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
         "--allow-loopback-in-peer-connection"]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = {"/": PAGE, "/jssip.js": JSSIP}.get(urllib.parse.urlparse(self.path).path)
        if not path:
            return self.send_error(404)
        with open(path, "rb") as f:
            body = f.read()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if path == PAGE else "text/javascript")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.events.put(event)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *what):
        pass


class Browser:
    """asked: what the page finds in its query: socket, user, password, domain, target."""

    def __init__(self, folder, **asked):
        self.folder, self.had = folder, []
        os.makedirs(folder)
        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.web.events = queue.Queue()
        self.thread = threading.Thread(target=self.web.serve_forever, daemon=True)
        self.thread.start()
        address = f"http://127.0.0.1:{self.web.server_port}/?{urllib.parse.urlencode(asked)}"
        self.log = os.path.join(folder, "chromium.log")
        with open(self.log, "wb") as out:
            self.process = Process(["chromium", *FLAGS, f"--user-data-dir={folder}/profile", "--enable-logging=stderr", address],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)

    def wait(self, what, timeout=15):
        """The next event of this name; others before it are kept for the report only."""
        end = time.monotonic() + timeout
        while True:
            try:
                event = self.web.events.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                with open(self.log, errors="replace") as f:
                    said = [line for line in f if "CONSOLE" in line][-15:]
                raise AssertionError(f"the page told no {what} in {timeout} s, but {self.had}\n{''.join(said)}") from None
            self.had.append(event)
            if event["what"] == what:
                return event
            assert event["what"] not in ("failed", "registrationFailed", "error"), event

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.web.shutdown()
        self.web.server_close()
        shutil.rmtree(os.path.join(self.folder, "profile"), ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()
