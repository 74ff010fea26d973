"""The largest batch whose training step stays below a limit of memory, by measurement.

Sizes double from a single example on. Each is tried with the longest examples there are, twice, so
that the optimiser's own memory counts; a size is not tried if the two before it, whose difference
the next doubles, say that it will not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from seqlab.batch import Batch
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.model.base import Model
from seqlab.specs import TrainSpec
from seqlab.study.objective import TaskObjective
from seqlab.tasks.base import Prepared, Task
from seqlab.training.choosing import Choices, Settle, directly
from seqlab.training.feed import Feed
from seqlab.training.memory import peak_while
from seqlab.training.updates import Updates

Build = Callable[[TrainSpec], Model]  # a model as its training wants it

LEAST_STEPS_PER_EPOCH = 8  # larger batches learn too little from as many examples


def fitting_batch(
    prepared: Prepared, build: Build, spec: TrainSpec, settle: Settle = directly
) -> tuple[TrainSpec, Choices]:
    """The training settings with the batch that their memory limit allows, and what was measured.

    Raises UserError where not even one example fits.
    """
    if spec.max_memory_mb is None:
        return spec, {}
    choices = settle(lambda: {"batch_size": _largest(prepared, build, spec)})
    return with_batch(spec, choices), choices


def with_batch(spec: TrainSpec, choices: Choices) -> TrainSpec:
    """The settings with the batch that was chosen, if any was."""
    if "batch_size" not in choices:
        return spec
    measured = choices["batch_size"]
    sizes = {"batch_size": measured["chosen"], "batch_tokens": measured["batch_tokens"]}
    return spec.with_(**sizes, max_memory_mb=None)


def _largest(prepared: Prepared, build: Build, spec: TrainSpec) -> dict[str, Any]:
    """The size, its budget of positions, and the peak in MB of every size that was tried."""
    limit = spec.max_memory_mb
    assert limit is not None
    task, train = prepared.task, prepared.train
    longest = _longest(task, train, 1, 1).inputs.shape[1]
    peaks: dict[int, float] = {}
    size, expected = 1, 0.0
    while expected <= limit and size <= max(1, len(train) // LEAST_STEPS_PER_EPOCH):
        fields = spec.with_(batch_size=size, batch_tokens=size * longest, length_warmup=None)
        peaks[size] = _peak(prepared, build, fields)
        if peaks[size] > limit:
            break
        expected = 3 * peaks[size] - 2 * peaks[size // 2] if size > 1 else peaks[size]
        size *= 2
    fitting = [tried for tried, peak in peaks.items() if peak <= limit]
    if not fitting:
        raise UserError(
            f"train.max_memory_mb = {limit:g}: training on one example of {longest:,} positions "
            f"takes {peaks[1]:,.0f} MB; accepted: more than that"
        )
    best = fitting[-1]
    return {
        "chosen": best,
        "batch_tokens": best * longest,
        "why": f"{peaks[best]:,.0f} MB with the longest examples, {limit:,g} MB are allowed",
        "peak_mb": {str(tried): round(peak, 1) for tried, peak in peaks.items()},
    }


def _peak(prepared: Prepared, build: Build, spec: TrainSpec) -> float:
    objective = TaskObjective(prepared, prepared.train, spec)
    batch = _longest(prepared.task, prepared.train, spec.batch_size, spec.batch_tokens)
    built = build(spec)
    updates = Updates(built, objective, spec, steps=2)
    feed = _Same(objective, spec.device, batch)
    built.train()

    def train() -> None:
        for number in range(2):
            updates.step(feed, number)

    return peak_while(train, spec.device)


class _Same(Feed):
    """The same batch again and again."""

    def __init__(self, objective: TaskObjective, device: str, batch: Batch) -> None:
        super().__init__(objective, device)
        self.batch = replace(batch.to(device), continues=False)

    def next(self) -> Batch:
        return self.batch


def _longest(task: Task, train: Examples, size: int, tokens: int) -> Batch:
    """The batch with the most positions of an epoch."""
    batches = task.batches(train, size, tokens, np.random.default_rng(0))
    return max(batches, key=lambda batch: batch.inputs.numel())
