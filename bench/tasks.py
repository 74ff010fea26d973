"""A study or more for every task, on public data: python -m bench.tasks [--workers N] [NAME …].

The commands stand in tasks.toml. Studies stay in runs/bench/tasks: those that are there are read,
or finished. Sets are read from SEQLAB_TEST_DATA; what is not there is said and skipped.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqlab.isolation import environment, python_module
from seqlab.runs import list_runs, read_json

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SEQLAB_TEST_DATA", ROOT.parent / "shared" / "data"))
STUDIES = ROOT / "runs" / "bench" / "tasks"


@dataclass(frozen=True)
class Known:
    """A study and what is wanted of it: of the best "model", or of "any" contestant."""

    name: str
    command: str
    metric: str
    best: str
    at_least: float | None = None
    at_most: float | None = None
    share_of: str | None = None  # the wanted number is a share of this contestant's

    @property
    def folder(self) -> Path:
        """Where the study lives."""
        return STUDIES / self.name

    def missing(self) -> list[str]:
        """Its data that are not there."""
        named = re.findall(r"\$DATA/(\S+)", self.command)
        return [path for path in named if not (DATA / path).exists()]

    def run(self, extra: list[str]) -> int:
        """Run the study, or what is missing of it; what it prints goes to standard error."""
        words = [word.replace("$DATA", str(DATA)) for word in shlex.split(self.command)]
        place = ["-o", str(self.folder), "--time", "none"]
        command = python_module("seqlab", "compare", *words, *place, *extra)
        return subprocess.run(command, stdout=sys.stderr, env=environment()).returncode

    def wanted(self) -> str:
        """The goal in words."""
        limit = f"≥ {self.at_least}" if self.at_least is not None else f"≤ {self.at_most}"
        return f"{limit} of {self.share_of}" if self.share_of else limit

    def holds(self, value: float) -> bool:
        """Whether a value reaches the goal."""
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )


def main() -> int:
    """Run the studies named on the command line, or all, and print what came out."""
    words = sys.argv[1:]
    extra = ["--workers", words.pop(words.index("--workers") + 1)] if "--workers" in words else []
    names = [word for word in words if word != "--workers"]
    known = [Known(name, **fields) for name, fields in _stored().items()]
    chosen = [study for study in known if not names or study.name in names]
    done = [study for study in chosen if _finished(study, extra)]
    print("| set | metric | wanted | best model | best baseline | seeds | holds |")
    print("|---|---|---:|---|---|---:|---|")
    print("\n".join(_row(study) for study in done))
    for study in done:
        print(f"\n**{study.name}**: `seqlab compare {study.command} --time none`\n")
        print(f"> {read_json(study.folder / 'verdict.json')['sentence']}")
    return 0


def _stored() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "tasks.toml").read_text(encoding="utf-8"))


def _finished(study: Known, extra: list[str]) -> bool:
    if missing := study.missing():
        print(f"{study.name}: skipped, no {missing[0]} in SEQLAB_TEST_DATA", file=sys.stderr)
        return False
    return study.run(extra) == 0


def _row(study: Known) -> str:
    """What a study's contestants reach: means over all their verdict runs on the test part."""
    scores: dict[tuple[str, str], list[float]] = {}
    seeds = set()
    for run in list_runs(study.folder):
        if run.ok and run.job.role == "verdict":
            who = (run.job.kind, run.job.candidate)
            scores.setdefault(who, []).append(run.result["test"][study.metric])
            seeds.add(run.job.number)
    means = {who: float(np.mean(values)) for who, values in scores.items()}
    if study.share_of:
        means = {who: mean / means["baseline", study.share_of] for who, mean in means.items()}
    pick = max if study.at_least is not None else min
    best = {
        kind: pick(
            (who for who in means if who[0] == kind), key=lambda who: means[who], default=None
        )
        for kind in ("model", "baseline")
    }
    counted = [who for who in best.values() if who and study.best in (who[0], "any")]
    holds = any(study.holds(means[who]) for who in counted)
    shown = {kind: f"{who[1]} {means[who]:.4f}" if who else "–" for kind, who in best.items()}
    return (
        f"| {study.name} | {study.metric} | {study.wanted()} | {shown['model']} |"
        f" {shown['baseline']} | {len(seeds)} | {'yes' if holds else 'no'} |"
    )


if __name__ == "__main__":
    sys.exit(main())
