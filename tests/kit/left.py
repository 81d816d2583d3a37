# SPDX-License-Identifier: MIT
"""left: a run that is ended early leaves no process behind.

Process is Popen for what runs until it is stopped. Workers have sessions of their own, so neither Ctrl-C nor `kill` of a run reaches them:
ends_clean() makes of both an orderly end, by way of every `finally`, and what is still there after it is killed.
"""
import atexit
import os
import signal
import subprocess
import sys
import threading
import weakref

_running = weakref.WeakSet()


class Process(subprocess.Popen):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        _running.add(self)


def _kill():
    for p in list(_running):
        if p.poll() is None:
            p.kill()
            p.wait()


def _end(number, _frame):
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, signal.SIG_IGN)  # once is enough
    sys.exit(128 + number)


def ends_clean():
    """For the beginning of a main program."""
    atexit.register(_kill)
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, _end)


def lines_of_parent(take):
    """A thread hands each line of standard input to `take`; when who writes there is gone, this process ends, too."""
    def read():
        rest = b""
        while got := os.read(0, 4096):
            *lines, rest = (rest + got).split(b"\n")
            for line in lines:
                take(line.decode())
        os.kill(os.getpid(), signal.SIGTERM)
    threading.Thread(target=read, daemon=True).start()
