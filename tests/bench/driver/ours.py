"""Outsize in the form of the example cluster `tcp`: three nodes, and `outsize bench` as the client."""

import contextlib
import json
import re
import time

from process import Program, usage_of, watch
from result import Measurement

NODES = ("n1", "n2", "n3")
SEQUENCER = "n3"
LOG = "orders"
# Records of 1 KiB appended before anything is measured, until every store has compacted.
WARM_UP_RECORDS = 50_000
WARM_UP_ROUNDS_MAX = 40


class Cluster:
    """Nodes with ports and data of their own, in `folder`."""

    def __init__(self, release, examples, folder, ports):
        self.release, self.examples, self.folder = release, examples, folder
        self.ports = dict(zip(NODES, ports))
        self.nodes = {}

    def write_config(self, node):
        text = (self.examples / "tcp" / f"{node}.toml").read_text(encoding="utf-8")
        text, data_dirs = re.subn(r"(?m)^data-dir = .*$", f'data-dir = "data/{node}"', text)
        text, addresses = re.subn(
            r"tcp://127\.0\.0\.1:710([123])", lambda m: f"tcp://127.0.0.1:{self.ports['n' + m.group(1)]}", text
        )
        if data_dirs != 1 or addresses != 1 + len(NODES):
            raise RuntimeError(f"the example file of {node} has not the form that the bench changes")
        path = self.folder / f"{node}.toml"
        path.write_text(text, encoding="utf-8")
        return path

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


def measure(cell, seconds, release, examples, folder, ports) -> Measurement:
    cluster = Cluster(release, examples, folder, ports)
    with contextlib.ExitStack() as stack:
        stack.callback(cluster.stop)
        cluster.start()
        cluster.warm_up()
        warm_compactions, _ = cluster.compactions()
        before = usage_of(cluster.nodes.values())
        words = ["bench", "--log", LOG, "--size", cell.record_bytes, "--in-flight", cell.in_flight]
        client = cluster.client(*words, "--seconds", seconds, "--verify")
        stack.callback(client.stop)
        used, window = watch(client, cluster.nodes.values(), seconds)
        said = json.loads(client.finish())
        disk_bytes = (usage_of(cluster.nodes.values()) - before).disk_bytes
        compactions, compaction_bytes = cluster.compactions()
    made = Measurement.of(cell, said, used, window, disk_bytes)
    made.compactions = compactions
    made.compactions_before = warm_compactions
    made.compaction_bytes = compaction_bytes
    return made
