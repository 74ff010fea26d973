"""Summary statistics of each channel with ridge regression; patterns over time do not count."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from seqlab import registry
from seqlab.baselines.base import Baseline, State, input_of, target_of
from seqlab.baselines.summary_statistics import summaries
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.inputs.series import Series
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.numbers import Numbers

CARD = {"title": "summary statistics + ridge", "tasks": ["regress"]}
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)  # the validation part chooses

Array = NDArray[np.float64]


@registered
class StatisticsRidge(Baseline[RowTask]):
    """A ridge for each target on standardised statistics, in standard deviations."""

    def __init__(self, weights: Array | None = None, intercepts: Array | None = None) -> None:
        self.weights = np.zeros((0, 0)) if weights is None else weights  # (K, statistics)
        self.intercepts = np.zeros(0) if intercepts is None else intercepts  # (K,)

    input_types = (Series,)
    target_types = (Numbers,)

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Solve for every strength, keep the one that validates best."""
        x = summaries(input_of(task, Series).vectors(train))
        y = target_of(task, Numbers).standard(train.array("target"))
        metric = registry.load("metrics", task.metrics[0])()
        sign = 1 if metric.higher_is_better else -1
        fitted = [type(self)(*_solve(x, y, strength)) for strength in PENALTIES]
        scores = [
            sign * metric.value(task.statistics(metric, one.predict(task, valid), valid))
            for one in fitted
        ]
        return fitted[int(np.nanargmax(scores))]

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """(n, K) in the targets' own units."""
        standard = (
            summaries(input_of(task, Series).vectors(examples)) @ self.weights.T + self.intercepts
        )
        return target_of(task, Numbers).in_own_units(standard)

    @property
    def parameters(self) -> int:
        """Weights and intercepts."""
        return int(self.weights.size + self.intercepts.size)

    def state(self) -> State:
        """The maps of plain statistics."""
        return {}, {"weights": self.weights, "intercepts": self.intercepts}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From what `state` gave."""
        arrays = {name: np.asarray(v, dtype=np.float64) for name, v in state[1].items()}
        return cls(arrays["weights"], arrays["intercepts"])


def _solve(x: Array, y: Array, strength: float) -> tuple[Array, Array]:
    """Maps of plain statistics, (K, statistics) and (K,), fitted on standardised ones."""
    mean, std = x.mean(axis=0), np.where(x.std(axis=0) > 1e-9, x.std(axis=0), 1.0)
    weights, intercepts = [], []
    for column in y.T:
        known = np.flatnonzero(~np.isnan(column))
        ridge = Ridge(alpha=strength).fit(((x - mean) / std)[known], column[known])
        weights.append(ridge.coef_ / std)
        intercepts.append(float(ridge.intercept_) - float((ridge.coef_ * mean / std).sum()))
    return np.stack(weights), np.array(intercepts)
