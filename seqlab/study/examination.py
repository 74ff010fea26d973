"""What a trained model shows on held-out data: units that never change, and answers it is sure of.

The training doctor reads it beside the history; it is taken from the validation part.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import Tensor, nn

from seqlab.metrics.base import Array, Metric
from seqlab.metrics.predictions import confidence_and_right, is_multi_label
from seqlab.model.block import ACTIVATIONS, Block
from seqlab.specs import TrainSpec
from seqlab.study.objective import predict_all
from seqlab.tasks.base import Prepared, Task

EXAMINED_EXAMPLES = 2000  # with answers to count
EXAMINED_FOR_UNITS = 64  # for a look at the units alone
FEWEST_ANSWERS = 100  # or their surest fifth says nothing
SUREST_PART = 5  # the most confident one of so many
STILL_RANGE = 1e-5  # of a unit's outputs, as a share of the largest of them


def examined(prepared: Prepared, model: nn.Module, spec: TrainSpec) -> dict[str, Any]:
    """The share of silent units by layer, and errors among the surest answers where it has any."""
    counts = _answers_classes(prepared.task)
    most = EXAMINED_EXAMPLES if counts else EXAMINED_FOR_UNITS
    valid = prepared.valid.take(np.arange(min(most, len(prepared.valid))))
    with watched(model) as ranges:
        predictions = predict_all(prepared.task, model, valid, spec.device)
    silent = {name: seen.share() for name, seen in ranges.items() if seen.low is not None}
    facts: dict[str, Any] = {"silent": silent}
    if counts:
        facts["sure"] = surest(prepared.task.statistics(Sureness(), predictions, valid))
    return facts


class Sureness(Metric):
    """Statistics: how sure an answer is, whether it is right, and the class that was wanted."""

    higher_is_better = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        if is_multi_label(targets):
            return np.zeros((len(targets), 0))
        confidence, right = confidence_and_right(predictions, targets)
        wanted = np.asarray(targets, dtype=np.float64)[:, None]
        return np.concatenate([confidence, right, wanted], axis=1)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        raise AssertionError("read example by example")


def surest(statistics: Array) -> dict[str, float]:
    """Errors among the surest fifth, among all, and of always saying the commonest class."""
    if statistics.shape[1] == 0 or len(statistics) < FEWEST_ANSWERS:
        return {}
    confidence, right, wanted = statistics.T
    top = np.argsort(-confidence, kind="stable")[: len(confidence) // SUREST_PART]
    _, counts = np.unique(wanted, return_counts=True)
    return {
        "answers": len(right),
        "wrong": float((1 - right).sum()),
        "guessing_wrong": float(len(right) - counts.max()),
        "surest": len(top),
        "surest_wrong": float((1 - right[top]).sum()),
        "surest_confidence": float(confidence[top].mean()),
    }


def _answers_classes(task: Task) -> bool:
    """Whether predictions are probabilities of classes: what log-loss is measured on."""
    return "log-loss" in task.metrics


class Range:
    """The least and the largest output of each unit of a layer."""

    def __init__(self) -> None:
        self.low: Tensor | None = None
        self.high: Tensor | None = None

    def see(self, module: nn.Module, given: tuple[Any, ...], out: Any) -> None:
        """A forward hook: (…, D)."""
        units = out.detach().flatten(0, -2)
        low, high = units.amin(dim=0), units.amax(dim=0)
        self.low = low if self.low is None else low.minimum(self.low)
        self.high = high if self.high is None else high.maximum(self.high)

    def share(self) -> float:
        """The share of units that gave one and the same number throughout."""
        assert self.low is not None
        assert self.high is not None
        largest = self.low.abs().maximum(self.high.abs())
        return float((self.high - self.low <= STILL_RANGE * largest).float().mean())


@contextmanager
def watched(model: nn.Module) -> Iterator[dict[str, Range]]:
    """In which the mixers' outputs and the activations of the blocks are watched."""
    kinds = tuple(ACTIVATIONS.values())
    layers = {
        f"{name}.{inner}": module
        for name, block in model.named_modules()
        if isinstance(block, Block)
        for inner, module in block.named_modules()
        if module is block.mixer or (inner.startswith("mlp") and isinstance(module, kinds))
    }
    ranges = {name: Range() for name in layers}
    handles = [layers[name].register_forward_hook(ranges[name].see) for name in layers]
    try:
        yield ranges
    finally:
        for handle in handles:
            handle.remove()
