"""What one measurement found, and what several of them say together."""

import statistics
from dataclasses import asdict, dataclass
from typing import Dict, List, Optional

from process import CORES


@dataclass
class Measurement:
    records: int
    records_per_second: float
    bytes_per_second: float
    latency_us: Dict[str, int]
    verified: int
    cpu_share: float  # of all cores, client included
    cpu_us_per_record: float
    switches_per_record: float
    disk_bytes_per_byte: float
    compactions: Optional[int] = None  # fewest of any store, since it started
    compactions_before: Optional[int] = None  # the same, when the measurement began
    compaction_bytes: Optional[int] = None  # written by all stores, since they started
    stream_bytes_per_second: Optional[float] = None  # of the large records beside these
    stream_share: Optional[float] = None  # of what they reached alone

    @staticmethod
    def of(cell, said, used, window, disk_bytes, beside_bytes=0) -> "Measurement":
        if said["records"] == 0:
            raise RuntimeError("nothing was acknowledged")
        if said["verified"] != said["records"] or said.get("wrong", 0) != 0:
            raise RuntimeError(f"of {said['records']} acknowledged records {said['verified']} were read back whole")
        rate = said["records"] / said["seconds"]
        return Measurement(
            records=said["records"],
            records_per_second=rate,
            bytes_per_second=rate * cell.record_bytes,
            latency_us=said["latency_us"],
            verified=said["verified"],
            cpu_share=used.cpu_seconds / (window * CORES),
            cpu_us_per_record=1e6 * used.cpu_seconds / (window * rate),
            switches_per_record=used.switches / (window * rate),
            disk_bytes_per_byte=disk_bytes / (said["records"] * cell.record_bytes + beside_bytes),
        )


@dataclass
class Spread:
    median: float
    least: float
    most: float

    @staticmethod
    def of(values) -> "Spread":
        values = list(values)
        return Spread(statistics.median(values), min(values), max(values))


@dataclass
class Round:
    ours: Measurement
    floor: Measurement
    order: str
    load: float  # one-minute load average when it began

    def share(self) -> float:
        return self.ours.records_per_second / self.floor.records_per_second

    def p50_ratio(self) -> float:
        return self.ours.latency_us["p50"] / self.floor.latency_us["p50"]


@dataclass
class CellResult:
    cell: object
    rounds: List[Round]

    def share(self) -> Spread:
        return Spread.of(one.share() for one in self.rounds)

    def p50_ratio(self) -> Spread:
        return Spread.of(one.p50_ratio() for one in self.rounds)

    def spread(self, side: str, what) -> Spread:
        return Spread.of(what(getattr(one, side)) for one in self.rounds)

    def p99_ratio(self) -> Spread:
        return Spread.of(one.ours.latency_us["p99"] / one.floor.latency_us["p99"] for one in self.rounds)

    def p99_ms(self, side="ours") -> Spread:
        return self.spread(side, lambda m: m.latency_us["p99"] / 1e3)

    def stream_share(self, side="ours") -> Spread:
        return self.spread(side, lambda m: m.stream_share)

    def passed(self) -> Optional[bool]:
        beside = self.cell.beside
        if beside is not None and beside.p99_ratio_max is not None:
            return self.p99_ratio().median <= beside.p99_ratio_max
        if beside is not None and beside.p99_ms_max is None:
            return None
        if beside is not None:
            return self.p99_ms().median <= beside.p99_ms_max and self.stream_share().median >= beside.share_min
        if self.cell.share_min is not None:
            return self.share().median >= self.cell.share_min
        if self.cell.p50_ratio_max is not None:
            return self.p50_ratio().median <= self.cell.p50_ratio_max
        return None

    def as_json(self):
        return {
            "cell": asdict(self.cell),
            "bar": self.cell.bar(),
            "passed": self.passed(),
            "share_of_floor": asdict(self.share()),
            "p50_ratio": asdict(self.p50_ratio()),
            "p99_ratio": asdict(self.p99_ratio()),
            "rounds": [asdict(one) for one in self.rounds],
        }
