"""TF-IDF of words and word pairs with ridge regression; order beyond pairs does not count."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from seqlab import registry
from seqlab.baselines.base import Baseline, State, target_of
from seqlab.baselines.tfidf import TfidfFeatures
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.inputs.text import Text
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.numbers import Numbers

CARD = {"title": "word counts + ridge", "tasks": ["regress"]}
PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0)  # the validation part chooses

Array = NDArray[np.float64]


@registered
class TfidfRidge(Baseline[RowTask]):
    """A ridge for each target, in standard deviations; strength chosen by the primary metric."""

    def __init__(
        self,
        features: TfidfFeatures | None = None,
        weights: Array | None = None,
        intercepts: Array | None = None,
    ) -> None:
        self.features = features
        self.weights = np.zeros((0, 0)) if weights is None else weights  # (K, features)
        self.intercepts = np.zeros(0) if intercepts is None else intercepts  # (K,)

    input_types = (Text,)
    target_types = (Numbers,)

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Solve for every strength, keep the one that validates best."""
        features = TfidfFeatures.fit(train.frame)
        x = features.transform(train.frame)
        y = target_of(task, Numbers).standard(train.array("target"))
        metric = registry.load("metrics", task.metrics[0])()
        sign = 1 if metric.higher_is_better else -1
        fitted = [type(self)(features, *_solve(x, y, strength)) for strength in PENALTIES]
        scores = [
            sign * metric.value(task.statistics(metric, one.predict(task, valid), valid))
            for one in fitted
        ]
        return fitted[int(np.nanargmax(scores))]

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """(n, K) in the targets' own units."""
        assert self.features is not None
        standard = self.features.transform(examples.frame) @ self.weights.T + self.intercepts
        return target_of(task, Numbers).in_own_units(standard)

    @property
    def parameters(self) -> int:
        """Weights and intercepts."""
        return int(self.weights.size + self.intercepts.size)

    def state(self) -> State:
        """Words, their weights and the ridge's."""
        assert self.features is not None
        values, idf = self.features.state()
        return values, {"idf": idf, "weights": self.weights, "intercepts": self.intercepts}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From what `state` gave."""
        values, arrays = state
        idf, weights, intercepts = (
            np.asarray(arrays[name], dtype=np.float64) for name in ("idf", "weights", "intercepts")
        )
        return cls(TfidfFeatures.from_state(values, idf), weights, intercepts)


def _solve(x: NDArray[np.float64], y: Array, strength: float) -> tuple[Array, Array]:
    """Weights (K, features) and intercepts (K,), each target on the rows where it is known."""
    solved = []
    for column in y.T:
        known = np.flatnonzero(~np.isnan(column))
        ridge = Ridge(alpha=strength, solver="sparse_cg", tol=1e-6)
        solved.append(ridge.fit(x[known], column[known]))
    return np.stack([r.coef_ for r in solved]), np.array([float(r.intercept_) for r in solved])
