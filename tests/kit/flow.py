# SPDX-License-Identifier: MIT
"""flow: the registry of flows and the loop that runs them.

A flow is a function of one running server. Flows that ask for the same settings share a server; each uses users of its own.
"""
import fnmatch
import json
import shutil
import time
import traceback

from kit.server import Server

flows = []


class Skip(Exception):
    """This host cannot run the flow; the reason is printed. Never raised for what tests/run installs."""


def flow(name, settings=None, needs=(), forms=("node", "separate"), own=False, server=True, copies=None):
    """Register a flow. settings: what differs from the default server; own: not shared with other flows;
    server=False: the flow starts what it needs by itself; needs: programs it runs."""
    def keep(function):
        flows.append({"name": name, "settings": settings or {}, "needs": needs, "forms": forms, "own": own,
                      "server": server, "copies": copies or {}, "run": function})
        return function
    return keep


def chosen(only, form):
    for f in flows:
        if form in f["forms"] and (not only or any(fnmatch.fnmatch(f["name"], o) or f["name"].startswith(o) for o in only)):
            yield f


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
        try:
            f["run"](argument)
        except Skip as why:
            print(f"skip  {name}: {why}", flush=True)
        except Exception as e:
            self.note(name, began, traceback.format_exc() if self.verbose or not isinstance(e, AssertionError) else
                      f"{e}\n{''.join(traceback.format_tb(e.__traceback__)[-2:])}")
        else:
            self.note(name, began)

    def group(self, form, members):
        """Flows that share one server."""
        first = members[0]
        if not first["server"]:
            for f in members:
                self.one(f, form, form)
            return
        began = time.monotonic()
        label = f"{form}/server of {first['name']}" + (f" and {len(members) - 1} more" if len(members) > 1 else "")
        server = Server(form, first["settings"], self.bin, self.keep, first["copies"])
        try:
            server.start()
        except Exception as e:
            self.failed += [f"{form}/{f['name']}" for f in members]
            print(f"FAIL  {label} did not start; {len(members)} flows not run\n        {e}", flush=True)
            return
        try:
            for f in members:
                self.one(f, form, server)
        finally:
            wrong = server.stop()
        self.note(label + " ended clean", began, "\n".join(wrong) and "\n".join(wrong) + f"\nlogs in {server.state}/log")
        if self.keep:
            print(f"        state and logs kept in {server.state}", flush=True)

    def all(self, forms, only):
        for form in forms:
            groups = {}
            for i, f in enumerate(chosen(only, form)):
                key = json.dumps([f["settings"], f["copies"], f["server"], i if f["own"] else -1], sort_keys=True)
                groups.setdefault(key, []).append(f)
            for members in groups.values():
                self.group(form, members)
        return not self.failed
