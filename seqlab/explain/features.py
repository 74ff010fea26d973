"""What matters over many examples, and how good the contestant is without it: shortcuts.

A word that decides, and that nobody would want to decide, stands at the top: a rating within the
text, an id, the name of the site that a text came from.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.explain.attribution import Attribution
from seqlab.explain.intervals import Estimate, apart
from seqlab.explain.methods.base import Case
from seqlab.explain.units.base import Removal
from seqlab.metrics.base import Metric

Array = NDArray[np.float64]
MOST_FEATURES = 12


@dataclass(frozen=True)
class Feature:
    """A word, channel, patch or lag over all examples.

    weight  the sum of its attributions' sizes, a share of all
    mean    its attribution where it is there, above 0 for the answer
    score   the metric where it is masked everywhere
    loss    how much worse that is, with an interval; None where it was not measured
    """

    name: str
    examples: int
    weight: float
    mean: float
    score: float
    loss: Estimate | None


def features(
    case: Case, found: Attribution, how: Removal = "mask", most: int = MOST_FEATURES
) -> list[Feature]:
    """The features with most weight, that which costs most where it is masked first."""
    sizes: dict[str, float] = defaultdict(float)
    values: dict[str, list[float]] = defaultdict(list)
    where: dict[str, list[tuple[int, NDArray[np.bool_]]]] = defaultdict(list)
    for row, attributed in enumerate(found.values):
        keys = np.array(case.units.keys(row), dtype=object)
        for key in dict.fromkeys(keys.tolist()):
            flags = keys == key
            own = attributed[:, : len(keys)][:, flags].sum(axis=1)
            sizes[key] += float(np.abs(own).mean())
            values[key].append(float(own.mean()))
            where[key].append((row, flags))
    total = sum(sizes.values()) or 1.0
    heaviest = sorted(sizes, key=lambda key: -sizes[key])[:most]
    measured = Without(case)
    features = [
        Feature(
            key,
            len(where[key]),
            sizes[key] / total,
            float(np.mean(values[key])),
            *measured.score(where[key], how),
        )
        for key in heaviest
    ]
    return sorted(features, key=lambda f: -(f.loss.value if f.loss is not None else 0.0))


class Without:
    """The primary metric of a case's examples, as they are and without some of their units."""

    def __init__(self, case: Case) -> None:
        self.case, self.task = case, case.subject.task
        self.metric: Metric = registry.load("metrics", self.task.metrics[0])()
        self.statistics = self._statistics(case.examples)
        self.whole = self.metric.value(self.statistics)

    def score(
        self, where: list[tuple[int, NDArray[np.bool_]]], how: Removal
    ) -> tuple[float, Estimate | None]:
        """The metric where units are removed, and how much worse that is."""
        rows = np.array([row for row, _ in where], dtype=np.int64)
        rng = np.random.default_rng(self.case.seed)
        altered = self.case.units.without(rows, [flags for _, flags in where], how, rng)
        statistics = self.statistics.copy()
        statistics[rows] = self._statistics(altered)
        score = self.metric.value(statistics)
        if len(statistics) < 2:
            return score, None
        return score, apart(self.metric, self.statistics, statistics)

    def _statistics(self, examples: Examples) -> Array:
        predictions = self.case.subject.predict(examples)
        return self.task.statistics(self.metric, predictions, examples)
