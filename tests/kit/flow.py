# SPDX-License-Identifier: MIT
"""flow: the registry of flows and the loop that runs them.

A flow is a function of one running server. Flows that ask for the same settings share a server; each uses users of its own.
"""
import fnmatch
import json
import shutil
import time
import traceback
from typing import NamedTuple

from kit.server import Server

flows = []


class Skip(Exception):
    """This host cannot run the flow; the reason is printed. Never raised for what tests/run installs."""


def flow(name, settings=None, needs=(), forms=("node", "separate"), own=False, server=True, copies=None, alone=False):
    """Register a flow. settings: what differs from the default server; own: not shared with other flows;
    server=False: the flow starts what it needs by itself; needs: programs it runs; alone: it measures time, or needs the
    whole machine, so nothing runs beside it."""
    def keep(function):
        flows.append({"name": name, "settings": settings or {}, "needs": needs, "forms": forms, "own": own,
                      "server": server, "copies": copies or {}, "alone": alone, "run": function})
        return function
    return keep


def chosen(only, form):
    """Flows of this form: all, or those named; a name that is none is the beginning of names, or a pattern."""
    names = [f["name"] for f in flows]
    for f in flows:
        fits = not only or any(o == f["name"] if o in names else f["name"].startswith(o) or fnmatch.fnmatch(f["name"], o) for o in only)
        if fits and form in f["forms"]:
            yield f


class Group(NamedTuple):
    """Flows that run one after the other, on one server if they want one."""
    form: str
    members: list
    alone: bool

    def names(self):
        return [f"{self.form}/{f['name']}" for f in self.members]


def plan(forms, only):
    """The groups of these flows."""
    out = []
    for form in forms:
        groups = {}
        for i, f in enumerate(chosen(only, form)):
            key = json.dumps([f["settings"], f["copies"], f["alone"], i if f["own"] or not f["server"] else -1], sort_keys=True)
            groups.setdefault(key, []).append(f)
        out += [Group(form, members, members[0]["alone"]) for members in groups.values()]
    return out


def where(error):
    """The line of the flow that failed, and no more."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith("_flow.py")]
    return f"at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}: {frames[-1].line}" if frames else ""


class Run:
    def __init__(self, bin_folder=None, keep=False, verbose=False):
        self.bin, self.keep, self.verbose, self.passed, self.failed = bin_folder, keep, verbose, 0, []

    def note(self, name, began, error=None):
        if error:
            self.failed.append(name)
        else:
            self.passed += 1
        print(f"{'FAIL' if error else 'ok  '}  {name}  ({time.monotonic() - began:.1f} s)", flush=True)
        if error:
            print("        " + error.strip().replace("\n", "\n        "), flush=True)

    def one(self, f, form, argument):
        began, name = time.monotonic(), f"{form}/{f['name']}"
        missing = [n for n in f["needs"] if not shutil.which(n)]
        if missing:
            return self.note(name, began, f"{' and '.join(missing)} not installed; tests/run installs it")
        error = None
        try:
            f["run"](argument)
        except Skip as why:
            return print(f"skip  {name}: {why}", flush=True)
        except AssertionError as e:
            error = traceback.format_exc() if self.verbose else f"{e}\n{where(e)}"
        except Exception:
            error = traceback.format_exc()
        if isinstance(argument, Server) and argument.dead():
            error = f"{argument.dead()}\n{error or ''}"
        self.note(name, began, error)

    def group(self, form, members):
        """Flows that share one server."""
        first = members[0]
        if not first["server"]:
            for f in members:
                self.one(f, form, form)
            return
        left = list(members)
        while left:
            left = self.serve(form, left)

    def serve(self, form, members):
        """Start a server and run flows on it; returns those still to run when one of them killed it."""
        began, first = time.monotonic(), members[0]
        label = f"{form}/server of {first['name']}" + (f" and {len(members) - 1} more" if len(members) > 1 else "")
        server = Server(form, first["settings"], self.bin, self.keep, first["copies"])
        try:
            server.start()
        except Exception as e:
            self.failed += [f"{form}/{f['name']}" for f in members]
            print(f"FAIL  {label} did not start; {len(members)} flows not run\n        {e}", flush=True)
            return []
        left = list(members)
        try:
            while left and not server.dead():
                self.one(left.pop(0), form, server)
        finally:
            wrong = server.stop()
        self.note(label + " ended clean", began, "\n".join(wrong) and "\n".join(wrong) + f"\nlogs in {server.state}/log")
        if self.keep:
            print(f"        state and logs kept in {server.state}", flush=True)
        return left

    def all(self, forms, only):
        for g in plan(forms, only):
            self.group(g.form, g.members)
        return not self.failed
