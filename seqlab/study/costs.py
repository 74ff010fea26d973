"""What a contestant costs in use, measured in a quiet process of its own, on one thread.

latency_ms_p50/p95     one example at a time, encoded input to prediction
latency_batch64_ms     64 examples together
peak_memory_mb         the largest resident size of the whole process that predicts
train_seconds          a quiet training step (or baseline fit), times the steps of its runs
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from pathlib import Path

from seqlab.errors import UserError
from seqlab.isolation import python_module
from seqlab.study.child_process import CHECK_SECONDS, FAREWELL_SECONDS, ChildProcess, Events
from seqlab.study.pool import LOG_FILE

MEASUREMENT = "seqlab.study.contestant_costs"


def measure(
    study: Path, run: Path, prepared: Path, task: str, late: Callable[[], bool] = lambda: False
) -> dict[str, float]:
    """The costs of a finished verdict run, from a new process on one thread.

    `late` says whether a time limit has passed. Raises UserError if the process fails or hangs.
    """
    events: Events = queue.Queue()
    command = python_module(MEASUREMENT, str(run), str(prepared), task)
    process = ChildProcess(command, study / LOG_FILE, events)
    try:
        while True:
            try:
                _, event = events.get(timeout=CHECK_SECONDS)
            except queue.Empty:
                event = {"event": "alive"}
            process.check(late())
            match event["event"]:
                case "costs":
                    return dict(event["costs"])
                case "failed":
                    raise _unmeasured(run, event["reason"])
                case "closed":
                    status = process.close(FAREWELL_SECONDS)
                    silent = "the process no longer answered, and was ended"
                    ended = f"the process ended with status {status}"
                    raise _unmeasured(run, silent if process.ended_as_silent else ended)
    finally:
        process.close()


def _unmeasured(run: Path, reason: str) -> UserError:
    return UserError(f"{run}: its costs could not be measured: {reason}")
