"""The metric contract: turn each example into statistics once, then reduce their weighted sums.

A bootstrap therefore never runs a model again: it only draws new weights.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from seqlab import registry
from seqlab.errors import unknown

Array = NDArray[np.float64]


class Metric(ABC):
    """One number for a set of examples.

    `space` names the units in which a task hands over its values: `natural` (as in the data),
    `standard` (standardised by the training part), `scaled` (divided by the in-sample error of
    the seasonal naive forecast), or of what was written `text` or `tokens`. `margin` is the
    difference that matters in practice, declared beforehand; `relative_margin` says that it is a
    share of the best contestant's value.
    `summed` says that it needs no more than the statistics' sum: those of examples that move
    together may be added up beforehand.
    `unit_range` says that values lie between 0 and 1: differences are then told in points, and a
    perfect score on few examples is not taken for certainty.
    `of_corpus` says that it means little for a single example.
    """

    name: ClassVar[str]
    higher_is_better: ClassVar[bool]
    space: ClassVar[str] = "natural"
    margin: ClassVar[float] = 0.01
    relative_margin: ClassVar[bool] = False
    unit_range: ClassVar[bool] = False
    summed: ClassVar[bool] = False
    of_corpus: ClassVar[bool] = False

    @property
    def signature(self) -> str:
        """How scores were obtained, where the name alone does not say it."""
        return ""

    @abstractmethod
    def collect(self, predictions: Any, targets: Any) -> Array:
        """Per-example statistics (examples, K) from predictions and targets, examples first.

        Arrays, or in the spaces `text` and `tokens` lists; each metric names the types it reads.
        """

    @abstractmethod
    def reduce(self, statistics: Array, weights: Array) -> Array:
        """One value per draw: statistics (examples, K), weights (draws, examples) → (draws,)."""

    def value(self, statistics: Array) -> float:
        """The metric over all examples, each counted once."""
        return float(self.reduce(statistics, np.ones((1, len(statistics))))[0])


class AdditiveMetric(Metric):
    """A metric that is a ratio of sums: statistics are (examples, 2), a total and a count."""

    summed = True

    def reduce(self, statistics: Array, weights: Array) -> Array:
        totals = weights @ statistics  # (draws, 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            return totals[:, 0] / totals[:, 1]


def metrics_of(task: str, own: Sequence[str], *apart: str) -> tuple[str, ...]:
    """A task's own metrics, and further ones whose card names it: a file in `metrics/` is enough.

    `apart` are those that serve this task only in another form of it.
    """
    cards = registry.cards("metrics")
    named = [name for name, card in cards.items() if task in card["tasks"]]
    return (*own, *(name for name in named if name not in (*own, *apart)))


def primary_first(
    asked: str | None, accepted: Sequence[str], usual: str | None = None
) -> tuple[str, ...]:
    """All metrics, the primary one first: as asked for, or the usual one."""
    if asked is not None and asked not in accepted:
        raise unknown("metric", asked, accepted)
    first = asked or usual or accepted[0]
    return (first, *(name for name in accepted if name != first))
