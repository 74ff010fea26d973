"""What enters a comparison: contestants with their per-example statistics, and the margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.errors import UserError
from seqlab.metrics.base import Array, Metric

IntArray = NDArray[np.int64]
NEGLIGIBLE = 0.01  # of the trivial baseline's error


@dataclass(frozen=True, eq=False)
class Contestant:
    """One candidate or baseline, scored on the test examples that all contestants share.

    statistics     (seeds, examples, K), as `Metric.collect` returns it per seed; None if nothing
                   was finished, and then `failed` says why
    deterministic  training holds no chance: one seed is all there is, and has no seed variance
    seeds          their numbers, so that pairs can be matched where some contestants lost a run;
                   without them they are matched in order
    validation     each seed's validation score, in the metric's natural sign: by it a practitioner
                   would choose among restarts
    lost           seeds that ended without a result: diverged, out of memory, not a number
    trials         validation scores of the tuning trials, one seed each
    families       groups that it belongs to (recurrent, attention, modern, classic, baselines)
    trivial        it learned nothing of the inputs (the majority class, the naive forecast): what
                   others are measured by, and never a recommendation
    """

    name: str
    statistics: Array | None
    deterministic: bool = False
    failed: str = ""
    seeds: tuple[int, ...] = ()
    validation: tuple[float, ...] = ()
    lost: int = 0
    trials: tuple[float, ...] = ()
    families: tuple[str, ...] = ()
    trivial: bool = False

    def __post_init__(self) -> None:
        assert (self.statistics is None) == bool(self.failed), f"{self.name}: statistics or failed"
        if self.statistics is not None:
            assert self.statistics.ndim == 3, (
                f"{self.name}: statistics must be (seeds, examples, K)"
            )
            assert len(self.seeds) in (0, len(self.statistics))
            assert len(self.validation) in (0, len(self.statistics))
            assert not self.deterministic or len(self.statistics) == 1


@dataclass(frozen=True)
class Margin:
    """The difference that matters in practice, declared beforehand.

    A relative margin is a share of the best contestant's value.
    """

    value: float
    relative: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite(self.value) and self.value >= 0):
            raise UserError(f"margin: {self.value} given, a number of at least 0 expected")

    @classmethod
    def of(cls, metric: Metric) -> Margin:
        """The metric's default margin."""
        return cls(metric.margin, metric.relative_margin)

    def absolute(self, best_value: float, trivial_value: float = 0.0) -> float:
        """The margin in the metric's own units.

        A share of next to nothing matters to nobody: an error that the best has all but removed
        counts as if a hundredth of the trivial baseline's were left.
        """
        if not self.relative:
            return self.value
        return self.value * max(abs(best_value), NEGLIGIBLE * abs(trivial_value))


def check_comparable(contestants: Sequence[Contestant]) -> None:
    """Refuse contestants that were not scored on the same test examples.

    Raises: UserError naming the contestants.
    """
    if not contestants:
        raise UserError("nothing to compare: 0 contestants given, at least 1 expected")
    names = [contestant.name for contestant in contestants]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f'contestant "{twice[0]}" is given twice: names must differ')
    scored = [(c.name, c.statistics.shape[1]) for c in contestants if c.statistics is not None]
    for name, examples in scored[1:]:
        if examples != scored[0][1]:
            raise UserError(
                f"{name} was scored on {examples} test examples, {scored[0][0]} on {scored[0][1]}: "
                "contestants must share the test examples",
                "run the study again for the one whose data differ",
            )


def check_enough(units: int, unit: str) -> None:
    """Refuse a test set from which no interval can be made."""
    if units < 2:
        raise UserError(
            f"{units} independent {unit} given, at least 2 expected",
            "use a larger test part",
        )
