"""The measurements of `costs` for one contestant: its model or its baseline, loaded as in use."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqlab import registry
from seqlab.baselines.storage import load_baseline
from seqlab.data.examples import Examples
from seqlab.specs import TrainSpec
from seqlab.study.batch_memory import with_batch
from seqlab.study.costs import TRAIN_STEPS, latencies
from seqlab.study.stored_model import load_model
from seqlab.study.work import predict_all
from seqlab.tasks.base import Task
from seqlab.training.memory import peak_memory_mb
from seqlab.training.optimisers import build_optimiser


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
