# SPDX-License-Identifier: MIT
"""quota: processes that have a share of a CPU, no more, and before others: a control group (version 1 or 2) of their own. Root may.

    with Quota("server", 40) as quota:        # 4 ms of every 10
        quota.take(pid)
"""
import os
import time

PERIOD = 10000  # us: short against any delay that is measured meanwhile
ROOT = "/sys/fs/cgroup"


class Quota:
    def __init__(self, name, percent):
        old = os.path.isdir(os.path.join(ROOT, "cpu"))                      # version 1: a tree for each controller
        part = f"{int(PERIOD * percent / 100)}"
        self.above = os.path.join(ROOT, "cpu") if old else ROOT
        self.folder, self.pids = os.path.join(self.above, f"peal-bench-{name}-{os.getpid()}"), []
        self.settings = {"cpu.shares": "102400", "cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": part} if old else \
                        {"cpu.weight": "10000", "cpu.max": f"{part} {PERIOD}"}

    def write(self, folder, name, text):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)

    def __enter__(self):
        try:
            os.mkdir(self.folder)
            for name, text in self.settings.items():
                self.write(self.folder, name, text)
        except OSError as e:
            raise SystemExit(f"a share of a CPU takes a control group, and that cannot be had: {e}; be root, or give --share 0")
        return self

    def take(self, pid):
        self.pids.append(pid)
        self.write(self.folder, "cgroup.procs", str(pid))

    def __exit__(self, *what):
        """Back to where everybody is; a group that is empty can be removed."""
        for pid in self.pids:
            try:
                self.write(self.above, "cgroup.procs", str(pid))
            except OSError:
                pass                                                        # it ended
        for _ in range(50):
            try:
                os.rmdir(self.folder)
                return
            except OSError:
                time.sleep(0.1)


class NoQuota:
    """For who is not root: a whole CPU, shared with whoever comes."""
    def __enter__(self):
        return self

    def take(self, pid):
        pass

    def __exit__(self, *what):
        pass
