# SPDX-License-Identifier: MIT
"""lanes: several groups of flows at once. Each lane is a process with ports of its own that runs one group after the other; what a group
said is printed when it is over, in the order of the plan. Groups that must be alone (flow(alone=True)) run one by one, after the others."""
import json
import os
import queue
import subprocess
import threading

from kit import ports
from kit.left import Process, lines_of_parent

END = "\x04"  # begins the line a lane ends a group with


def serve(run, plan):
    """A lane: numbers of groups on standard input; what they say, then END and the result, on standard output."""
    asked = queue.Queue()
    lines_of_parent(asked.put)
    while True:
        line = asked.get()
        before, failed = run.passed, len(run.failed)
        run.group(*plan[int(line)][:2])
        print(END + json.dumps([run.passed - before, run.failed[failed:]]), flush=True)


class Lane:
    def __init__(self, argv, low, high):
        self.argv, self.env, self.process = argv, {**os.environ, "FLOW_PORTS": f"{low}-{high}"}, None
        self.closed = False

    def run(self, number, names):
        """(what was said, how many passed, which failed)"""
        if self.closed:
            return ["", 0, names]
        if not self.process:
            self.process = Process(self.argv, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        said = []
        try:
            self.process.stdin.write(f"{number}\n")
            for line in self.process.stdout:
                if line.startswith(END):
                    return ["".join(said), *json.loads(line[1:])]
                said.append(line)
        except BrokenPipeError:
            pass
        status, self.process = self.process.wait(), None
        return ["".join(said) + f"FAIL  {names[0]} .. {names[-1]}: the lane ended with status {status}\n", 0, names]

    def close(self):
        """End it; its thread begins no other one. The process, to wait for."""
        self.closed, process = True, self.process
        if process:
            process.terminate()
        return process


class Lanes:
    def __init__(self, argv, count):
        low, high = ports.span()
        each = (high - low + 1) // count
        self.lanes = [Lane(argv, low + i * each, low + (i + 1) * each - 1) for i in range(count)]

    def run(self, run, plan):
        """Every group of the plan; the results go into `run`."""
        together = [i for i, g in enumerate(plan) if not g.alone]
        try:
            for lanes, numbers in ((self.lanes, together), (self.lanes[:1], [i for i, g in enumerate(plan) if g.alone])):
                for said, passed, failed in self.side_by_side(lanes, numbers, plan):
                    print(said, end="", flush=True)
                    run.passed += passed
                    run.failed += failed
        finally:
            for process in [lane.close() for lane in self.lanes]:
                if process:
                    process.wait()

    @staticmethod
    def side_by_side(lanes, numbers, plan):
        """What each of these groups came to, in their order."""
        results, news, left = {}, threading.Condition(), list(reversed(numbers))

        def work(lane):
            while True:
                with news:
                    if not left:
                        return
                    number = left.pop()
                result = lane.run(number, plan[number].names())
                with news:
                    results[number] = result
                    news.notify()

        threads = [threading.Thread(target=work, args=(lane,), daemon=True) for lane in lanes]
        for t in threads:
            t.start()
        for number in numbers:
            with news:
                while number not in results:
                    news.wait()
            yield results[number]
        for t in threads:
            t.join()
