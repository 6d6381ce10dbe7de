"""The table."""

from result import CellResult, Spread

HEADS = ("cell", "side", "records/s (least..most)", "MB/s", "p50 ms", "p99 ms", "cpu", "us/rec", "switch/rec", "disk B/B")


def per_second(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.2f}"


def _row(result: CellResult, side: str):
    def median(what) -> float:
        return result.spread(side, what).median

    rate: Spread = result.spread(side, lambda m: m.records_per_second)
    return (
        result.cell.name,
        side,
        f"{per_second(rate.median)} ({per_second(rate.least)}..{per_second(rate.most)})",
        f"{median(lambda m: m.bytes_per_second) / 1e6:.1f}",
        f"{median(lambda m: m.latency_us['p50']) / 1e3:.2f}",
        f"{median(lambda m: m.latency_us['p99']) / 1e3:.2f}",
        f"{median(lambda m: m.cpu_share):.0%}",
        f"{median(lambda m: m.cpu_us_per_record):.1f}",
        f"{median(lambda m: m.switches_per_record):.2f}",
        f"{median(lambda m: m.disk_bytes_per_byte):.2f}",
    )


def _beside(result: CellResult, side: str) -> str:
    p99, share = result.p99_ms(side), result.stream_share(side)
    rate = result.spread(side, lambda m: m.stream_bytes_per_second)
    return (
        f"    {side}: p99 {p99.median:.1f} ms ({p99.least:.1f}..{p99.most:.1f}) beside a stream of "
        f"{rate.median / 1e6:.1f} MB/s, {share.median:.0%} of its rate alone ({share.least:.0%}..{share.most:.0%})\n"
    )


def _verdict(result: CellResult) -> str:
    passed = {True: "met", False: "MISSED", None: "-"}[result.passed()]
    last = result.rounds[-1].ours
    return _figures(result, passed) + (
        f"    compactions of each store, last round: at least {last.compactions}, {last.compactions - last.compactions_before} "
        f"of them while measured; all stores wrote {last.compaction_bytes / 1e6:.2f} MB in them"
    )


def _figures(result: CellResult, passed: str) -> str:
    if result.cell.beside is not None:
        ratio = result.p99_ratio()
        return (
            f"{result.cell.name}: p99 {ratio.median:.2f} times the floor's ({ratio.least:.2f}..{ratio.most:.2f}); "
            f"bar: {result.cell.bar()}: {passed}\n{_beside(result, 'floor')}{_beside(result, 'ours')}"
        )
    share, ratio = result.share(), result.p50_ratio()
    return (
        f"{result.cell.name}: rate {share.median:.1%} of the floor ({share.least:.1%}..{share.most:.1%}), "
        f"p50 {ratio.median:.2f} times ({ratio.least:.2f}..{ratio.most:.2f}); bar: {result.cell.bar()}: {passed}\n"
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
