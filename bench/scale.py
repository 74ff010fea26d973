"""What a study of many runs costs beside its training: planner, store, verdict, report.

    python -m bench.scale [RUNS ...]

Runs are simulated: their results are drawn, and written as a worker would. What is timed is what
the study's own process does, and what `seqlab report` takes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from seqlab.isolation import python_module
from seqlab.runs import write_json, write_run
from seqlab.study import conduct as conducting
from seqlab.study.assignment import Assignment
from seqlab.study.engine import Engine, Keep, Watch
from seqlab.study.measuring import _of_the_run
from seqlab.study.prepared_folder import load_prepared
from seqlab.study.stages import Conditions, Finished, median_run
from seqlab.training.memory import peak_memory_mb
from seqlab.workbench.study import Study

RUNS = (1_000, 10_000)
CANDIDATES = ("rnn", "lstm", "gru", "transformer")
VARIANTS = 5  # ways to train each: 20 contestants
TRIAL_SHARE = 0.2  # of all runs
ROWS, WORDS = 1200, 8
# What is asked of the study's own process on one machine.
RUN_MS, PLAN_SECONDS, MEMORY_MB, REPORT_SECONDS = 50.0, 60.0, 500.0, 30.0


class Simulated(Engine):
    """Draws results instead of training; contestants differ a little, and so do seeds."""

    def __init__(self, study: Path, workers: int) -> None:
        super().__init__(study)
        self.seconds, self.done = 0.0, 0

    def close(self) -> None:
        """Nothing runs."""

    def execute(
        self,
        assignments: Sequence[Assignment],
        watch: Watch = lambda assignment, share, figures: None,
        keep: Keep = lambda assignment: True,
    ) -> list[Assignment]:
        left_out = []
        for assignment in assignments:
            if assignment.settled(self.study):
                watch(assignment, 1.0, None)
            elif keep(assignment):
                begun = time.perf_counter()
                _write(assignment, self.study)
                self.seconds += time.perf_counter() - begun
                self.done += 1
                TOTAL["writing"] += time.perf_counter() - begun
                TOTAL["runs"] += 1
                watch(assignment, 1.0, None)
            else:
                left_out.append(assignment)
        return left_out


TOTAL = {"writing": 0.0, "runs": 0.0}


def _write(assignment: Assignment, study: Path) -> None:
    """A run as a worker leaves it, without weights."""
    job = assignment.job
    rng = np.random.default_rng(int(assignment.digest, 16))
    rows = len(load_prepared(assignment.task, study / assignment.prepared).test)
    skill = 0.75 + 0.01 * (sum(map(ord, job.candidate)) % 10)
    right = rng.random(rows) < skill + rng.normal(0, 0.01)
    result: dict[str, Any] = {
        **asdict(job),
        "digest": assignment.digest,
        "status": "ok",
        "reason": "",
        "seed": assignment.train["seed"],
        "settings": assignment.settings,
        "valid": float(skill + rng.normal(0, 0.02)),
        "parameters": {"body": 3000, "embedding": 500},
        "width": 16,
        "learning_rate": assignment.train.get("learning_rate", 0.0),
        "backend": "fused",
        "epochs": 3.0,
        "steps": 100,
        "best_step": 90,
        "tokens": 60_000,
        "seconds": float(rng.uniform(1, 2)),
        "test": {"accuracy": float(right.mean())},
    }
    points = [
        {"step": 10 * n, "epoch": n / 3, "seconds": n / 10, "train_loss": 1 / n, "valid": skill}
        for n in range(1, 11)
    ]
    parts: dict[str, Any] = {"history": points}
    if job.role == "verdict":
        statistics = {"accuracy": np.stack([right, np.ones(rows)], axis=1)}
        parts |= {"statistics": statistics, "exhibits": []}
    write_run(assignment.folder(study), result, parts)


def _costs(conditions: Conditions, finished: Finished) -> dict[str, Any]:
    """Drawn like the runs: measuring contestants does not grow with their number of runs."""
    costs = {}
    for number, entry in enumerate(conditions.entries):
        run = median_run(finished.get((entry.name, None), []), conditions.metric)
        if run is not None:
            costs[entry.name] = {**_of_the_run(run), "train_seconds": 1.5}
            costs[entry.name] |= {"latency_ms_p50": 1.0 + number, "peak_memory_mb": 400.0}
    write_json(conditions.folder / "costs.json", costs)
    return costs


@contextmanager
def _simulated() -> Any:
    with (
        patch.object(conducting, "Pool", Simulated),
        patch.object(conducting, "measure_costs", _costs),
        patch.object(conducting, "keep_best", lambda *_: None),
    ):
        yield


def study_of(runs: int, folder: Path) -> Study:
    """A study that comes to about as many runs."""
    contestants = len(CANDIDATES) * VARIANTS
    each = runs / contestants
    trials = max(1, round(TRIAL_SHARE * each / 1.5))  # a short one each, half of them a full one
    return Study(
        task="classify",
        candidates=CANDIDATES,
        folder=folder,
        budget={
            "params": 3000,
            "epochs": 1,
            "time": None,
            "trials": trials,
            "seeds": max(2, round((1 - TRIAL_SHARE) * each)),
        },
        data={"metric": "accuracy"},
        settings={
            "baselines": ("majority",),
            "workers": 1,
            "variants": {f"v{n}": {"train": {"weight_decay": 0.01 * n}} for n in range(VARIANTS)},
        },
    )


def texts() -> pd.DataFrame:
    """Rows that make a study; what is in them does not matter here."""
    rng = np.random.default_rng(0)
    words = np.array([f"w{n}" for n in range(200)])
    rows = [" ".join(rng.choice(words, WORDS)) for _ in range(ROWS)]
    return pd.DataFrame({"text": rows, "label": rng.integers(0, 2, ROWS).astype(str)})


def measure(runs: int) -> dict[str, float]:
    """Seconds and megabytes of one study."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "study"
        study = study_of(runs, folder)
        planned: list[tuple[float, float]] = []
        begun = time.perf_counter()
        TOTAL.update(writing=0.0, runs=0.0)
        with _simulated():
            listener = conducting.Listener(
                lambda plan: planned.append((time.perf_counter(), peak_memory_mb()))
            )
            sources, spec, place = study.resolve(texts(), None, None)
            conducting.conduct(spec, sources, place, listener)
        whole = time.perf_counter() - begun
        done = TOTAL["runs"]
        report = time.perf_counter()
        subprocess.run(
            python_module("seqlab", "report", str(folder)), check=True, stdout=subprocess.DEVNULL
        )
        return {
            "runs": done,
            "plan": planned[0][0] - begun,
            "each": 1000 * (whole - (planned[0][0] - begun)) / done,
            "writing": 1000 * TOTAL["writing"] / done,
            "memory": peak_memory_mb() - planned[0][1],
            "report": time.perf_counter() - report,
        }


def main() -> None:
    """A line for each number of runs."""
    print(
        "| runs | plan s | ms a run | of them writing it | memory MB beyond the plan's | report s |"
    )
    print("|---|---|---|---|---|---|")
    for runs in [int(given) for given in sys.argv[1:]] or RUNS:
        found = measure(runs)
        print(
            f"| {found['runs']:,.0f} | {found['plan']:.1f} | {found['each']:.1f} | "
            f"{found['writing']:.1f} | {found['memory']:.0f} | {found['report']:.1f} |",
            flush=True,
        )
    print(
        f"\nAsked: at most {PLAN_SECONDS:.0f} s, {RUN_MS:.0f} ms, {MEMORY_MB:.0f} MB and "
        f"{REPORT_SECONDS:.0f} s."
    )


if __name__ == "__main__":
    main()
