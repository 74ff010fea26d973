"""What a contestant costs in use, measured in a quiet process of its own, on one thread.

latency_ms_p50/p95     one example at a time, encoded input to prediction
latency_batch64_ms     64 examples together
peak_memory_mb         the largest resident size of the whole process that predicts
train_seconds          a quiet training step (or baseline fit), times the steps of its runs
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from seqlab.errors import UserError
from seqlab.runs import read_json

SECONDS = 1.5  # of batch-1 predictions, at most
LEAST, MOST = 10, 300  # batch-1 predictions
TRAIN_STEPS = 12


def measure(study: Path, run: Path, prepared: Path) -> dict[str, float]:
    """The costs of a finished verdict run, from a new process on one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    environment["OPENBLAS_NUM_THREADS"] = "1"
    ours, lifeline = os.pipe()  # its other end closes with this process, however that goes
    try:
        done = subprocess.run(
            [sys.executable, "-m", "seqlab.study.costs", str(run), str(prepared)],
            stdin=ours,
            capture_output=True,
            text=True,
            env=environment,
        )
    finally:
        os.close(ours)
        os.close(lifeline)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"{run}: its costs could not be measured: {last}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main(run: Path, prepared_folder: Path) -> None:
    """Measure and print one line of JSON; stop at once when the study's process is gone."""
    threading.Thread(target=_end_with_study, daemon=True).start()
    result = read_json(run / "result.json")
    task_name = read_json(prepared_folder / "prepared.json")["task"]
    if result["kind"] == "model":
        from seqlab.study.contestant_costs import model_costs as costs
    else:
        from seqlab.study.contestant_costs import baseline_costs as costs
    print(json.dumps(costs(run, prepared_folder, task_name, result)))


def _end_with_study() -> None:
    os.read(0, 1)
    os._exit(1)


def latencies(predict: Any, examples: int) -> dict[str, float]:
    """p50, p95 at batch 1 and the median at batch 64, in milliseconds.

    `predict(rows)` predicts for some row numbers.
    """
    rng = np.random.default_rng(0)
    for _ in range(3):
        predict(rng.integers(0, examples, 1))
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < MOST and (len(times) < LEAST or time.perf_counter() - begun < SECONDS):
        rows = rng.integers(0, examples, 1)
        start = time.perf_counter()
        predict(rows)
        times.append(time.perf_counter() - start)
    together = []
    for _ in range(5):
        rows = rng.integers(0, examples, 64)
        start = time.perf_counter()
        predict(rows)
        together.append(time.perf_counter() - start)
    return {
        "latency_ms_p50": float(np.percentile(times, 50) * 1e3),
        "latency_ms_p95": float(np.percentile(times, 95) * 1e3),
        "latency_batch64_ms": float(np.median(together[1:]) * 1e3),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
