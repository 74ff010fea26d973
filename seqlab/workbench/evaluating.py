"""How good a trained contestant is on labelled data of the user's, with intervals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from seqlab import registry
from seqlab.compare.comparison import Comparison, plain
from seqlab.compare.contestants import Contestant, IntArray
from seqlab.compare.decision import compare
from seqlab.data.dependence import Dependence, InGroups, InTime
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.metrics.base import Array, Metric
from seqlab.tasks.base import Predictions, Task

LISTED = 8  # names in a note


@dataclass(frozen=True)
class Score:
    """A metric's value, and its 95 % interval over the examples; NaN where none can be made."""

    metric: str
    value: float
    low: float
    high: float
    higher_is_better: bool


@dataclass(frozen=True)
class Evaluation:
    """Scores on new data. units: how many of the examples, or of what `unit` names, are
    independent of each other.
    """

    candidate: str
    task: str
    examples: int
    units: int
    unit: str
    left_out: int  # that cannot be read, or do not say what is wanted of them
    notes: tuple[str, ...]  # why examples were left out; labels that training does not have
    scores: tuple[Score, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; what is not a finite number is null."""
        return {name: plain(value) for name, value in asdict(self).items()}


class Evaluator:
    """Scores pieces of data one after the other and holds their statistics alone."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.metrics: list[Metric] = [registry.load("metrics", name)() for name in task.metrics]
        self._statistics: list[list[Array]] = [[] for _ in self.metrics]
        self._together: list[Dependence] = []  # of each piece, for the statistics that are kept
        self._examples = self._groups = self._left_out = 0
        self._noun = "example"
        self._reasons: Counter[str] = Counter()
        self._unseen: Counter[str] = Counter()

    def add(self, examples: Examples, predictions: Predictions) -> None:
        """Predictions of examples that all say what is wanted of them."""
        together = self.task.dependence([examples])
        each = np.arange(len(examples))
        groups = together.group if isinstance(together, InGroups) else each
        distinct, numbers = np.unique(groups, return_inverse=True)
        for metric, parts in zip(self.metrics, self._statistics, strict=True):
            statistics = self.task.statistics(metric, predictions, examples)
            by_group = metric.summed and not isinstance(together, InTime)
            parts.append(_sums(statistics, numbers) if by_group else statistics)
        if isinstance(together, InTime):
            self._together.append(together)
        elif not all(metric.summed for metric in self.metrics):
            self._together.append(InGroups(self._groups + numbers.astype(np.int64)))
        if isinstance(together, InGroups):
            self._noun = together.noun.removeprefix("test ")
        self._groups += len(distinct)
        self._examples += len(examples)
        self._unseen.update(self.task.unseen(examples))

    def leave_out(self, examples: Examples, count: int) -> None:
        """Of some examples, those that cannot be scored are counted, with the reasons."""
        self._left_out += count
        if count:
            self._reasons.update(self.task.left_out(examples))

    def _notes(self) -> Iterator[str]:
        for reason, count in self._reasons.most_common():
            yield f"left out: {count:,} {'example' if count == 1 else 'examples'}, {reason}"
        if self._unseen:
            names = [f'"{name}" ({n:,})' for name, n in self._unseen.most_common(LISTED)]
            more = len(self._unseen) - LISTED
            listed = ", ".join(names) + (f" and {more:,} more" if more > 0 else "")
            yield f"training does not have {listed}: {self.task.unseen_counts_as}"

    def result(self, candidate: str, origin: str) -> Evaluation:
        """The scores of all that was added."""
        if not self._examples:
            raise UserError(
                f'"{origin}": nothing can be scored ({"; ".join(self._notes())})',
                "evaluate reads labelled data; seqlab predict reads data without labels",
            )
        together = _joined(self._together)
        in_time = isinstance(together, InTime)
        scores, units, unit = [], self._groups, self._noun
        for metric, parts in zip(self.metrics, self._statistics, strict=True):
            blocks = together if in_time or not metric.summed else None
            score, comparison = _score(metric, np.concatenate(parts), blocks)
            scores.append(score)
            if in_time and comparison is not None:
                units, unit = comparison.units, comparison.unit
        counts = self._examples, units, unit, self._left_out
        notes = tuple(self._notes())
        return Evaluation(candidate, self.task.name, *counts, notes, tuple(scores))


def _sums(statistics: Array, numbers: IntArray) -> Array:
    """The statistics (examples, K) of each block together: (blocks, K)."""
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    return np.add.reduceat(statistics[order], starts, axis=0)


def _joined(pieces: Sequence[Dependence]) -> Dependence | None:
    """What moves together in all pieces; windows of series come in one."""
    groups = [one.group for one in pieces if isinstance(one, InGroups)]
    return InGroups(np.concatenate(groups)) if groups else next(iter(pieces), None)


def _score(
    metric: Metric, statistics: Array, blocks: Dependence | None
) -> tuple[Score, Comparison | None]:
    """By the decision's own interval for one contestant without chance."""
    value = metric.value(statistics)
    low = high = math.nan
    comparison = None
    several = len(np.unique(blocks.group)) if isinstance(blocks, InGroups) else len(statistics)
    if several > 1 and np.isfinite(value):
        one = Contestant("it", statistics[None], deterministic=True)
        comparison = compare([one], metric, blocks=blocks)
        low, high = comparison.standings[0].ci_low, comparison.standings[0].ci_high
    return Score(metric.name, value, low, high, metric.higher_is_better), comparison
