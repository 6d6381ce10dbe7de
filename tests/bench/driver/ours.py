"""Outsize in the form of the example cluster `tcp`: three nodes, and `outsize bench` as the client."""

import contextlib
import json
import os
import re
import shutil
import time

from process import Program, usage_of, watch
from result import Measurement

NODES = ("n1", "n2", "n3")
SEQUENCER = "n3"
LOG = "orders"
ANOTHER_LOG = "another"
# Records of 1 KiB appended before anything is measured, until every store has compacted.
WARM_UP_RECORDS = 50_000
WARM_UP_ROUNDS_MAX = 40


class Cluster:
    """Nodes with ports and data of their own, in `folder`; the log's policies are the cell's."""

    def __init__(self, cell, release, examples, folder, ports):
        self.cell = cell
        self.release, self.examples, self.folder = release, examples, folder
        self.ports = dict(zip(NODES, ports))
        self.nodes = {}

    def write_config(self, node):
        text = (self.examples / "tcp" / f"{node}.toml").read_text(encoding="utf-8")
        text, data_dirs = re.subn(r"(?m)^data-dir = .*$", f'data-dir = "data/{node}"', text)
        text, addresses = re.subn(
            r"tcp://127\.0\.0\.1:710([123])", lambda m: f"tcp://127.0.0.1:{self.ports['n' + m.group(1)]}", text
        )
        text, blobs = re.subn(r'(?m)^directory = "[^"]*"', 'directory = "data/blobs"', text)
        text, changed = self.with_changes(text)
        if data_dirs != 1 or addresses != 1 + len(NODES) or blobs != 1 or not changed:
            raise RuntimeError(f"the example file of {node} has not the form that the bench changes")
        path = self.folder / f"{node}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def with_changes(self, text):
        """(text, whether every change that the cell wants was made once)"""
        counts = []
        if self.cell.bulk_window is not None and "[sequencer]" in text:
            text, count = re.subn(r"(?m)^\[sequencer\]$", f'[sequencer]\nbulk-window = "{self.cell.bulk_window}"', text)
            counts.append(count)
        if self.cell.policies is not None:
            text, count = re.subn(r"(?m)^policies = \[.*\]", f"policies = [{self.cell.policies}]", text)
            counts.append(count)
        if self.cell.split_above is not None:
            above = f'applies-above = "{self.cell.split_above}"'
            text, count = re.subn(r'(?m)^plugin = "split"$', f'plugin = "split"\n{above}', text)
            counts.append(count)
        if self.cell.beside is not None and self.cell.beside.on_another_log:
            log = text[text.rindex("[[log]]") :]
            text += "\n" + log.replace(f'"{LOG}"', f'"{ANOTHER_LOG}"')
            counts.append(log.count(f'"{LOG}"'))
        return text, all(count == 1 for count in counts)

    def start(self):
        for node in NODES:
            command = [self.release / "bin/outsized", "--config", self.write_config(node)]
            self.nodes[node] = Program(command, self.folder / f"{node}.log")
        for node in NODES:
            self.nodes[node].read_line("ready")

    def stop(self):
        for node in self.nodes.values():
            node.stop()

    def client(self, *words):
        address = f"tcp://127.0.0.1:{self.ports[SEQUENCER]}"
        command = [self.release / "bin/outsize", *words, "--json", "--connect", address]
        return Program(command, self.folder / "client.log")

    def bench(self, record_bytes, in_flight, seconds, log=LOG):
        words = ["bench", "--log", log, "--size", record_bytes, "--in-flight", in_flight]
        return self.client(*words, "--seconds", seconds, "--verify")

    def status(self):
        """Of each node, by name."""
        found = {}
        for node in NODES:
            address = f"tcp://127.0.0.1:{self.ports[node]}"
            command = [self.release / "bin/outsize", "status", "--json", "--connect", address]
            for line in Program(command, self.folder / "client.log").finish().splitlines():
                answer = json.loads(line)
                found[answer["node"]] = answer
        return found

    def compactions(self):
        """(fewest compactions of any store, bytes that compaction wrote in all stores)"""
        stores = [node["storage"] for node in self.status().values()]
        return min(s["compactions"] for s in stores), sum(s["compaction_bytes"] for s in stores)

    def warm_up(self):
        """A store that has never compacted tells little about one that has been running for a while."""
        for _ in range(WARM_UP_ROUNDS_MAX):
            words = ["bench", "--log", LOG, "--size", "1KiB", "--in-flight", 512, "--count", WARM_UP_RECORDS]
            self.client(*words).finish()
            if self.compactions()[0] > 0:
                return self.settle()
        raise RuntimeError("no compaction in the stores after the warm-up")

    def settle(self):
        """Until the nodes have nothing left to do."""
        before = usage_of(self.nodes.values())
        for _ in range(60):
            time.sleep(0.5)
            after = usage_of(self.nodes.values())
            if (after - before).cpu_seconds < 0.05:
                return
            before = after


class Stream:
    """The large records beside a cell's own."""

    def __init__(self, cluster, seconds, stack):
        beside = cluster.cell.beside
        log = ANOTHER_LOG if beside.on_another_log else LOG
        self.client = cluster.bench(beside.record_bytes, beside.in_flight, seconds, log)
        stack.callback(self.client.stop)

    def finish(self):
        """What the client said at its end, when it has read everything back."""
        said = json.loads(self.client.finish())
        if said["records"] == 0 or said["verified"] != said["records"]:
            raise RuntimeError(f"of {said['records']} large records {said['verified']} were read back whole")
        return said


@contextlib.contextmanager
def running(cluster):
    """A cluster whose stores are warm, and the stack of what ends before it does."""
    with contextlib.ExitStack() as stack:
        stack.callback(cluster.stop)
        cluster.start()
        cluster.warm_up()
        yield stack


def measure_alone(cluster, seconds):
    """What the large records reach without company. Nothing is left of it: the floor, too, begins the mix with empty
    files, and what is there slows it."""
    cluster.folder.mkdir()
    with running(cluster) as stack:
        said = Stream(cluster, seconds, stack).finish()
    shutil.rmtree(cluster.folder)
    os.sync()
    return said


def measure(cell, seconds, release, examples, folder, ports) -> Measurement:
    alone = None
    if cell.beside is not None:
        alone = measure_alone(Cluster(cell, release, examples, folder / "alone", ports), seconds)
    cluster = Cluster(cell, release, examples, folder, ports)
    with running(cluster) as stack:
        warm_compactions, _ = cluster.compactions()
        before = usage_of(cluster.nodes.values())
        stream = None if alone is None else Stream(cluster, seconds, stack)
        client = cluster.bench(cell.record_bytes, cell.in_flight, seconds)
        stack.callback(client.stop)
        used, window = watch([client], cluster.nodes.values(), seconds)
        said = json.loads(client.finish())
        kept = None if stream is None else stream.finish()
        disk_bytes = (usage_of(cluster.nodes.values()) - before).disk_bytes
        compactions, compaction_bytes = cluster.compactions()
    made = Measurement.of(cell, said, used, window, disk_bytes, 0 if kept is None else kept["bytes"])
    made.compactions = compactions
    made.compactions_before = warm_compactions
    made.compaction_bytes = compaction_bytes
    if kept is not None:
        made.stream_bytes_per_second = kept["bytes_per_second"]
        made.stream_share = kept["bytes_per_second"] / alone["bytes_per_second"]
    return made
