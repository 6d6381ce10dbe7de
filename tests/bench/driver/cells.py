"""What is measured, and what it is held against."""

from dataclasses import dataclass
from typing import Optional

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Cell:
    name: str
    record_bytes: int
    in_flight: int
    share_min: Optional[float] = None  # of the floor's records per second
    p50_ratio_max: Optional[float] = None  # of the floor's median latency

    def bar(self) -> str:
        if self.share_min is not None:
            return f"rate at least {self.share_min:.0%} of the floor"
        if self.p50_ratio_max is not None:
            return f"p50 at most {self.p50_ratio_max} times the floor's"
        return "for information"


CELLS = [
    Cell("1KiB-64", KIB, 64, share_min=0.30),
    Cell("1MiB-64", MIB, 64, share_min=0.25),
    Cell("1KiB-1", KIB, 1, p50_ratio_max=2.5),
    Cell("64KiB-64", 64 * KIB, 64),
]
