"""The process that measures what a contestant costs: its model or baseline, loaded as in use."""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqlab import registry
from seqlab.baselines.storage import load_baseline
from seqlab.data.examples import Examples
from seqlab.runs import read_json
from seqlab.specs import TrainSpec
from seqlab.study.batch_memory import with_batch
from seqlab.study.channel import Channel
from seqlab.study.objective import predict_all
from seqlab.study.stored_model import load_model
from seqlab.tasks.base import Task
from seqlab.training.memory import peak_memory_mb
from seqlab.training.optimisers import build_optimiser

LATENCY_SECONDS = 1.5  # of batch-1 predictions, at most
FEWEST_PREDICTIONS, MOST_PREDICTIONS = 10, 300  # batch-1 predictions
TRAIN_STEPS = 12


def main(run: Path, prepared: Path, task_name: str) -> None:
    """Measure and tell; stop at once when the study's process is gone."""
    channel = Channel()
    threading.Thread(target=_end_with_study, daemon=True).start()
    try:
        result = read_json(run / "result.json")
        costs = model_costs if result["kind"] == "model" else baseline_costs
        channel.tell(event="costs", costs=costs(run, prepared, task_name, result))
    except Exception as error:  # of whatever kind: a study can do without these figures
        channel.tell(event="failed", reason=f"{type(error).__name__}: {error}".partition("\n")[0])
        raise


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
    while len(times) < MOST_PREDICTIONS and (
        len(times) < FEWEST_PREDICTIONS or time.perf_counter() - begun < LATENCY_SECONDS
    ):
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


def model_costs(run: Path, prepared: Path, task_name: str, result: dict[str, Any]) -> Any:
    """A model's costs; `result` is its run's."""
    task: Task = registry.load("tasks", task_name).load(prepared / "task")
    test = Examples.load(prepared / "test")
    spec = with_batch(TrainSpec.read(result["settings"]["train"]), result.get("choices", {}))
    torch.set_num_threads(1)
    settings, weights = result["settings"]["model"], run / "weights.safetensors"
    model = load_model(task, settings, weights, str(run / "result.json")).to(spec.device)
    values = latencies(
        lambda rows: predict_all(task, model, test.take(rows), spec.device), len(test)
    )
    values["peak_memory_mb"] = peak_memory_mb()
    train = Examples.load(prepared / "train")
    values["train_seconds"] = step_seconds(task, model, train, spec) * result["steps"]
    return values


def step_seconds(
    task: Task, model: torch.nn.Module, train: Examples, spec: TrainSpec, steps: int = TRAIN_STEPS
) -> float:
    """The mean seconds of a training step over random batches, after two that warm up."""
    rng = np.random.default_rng(spec.seed)
    batches = task.batches(train, spec.batch_size, spec.batch_tokens, rng)
    optimiser = build_optimiser(model, spec)
    model.train()
    begun = time.perf_counter()
    count = 0
    for number, batch in enumerate(itertools.islice(itertools.cycle(batches), steps + 2)):
        if number == 2:
            begun, count = time.perf_counter(), 0
        optimiser.zero_grad(set_to_none=True)
        loss = task.loss(model, batch.to(spec.device)).value
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), spec.clip_norm or float("inf"))
        optimiser.step()
        count += 1
    return (time.perf_counter() - begun) / count


def baseline_costs(run: Path, prepared: Path, task_name: str, result: dict[str, Any]) -> Any:
    """A baseline's costs; fitting it once more gives its training time."""
    task: Task = registry.load("tasks", task_name).load(prepared / "task")
    test = Examples.load(prepared / "test")
    baseline = load_baseline(run)
    values = latencies(lambda rows: baseline.predict(task, test.take(rows)), len(test))
    values["peak_memory_mb"] = peak_memory_mb()
    train, valid = Examples.load(prepared / "train"), Examples.load(prepared / "valid")
    begun = time.perf_counter()
    type(baseline)().fit(task, train, valid, result["seed"])
    values["train_seconds"] = time.perf_counter() - begun
    return values


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
