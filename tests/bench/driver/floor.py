"""The floor: stores that write and sync growing files, and a client that waits for more than half of them."""

import contextlib
import json

from process import Program, usage_of, watch
from result import Measurement


class Files:
    """Stores with empty files, and one client that sends them streams of records, each (bytes, how many in flight)."""

    def __init__(self, name, stores, streams, seconds, release, folder, stack):
        self.stores, words = [], []
        for number in range(1, stores + 1):
            file = folder / f"{name}-{number}"
            store = Program([release / "tests/floor-store", file], folder / "floor.log")
            stack.callback(store.stop)
            self.stores.append(store)
            words += [store.read_line("ready").split()[1], file]
        mix = ",".join(f"{record_bytes}:{in_flight}" for record_bytes, in_flight in streams)
        self.client = Program([release / "tests/floor-client", seconds, mix, *words], folder / "floor.log")
        stack.callback(self.client.stop)

    def finish(self):
        """What the client found of each stream, when every acknowledged record was read back."""
        said = json.loads(self.client.finish())
        streams = said["streams"]
        acknowledged = sum(one["records"] for one in streams)
        if said["verified"] != acknowledged:
            raise RuntimeError(f"of {acknowledged} records of the floor {said['verified']} were read back whole")
        for one in streams:
            one["seconds"], one["verified"] = said["seconds"], one["records"]
            one["bytes"] = one["records"] * one["record_bytes"]
            one["bytes_per_second"] = one["bytes"] / said["seconds"]
        return streams


def measure(cell, seconds, release, folder) -> Measurement:
    own = (cell.record_bytes, cell.in_flight)
    if cell.beside is None:
        return measure_with(cell, seconds, release, folder, [own], None)
    stream = (cell.beside.record_bytes, cell.beside.in_flight)
    with contextlib.ExitStack() as stack:
        (alone,) = Files("alone", cell.floor_stores, [stream], seconds, release, folder, stack).finish()
    for file in folder.glob("alone-*"):
        file.unlink()
    if cell.beside.on_another_log:
        made = measure_with(cell, seconds, release, folder, [own], stream)
    else:
        made = measure_with(cell, seconds, release, folder, [own, stream], None)
    made.stream_share = made.stream_bytes_per_second / alone["bytes_per_second"]
    return made


def measure_with(cell, seconds, release, folder, streams, elsewhere) -> Measurement:
    """The first of `streams`; `elsewhere` goes to files of its own."""
    with contextlib.ExitStack() as stack:
        others = [] if elsewhere is None else [Files("other", cell.floor_stores, [elsewhere], seconds, release, folder, stack)]
        files = Files("store", cell.floor_stores, streams, seconds, release, folder, stack)
        stores = [store for one in [files, *others] for store in one.stores]
        used, window = watch([one.client for one in [files, *others]], stores, seconds)
        said, *beside = [stream for one in [files, *others] for stream in one.finish()]
        disk_bytes = usage_of(stores).disk_bytes
    made = Measurement.of(cell, said, used, window, disk_bytes, sum(one["bytes"] for one in beside))
    for one in beside:
        made.stream_bytes_per_second = one["bytes_per_second"]
    return made
