"""Always the training part's mean: what any model must beat."""

from __future__ import annotations

from typing import Self

import numpy as np

from seqlab.baselines.base import Baseline, State
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.row_task import RowTask

CARD = {"title": "always the mean", "tasks": ["regress"]}


@registered
class Mean(Baseline[RowTask]):
    """The same numbers for every example."""

    floor = True
    constant = True

    def __init__(self, means: np.ndarray | None = None) -> None:
        self.means = np.zeros(0) if means is None else means

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """The mean of each target's known values."""
        return type(self)(np.nanmean(np.asarray(train.arrays["target"], np.float64), axis=0))

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """The means (n, K)."""
        return np.tile(self.means, (len(examples), 1))

    @property
    def parameters(self) -> int:
        """One a target."""
        return len(self.means)

    def state(self) -> State:
        """The means."""
        return {}, {"means": self.means}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From the means."""
        return cls(np.asarray(state[1]["means"], dtype=np.float64))
