"""What is measured, and what it is held against."""

from dataclasses import dataclass
from typing import Optional

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Beside:
    """A stream of large records, measured alone before and then beside the cell's own records."""

    record_bytes: int
    in_flight: int
    on_another_log: bool = False  # of the same nodes; for the floor: other files, written by processes of their own
    p99_ms_max: Optional[float] = None  # of the cell's records
    p99_ratio_max: Optional[float] = None  # of the floor's
    share_min: float = 0.0  # of the stream's rate alone

    def bar(self) -> str:
        if self.p99_ms_max is not None:
            return f"p99 at most {self.p99_ms_max:.0f} ms, and the stream keeps at least {self.share_min:.0%} of its rate"
        if self.p99_ratio_max is not None:
            return f"p99 at most {self.p99_ratio_max:.0f} times the floor's"
        return "for information"


@dataclass(frozen=True)
class Cell:
    name: str
    record_bytes: int
    in_flight: int
    share_min: Optional[float] = None  # of the floor's records per second
    p50_ratio_max: Optional[float] = None  # of the floor's median latency
    floor_stores: int = 3
    policies: Optional[str] = None  # of the log, as its file has them; without it those of the example
    split_above: Optional[str] = None  # without it what is over the log's limit
    bulk_window: Optional[str] = None  # of the sequencer's node; without it the default
    beside: Optional[Beside] = None

    def bar(self) -> str:
        if self.beside is not None:
            return self.beside.bar()
        if self.share_min is not None:
            return f"rate at least {self.share_min:.0%} of the floor"
        if self.p50_ratio_max is not None:
            return f"p50 at most {self.p50_ratio_max} times the floor's"
        return "for information"

    def floor_key(self):
        """Cells with the same one are held against one measurement of the floor in each round."""
        mix = None if self.beside is None else (self.beside.record_bytes, self.beside.in_flight, self.beside.on_another_log)
        return (self.record_bytes, self.in_flight, self.floor_stores, mix)


def beside_16mib(name, policies='"split"', bulk_window=None, **bars) -> Cell:
    return Cell(
        f"1KiB-1 {name}",
        KIB,
        1,
        policies=policies,
        split_above="1MiB",
        bulk_window=bulk_window,
        beside=Beside(16 * MIB, 2, **bars),
    )


CELLS = [
    Cell("1KiB-64", KIB, 64, share_min=0.30),
    Cell("1MiB-64", MIB, 64, share_min=0.25),
    Cell("1KiB-1", KIB, 1, p50_ratio_max=2.5),
    Cell("64KiB-64", 64 * KIB, 64),
    Cell("64MiB-1 split", 64 * MIB, 1, share_min=0.20, policies='"split"'),
    # One copy is what a blob store writes.
    Cell("64MiB-1 spill", 64 * MIB, 1, share_min=0.40, policies='"spill"', floor_stores=1),
    beside_16mib("beside 16MiB", p99_ms_max=100, share_min=0.5),
    beside_16mib("beside 16MiB, window 1MiB", bulk_window="1MiB", p99_ms_max=100, share_min=0.5),
    beside_16mib("beside 16MiB, window 16MiB", bulk_window="16MiB", p99_ms_max=100, share_min=0.5),
    beside_16mib("beside 16MiB, unsplit", policies='"reject"'),
    beside_16mib("beside 16MiB on another log", on_another_log=True, p99_ratio_max=2),
]
