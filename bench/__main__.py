"""Every measurement into docs/benchmarks.md: make bench. An hour on two quiet cores."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from seqlab.kernels.threads import cores
from seqlab.study.environment import cpu

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Section:
    """A heading, the module that prints its tables, and what it says beside them."""

    title: str
    module: str
    words: str = ""
    asked: bool = False  # only when it is named: it takes hours


SECTIONS = (
    Section("The training loop", "bench.overhead"),
    Section("Batches", "bench.batching", "Texts of imdb_small are cut to 512 tokens, or whole."),
    Section("Recomputing blocks", "bench.recompute"),
    Section("Precision", "bench.precision"),
    Section("Kernels", "bench.kernels"),
    Section("Transformer block", "bench.blocks"),
    Section("Mixers", "bench.mixers"),
    Section("Serving", "bench.serving", "The load comes from the same machine."),
    Section("Statistics", "bench.simulation"),
    Section("Studies of many runs", "bench.scale", "Results are drawn; all else is real.", True),
    Section("Peers", "bench.peers", asked=True),
    Section("Quality", "bench.quality", "Skipped where the data sets are not there."),
    Section("Tasks", "bench.tasks", "What is not there is skipped.", asked=True),
)


def main() -> int:
    """Run all sections, or those named on the command line, and write the page."""
    names = sys.argv[1:]
    chosen = [s for s in SECTIONS if (s.module.split(".")[-1] in names if names else not s.asked)]
    kept = _stored()
    status = 0
    for section in chosen:
        print(f"# {section.title}: python -m {section.module}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", section.module],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        print(done.stdout, flush=True)
        status = status or done.returncode
        if done.returncode == 0 and done.stdout.strip():
            kept[section.title] = _body(section, done.stdout)
    PAGE.write_text(_page(kept), encoding="utf-8")
    return status


def _body(section: Section, printed: str) -> str:
    machine = f"{cpu()}, {cores()} cores, {datetime.now(UTC):%Y-%m-%d}"
    words = f"{section.words}\n\n" if section.words else ""
    return f"`python -m {section.module}` – {machine}\n\n{words}{printed.strip()}\n"


def _stored() -> dict[str, str]:
    """The sections as they stand on the page."""
    if not PAGE.exists():
        return {}
    parts = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].strip() + "\n" for part in parts}


def _page(sections: dict[str, str]) -> str:
    order = [section.title for section in SECTIONS]
    parts = [f"## {title}\n\n{sections[title]}" for title in order if title in sections]
    head = (
        "# Benchmarks\n\nWritten by `make bench` (or `python -m bench NAME …` for some sections):"
        " interleaved runs, medians,\nratios against the named peer in the same run.\n\n"
    )
    return head + "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
