"""Studies on public data with known numbers: python -m bench.quality [sst2|etth1 …].

The data sets are read from SEQLAB_TEST_DATA; one that is not there is said and skipped. The study
folders stay in runs/bench, so that a second call only reads them.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqlab.runs import list_runs
from seqlab.workbench.study import Study

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SEQLAB_TEST_DATA", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True)
class Known:
    """A study whose outcome is known: its data, its settings, and what is wanted."""

    data: tuple[str, ...]  # train, valid, test; or one to be divided
    settings: dict[str, Any]
    wanted: str


STUDIES = {
    "sst2": Known(
        ("sst2_sentences/train.tsv.xz", "sst2_sentences/dev.tsv", "sst2_sentences/test.tsv.xz"),
        {"budget": {"params": 100_000, "seeds": 8, "trials": 3, "time": None}},
        "best model ≥ 0.79 accuracy; tfidf-lr 0.805 ± 0.01",
    ),
    "etth1": Known(
        ("etth/ETTh1.csv.xz",),
        {
            "budget": {"params": 100_000, "seeds": 3, "trials": 2, "time": None},
            "candidates": ("gru", "transformer"),
            "data": {"lookback": 336, "horizon": 96, "split": "8640/2880/2880"},
        },
        "DLinear MSE 0.375 ± 0.01, MAE 0.399; best model ≤ 0.40",
    ),
}


def main() -> int:
    """Run the studies named on the command line, or all."""
    for name in sys.argv[1:] or STUDIES:
        known = STUDIES[name]
        paths = [DATA / part for part in known.data]
        missing = [path for path in paths if not path.exists()]
        if missing:
            print(f"{name}: skipped, no {missing[0].name} in SEQLAB_TEST_DATA")
            continue
        folder = ROOT / "runs" / "bench" / name
        study = Study(folder=folder, **known.settings).fit(*(str(path) for path in paths))
        _show(name, known, study)
    return 0


def _show(name: str, known: Known, study: Study) -> None:
    board = study.leaderboard_
    print(f"**{name}** – wanted: {known.wanted}\n")
    print(f"> {study.verdict_['sentence']}\n")
    metrics = _means(study.folder_)
    columns = sorted({metric for values in metrics.values() for metric in values})
    print(f"| contestant | status | {' | '.join(columns)} | train s | ms p50 |")
    print(f"|---|---|{'---:|' * len(columns)}---:|---:|")
    for row in board.to_dict("records"):
        values = metrics.get(row["candidate"], {})
        shown = " | ".join(f"{values[c]:.4f}" if c in values else "–" for c in columns)
        costs = f"{row['train_seconds']:.1f} | {row['latency_ms_p50']:.2f}"
        print(f"| {row['candidate']} | {row['status']} | {shown} | {costs} |")
    print()


def _means(folder: Path) -> dict[str, dict[str, float]]:
    """Every test metric, its mean over the verdict runs of each contestant."""
    found: dict[str, dict[str, list[float]]] = {}
    for run in list_runs(folder):
        if run.ok and run.job.role == "verdict":
            for metric, value in run.result["test"].items():
                found.setdefault(run.job.candidate, {}).setdefault(metric, []).append(value)
    return {
        name: {metric: float(np.mean(values)) for metric, values in metrics.items()}
        for name, metrics in found.items()
    }


if __name__ == "__main__":
    sys.exit(main())
