"""Programs that are measured: started, watched through /proc, and ended whatever happens."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass

TICK = os.sysconf("SC_CLK_TCK")
CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Usage:
    """What the kernel has counted of some processes."""

    cpu_seconds: float = 0.0
    switches: int = 0
    disk_bytes: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.cpu_seconds + other.cpu_seconds,
            self.switches + other.switches,
            self.disk_bytes + other.disk_bytes,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(
            self.cpu_seconds - other.cpu_seconds,
            self.switches - other.switches,
            self.disk_bytes - other.disk_bytes,
        )


class Program:
    """A program of its own session, so that a Ctrl-C is ours to hand on."""

    def __init__(self, command, log, **more):
        self.command = [str(word) for word in command]
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                **more,
            )
        self.log = log

    def read_line(self, what: str) -> str:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.command[0]} ended before it said {what}; its log: {self.log}")
        return line

    def finish(self) -> str:
        """Waits for its end, which comes at once when we are interrupted; what it printed."""
        try:
            said, _ = self.process.communicate()
        finally:
            self.stop()
        if self.process.returncode != 0:
            raise RuntimeError(
                f"{' '.join(self.command)} ended with {self.process.returncode}: {said.strip()}; its log: {self.log}"
            )
        return said

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe and not pipe.closed:
                pipe.close()

    def usage(self) -> Usage:
        folder = f"/proc/{self.process.pid}"
        with open(f"{folder}/stat", encoding="ascii") as stat:
            ticks = stat.read().rpartition(")")[2].split()[11:13]
        with open(f"{folder}/io", encoding="ascii") as io:
            disk_bytes = int(re.search(r"^write_bytes: (\d+)$", io.read(), re.M).group(1))
        switches = 0
        for task in os.listdir(f"{folder}/task"):
            try:
                with open(f"{folder}/task/{task}/status", encoding="ascii", errors="replace") as status:
                    switches += sum(int(n) for n in re.findall(r"ctxt_switches:\s+(\d+)", status.read()))
            except FileNotFoundError:
                pass  # a thread that has ended since the folder was listed
        return Usage(sum(map(int, ticks)) / TICK, switches, disk_bytes)


def usage_of(programs) -> Usage:
    return sum((program.usage() for program in programs), Usage())


def watch(clients, servers, seconds: float):
    """What all used in the middle of a measurement of so many seconds that has just begun: (usage, seconds)."""
    margin = min(1.0, seconds / 4)
    time.sleep(margin)
    began, before = time.monotonic(), usage_of([*clients, *servers])
    time.sleep(seconds - 2 * margin)
    ended, after = time.monotonic(), usage_of([*clients, *servers])
    return after - before, ended - began
