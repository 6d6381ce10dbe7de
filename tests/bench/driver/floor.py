"""The floor: stores that write and sync growing files, and a client that waits for more than half of them."""

import contextlib
import json

from process import Program, usage_of, watch
from result import Measurement


def measure(cell, seconds, release, folder) -> Measurement:
    with contextlib.ExitStack() as stack:
        stores, words = [], []
        for number in range(1, cell.floor_stores + 1):
            file = folder / f"store-{number}"
            store = Program([release / "tests/floor-store", file], folder / "floor.log")
            stack.callback(store.stop)
            stores.append(store)
            words += [store.read_line("ready").split()[1], file]
        command = [release / "tests/floor-client", cell.record_bytes, cell.in_flight, seconds, *words]
        client = Program(command, folder / "floor.log")
        stack.callback(client.stop)
        used, window = watch(client, stores, seconds)
        said = json.loads(client.finish())
        disk_bytes = usage_of(stores).disk_bytes
    return Measurement.of(cell, said, used, window, disk_bytes)
