"""What `seqlab latency` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqlab.cli.streams import print_json, say
from seqlab.cli.terminal import Terminal

HEADER = ("contestant", "runtime", "MB", "1 thread: median", "p99", "all threads: median", "p99")


def measure_and_show(study: Path, as_json: bool) -> None:
    """A row for each network and runtime, then the fastest on one thread."""
    from seqlab.workbench.latencies import latencies

    rows, notes = latencies(study)
    if as_json:
        print_json({"latencies": rows, "notes": notes})
        return
    Terminal().table(HEADER, [_cells(row) for row in rows], kinds="  rrrrr")
    for note in notes:
        say(f"not measured: {note}")
    best = min(rows, key=lambda row: float(row["one_thread"]["median_ms"]))
    say(
        f"fastest on one thread: {best['name']} by {best['runtime']}, "
        f"{best['one_thread']['median_ms']:.2f} ms an example"
    )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    times = [
        f"{row[threads][name]:.2f}"
        for threads in ("one_thread", "all_threads")
        for name in ("median_ms", "p99_ms")
    ]
    return (row["name"], row["runtime"], f"{row['size_mb']:.2f}", *times)
