"""Measures Outsize and the floor in turns. See ../run.sh."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import floor
import ours
import ports
import report
from cells import CELLS
from process import CORES
from result import CellResult, Round

ROOT = pathlib.Path(__file__).resolve().parents[3]
# What a side may write in a second at most; the data of one measurement is gone before the next begins.
DISK_BYTES_PER_SECOND = 1.2e9
DISK_BYTES_BASE = 4e9


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh", description="Speed, as shares of a floor.")
    parser.add_argument("release", type=pathlib.Path, help="folder of the release build")
    names = [cell.name for cell in CELLS]
    parser.add_argument("--cell", action="append", choices=names, help="only this one; may be repeated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=20, help="of each measurement")
    parser.add_argument("--json", type=pathlib.Path, help="write everything that was measured there")
    made = parser.parse_args()
    if made.rounds < 1 or made.seconds < 3:
        parser.error("at least 1 round and 3 seconds")
    return made


def check_disk(work, seconds):
    needed, free = DISK_BYTES_BASE + seconds * DISK_BYTES_PER_SECOND, shutil.disk_usage(work).free
    if free < needed:
        raise RuntimeError(
            f"{free / 1e9:.1f} GB are free at {work}, {needed / 1e9:.1f} GB are needed for {seconds} s; "
            "free some or measure shorter (--seconds)"
        )


def measure_side(side, cell, how, work, free_ports):
    folder = work / side
    folder.mkdir(parents=True)
    check_disk(work, how.seconds if cell.beside is None else 2 * how.seconds)
    if side == "ours":
        made = ours.measure(cell, how.seconds, how.release, ROOT / "examples/clusters", folder, free_ports)
    else:
        made = floor.measure(cell, how.seconds, how.release, folder)
    shutil.rmtree(folder)
    os.sync()  # the next measurement shall not wait for what this one left
    return made


def measure_round(number, cell, how, work, free_ports, floors):
    """`floors` are those of this round that were measured, for cells that are held against the same."""
    order = ("floor", "ours") if number % 2 == 0 else ("ours", "floor")
    load = os.getloadavg()[0]
    sides = {}
    for side in order:
        known = floors.get(cell.floor_key()) if side == "floor" else None
        sides[side] = known or measure_side(side, cell, how, work, free_ports)
    floors[cell.floor_key()] = sides["floor"]
    made = Round(sides["ours"], sides["floor"], " then ".join(order), load)
    print(
        f"round {number + 1}, {cell.name}: ours {report.per_second(made.ours.records_per_second)}/s, floor "
        f"{report.per_second(made.floor.records_per_second)}/s: {made.share():.1%}; p50 {made.ours.latency_us['p50']} and "
        f"{made.floor.latency_us['p50']} us: {made.p50_ratio():.2f} times; load {load:.1f}",
        flush=True,
    )
    return made


def admission(release):
    """What admission below the threshold costs; its own program, because it is no matter of disks and sockets."""
    program = release / "tests/admission-bench"
    said = subprocess.run([program, "--benchmark_format=json"], check=True, capture_output=True, text=True).stdout
    return {one["name"]: one["cpu_time"] for one in json.loads(said)["benchmarks"]}


def write_json(path, how, results, admission_ns):
    path.write_text(
        json.dumps(
            {
                "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                "cores": CORES,
                "rounds": how.rounds,
                "seconds": how.seconds,
                "cells": [result.as_json() for result in results],
                "admission_ns": admission_ns,
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )


def measure_all(how, work):
    chosen = [cell for cell in CELLS if how.cell is None or cell.name in how.cell]
    results = [CellResult(cell, []) for cell in chosen]
    with ports.reserved(len(ours.NODES)) as free_ports:
        for number in range(how.rounds):
            floors = {}
            for result in results:
                result.rounds.append(measure_round(number, result.cell, how, work, free_ports, floors))
    print(f"\n{how.rounds} rounds of {how.seconds} s, medians; {CORES} cores\n\n{report.table(results)}\n")
    admission_ns = admission(how.release)
    for name, ns in admission_ns.items():
        print(f"admission: {name}: {ns:.0f} ns")
    if how.json is not None:
        write_json(how.json, how, results, admission_ns)


def main():
    how = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like a Ctrl-C
    work = ROOT / "build" / f"bench-{os.getpid()}"
    work.mkdir(parents=True)
    try:
        measure_all(how, work)
    except RuntimeError as why:
        print(f"bench: {why}; what is left is in {work}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        shutil.rmtree(work)
        print("bench: interrupted", file=sys.stderr)
        return 130
    shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
