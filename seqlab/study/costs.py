"""What contestants cost in use, measured in quiet processes of their own, on one thread.

latency_ms_p50/p95       one example at a time, encoded input to prediction: the median of rounds in
                         which all contestants predict in turn; low and high are their quartiles
latency_batch64_ms       64 examples together
peak_memory_mb           the largest resident size of a whole process that predicts
size_mb                  what is stored: weights, or what a baseline has learned
train_seconds            a quiet training step (or baseline fit), times the steps of its runs
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seqlab.errors import UserError
from seqlab.isolation import python_module
from seqlab.study.child_process import CHECK_SECONDS, FAREWELL_SECONDS, ChildProcess, Events
from seqlab.study.pool import LOG_FILE

MEASUREMENT = "seqlab.study.contestant_costs"
STORED = ("weights.safetensors", "arrays.safetensors", "baseline.json")  # of a run


def measure(
    study: Path, run: Path, prepared: Path, task: str, late: Callable[[], bool] = lambda: False
) -> dict[str, float]:
    """Memory and training time of a finished verdict run, from a new process on one thread.

    `late` says whether a time limit has passed. Raises UserError if the process fails or hangs.
    """
    words = ("alone", str(prepared), task, str(run))
    return dict(_measured(study, words, f"{run}: its costs", late))


def measure_latencies(
    study: Path,
    runs: Sequence[Path],
    prepared: Path,
    task: str,
    late: Callable[[], bool] = lambda: False,
) -> list[dict[str, float]]:
    """The latencies of finished runs, in turn in one new process; arguments as for `measure`."""
    words = ("together", str(prepared), task, *map(str, runs))
    return list(_measured(study, words, f"{runs[0]}: its latency", late))


def size_mb(run: Path) -> float:
    """Megabytes (1e6 bytes) that a run's contestant takes on disk."""
    return sum((run / name).stat().st_size for name in STORED if (run / name).exists()) / 1e6


def _measured(study: Path, words: Sequence[str], what: str, late: Callable[[], bool]) -> Any:
    events: Events = queue.Queue()
    process = ChildProcess(python_module(MEASUREMENT, *words), study / LOG_FILE, events)
    try:
        while True:
            try:
                _, event = events.get(timeout=CHECK_SECONDS)
            except queue.Empty:
                event = {"event": "alive"}
            process.check(late())
            match event["event"]:
                case "costs":
                    return event["costs"]
                case "failed":
                    raise _unmeasured(what, event["reason"])
                case "closed":
                    status = process.close(FAREWELL_SECONDS)
                    silent = "the process no longer answered, and was ended"
                    ended = f"the process ended with status {status}"
                    raise _unmeasured(what, silent if process.ended_as_silent else ended)
    finally:
        process.close()


def _unmeasured(what: str, reason: str) -> UserError:
    return UserError(f"{what} could not be measured: {reason}")
