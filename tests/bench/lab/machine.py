# SPDX-License-Identifier: MIT
"""machine: where the numbers come from: the hardware, the kernel, versions, and what the kernel dropped."""
import os
import platform
import re
import subprocess


def read(path, otherwise=""):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return otherwise


def first_line(*argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=10).stdout.splitlines()[0].strip()
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "absent"


def package(name):
    return first_line("dpkg-query", "-W", "-f", "${Version}", name)


def facts(peal_version, root):
    """Name and value of everything a reader needs to judge the numbers."""
    cpu = re.search(r"model name\s*:\s*(.+)", read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s+(\d+)", read("/proc/meminfo"))
    governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip() or "unknown"
    return {
        "machine": f"{cpu.group(1) if cpu else platform.machine()}, {os.cpu_count()} CPUs, "
                   f"{int(memory.group(1)) // 1048576 if memory else 0} GB, governor {governor}",
        "kernel": platform.release(),
        "system": next((x[13:-1] for x in read("/etc/os-release").splitlines() if x.startswith("PRETTY_NAME=")), "unknown"),
        "peal": f"{peal_version}, commit {first_line('git', '-C', root, 'describe', '--always', '--dirty')}",
        "kamailio": package("kamailio"),
        "redis": package("redis-server"),
        "libzmq": package("libzmq5"),
        "compiler": first_line("cc", "--version"),
        "buffers": f"net.core.rmem_max {read('/proc/sys/net/core/rmem_max', '?').strip()}, "
                   f"wmem_max {read('/proc/sys/net/core/wmem_max', '?').strip()}, "
                   f"rmem_default {read('/proc/sys/net/core/rmem_default', '?').strip()}; "
                   f"asked for: Peal and Kamailio 4 MB, storm 8 MB",
    }


class Drops:
    """What UDP lost in this network namespace between two moments."""
    NAMES = ("InErrors", "RcvbufErrors", "SndbufErrors")

    def __init__(self):
        self.before = self.now()

    @staticmethod
    def now():
        lines = [x.split() for x in read("/proc/net/snmp").splitlines() if x.startswith("Udp:")]
        return dict(zip(lines[0][1:], map(int, lines[1][1:]))) if len(lines) == 2 else {}

    def since(self):
        now = self.now()
        return {n: now.get(n, 0) - self.before.get(n, 0) for n in self.NAMES}
