"""The table."""

from result import CellResult, Spread

HEADS = ("cell", "side", "records/s (least..most)", "MB/s", "p50 ms", "p99 ms", "cpu", "us/rec", "switch/rec", "disk B/B")


def _row(result: CellResult, side: str):
    def median(what) -> float:
        return result.spread(side, what).median

    rate: Spread = result.spread(side, lambda m: m.records_per_second)
    return (
        result.cell.name,
        side,
        f"{rate.median:.0f} ({rate.least:.0f}..{rate.most:.0f})",
        f"{median(lambda m: m.bytes_per_second) / 1e6:.1f}",
        f"{median(lambda m: m.latency_us['p50']) / 1e3:.2f}",
        f"{median(lambda m: m.latency_us['p99']) / 1e3:.2f}",
        f"{median(lambda m: m.cpu_share):.0%}",
        f"{median(lambda m: m.cpu_us_per_record):.1f}",
        f"{median(lambda m: m.switches_per_record):.2f}",
        f"{median(lambda m: m.disk_bytes_per_byte):.2f}",
    )


def _verdict(result: CellResult) -> str:
    share, ratio = result.share(), result.p50_ratio()
    passed = {True: "met", False: "MISSED", None: "-"}[result.passed()]
    last = result.rounds[-1].ours
    return (
        f"{result.cell.name}: rate {share.median:.1%} of the floor ({share.least:.1%}..{share.most:.1%}), "
        f"p50 {ratio.median:.2f} times ({ratio.least:.2f}..{ratio.most:.2f}); bar: {result.cell.bar()}: {passed}\n"
        f"    compactions of each store, last round: at least {last.compactions}, {last.compactions - last.compactions_before} "
        f"of them while measured; all stores wrote {last.compaction_bytes / 1e6:.2f} MB in them"
    )


def table(results) -> str:
    rows = [HEADS]
    for result in results:
        rows += [_row(result, "floor"), _row(result, "ours")]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = []
    for row in rows:
        cells = [text.ljust(width) if i < 2 else text.rjust(width) for i, (text, width) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([*lines, "", *(_verdict(result) for result in results)])
