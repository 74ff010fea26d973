"""A task with its data, as the trainer wants it: batches, loss and validation score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from seqlab import registry
from seqlab.batch import Batch, Softening
from seqlab.data.examples import Examples, Ragged
from seqlab.errors import UserError
from seqlab.metrics.base import Metric
from seqlab.specs import TrainSpec
from seqlab.study.recipes import floor_of
from seqlab.study.variation import BatchVariation
from seqlab.tasks.base import Loss, Predictions, Prepared, Task, as_array, as_ragged

GAIN = 0.5  # of the margin is the least rise for which training goes on
LEARNED = 0.05  # of the way from the floor to perfection


def predict_all(
    task: Task, model: nn.Module, examples: Examples, device: str = "cpu"
) -> Predictions:
    """Predictions for all examples, in the examples' order."""
    parts: list[Predictions] = []
    rows: list[NDArray[np.int64]] = []
    model.eval()
    with torch.inference_mode():
        for batch in task.batches(examples, 256, 65536, None):
            parts.append(task.predict(model, batch.to(device)))
            rows.append(batch.rows)
    assert parts, "no examples"
    order = np.argsort(np.concatenate(rows))
    if isinstance(parts[0], Ragged):
        return Ragged.joined([as_ragged(part) for part in parts]).take(order)
    return np.concatenate([as_array(part) for part in parts])[order].astype(np.float64, copy=False)


class TaskObjective:
    """A task with its data, as the trainer wants it."""

    def __init__(self, prepared: Prepared, train: Examples, spec: TrainSpec) -> None:
        self.task, self.valid, self.train, self.spec = prepared.task, prepared.valid, train, spec
        self.metric: Metric = registry.load("metrics", prepared.task.metrics[0])()
        self.higher_is_better = self.metric.higher_is_better
        self.variation = BatchVariation(prepared.task, train, spec)
        if spec.length_warmup is not None and self.task.shortens is None:
            raise UserError(
                f"train.length_warmup = {spec.length_warmup:g}: {self.task.name} cannot cut these "
                "sequences, as their targets would be wrong",
                "accepted where single texts are classified or regressed, in tag, and in language "
                "without carried states",
            )

    def steps_per_epoch(self) -> int:
        return self.task.batch_count(self.train, self.spec.batch_size, self.spec.batch_tokens)

    def batches(self, epoch: int) -> Iterator[Batch]:
        rng = np.random.default_rng((self.spec.seed, epoch))
        if self.variation.active:
            return self.variation.batches(rng, epoch)
        spec = self.spec
        return self.task.batches(self.train, spec.batch_size, spec.batch_tokens, rng)

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        spec = self.spec
        if not spec.label_smoothing and not spec.mixup:
            return self.task.loss(model, batch, state)
        softening = Softening(spec.label_smoothing, batch.context.mix)
        loss = self.task.loss(model, replace(batch, softening=softening), state)
        if not softening.applied:
            name = "label_smoothing" if spec.label_smoothing else "mixup"
            raise UserError(
                f"train.{name} = {getattr(spec, name):g}: {self.task.name} has no labels for that",
                "accepted here: 0",
            )
        return loss

    def longest(self) -> int:
        spec = self.spec
        batches = self.task.batches(
            self.train, spec.batch_size, spec.batch_tokens, np.random.default_rng(spec.seed)
        )
        return max(batch.inputs.shape[1] for batch in batches)

    def shortened(self, batch: Batch, length: int) -> Batch:
        return batch.cut(length, targets=self.task.shortens == "targets too")

    def learned(self, score: float) -> bool:
        """Whether a score is better than the task's floor by LEARNED of what there is to gain.

        Where the floor is a forecast, which is no mean feat, any better score will do.
        """
        if not self._floor:
            return True
        floor, constant = self._floor
        best = 1.0 if self.metric.unit_range and self.higher_is_better else 0.0
        needed = LEARNED * abs(best - floor) if constant else 0.0
        return bool(score > floor + needed if self.higher_is_better else score < floor - needed)

    def gains(self, score: float, before: float) -> bool:
        """Whether it is better by GAIN of what counts as equal."""
        margin = self.metric.margin * (abs(before) if self.metric.relative_margin else 1.0)
        gain = score - before if self.higher_is_better else before - score
        return gain > GAIN * margin

    @cached_property
    def _floor(self) -> tuple[float, bool] | None:
        """The validation score of a baseline that learned nothing, and whether it is a constant."""
        kind = floor_of(self.task)
        if kind is None:
            return None
        fitted = kind().fit(self.task, self.train, self.valid, seed=0)
        predicted = fitted.predict(self.task, self.valid)
        statistics = self.task.statistics(self.metric, predicted, self.valid)
        return self.metric.value(statistics), kind.constant or self.metric.unit_range

    def validate(self, model: nn.Module) -> float:
        predictions = predict_all(self.task, model, self.valid, self.spec.device)
        return self.metric.value(self.task.statistics(self.metric, predictions, self.valid))
