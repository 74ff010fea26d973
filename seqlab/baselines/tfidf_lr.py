"""TF-IDF of words and word pairs with logistic regression; order beyond pairs does not count."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.base import Baseline, State, target_of
from seqlab.baselines.logistic import each_label, one_label, probabilities
from seqlab.baselines.tfidf import TfidfFeatures
from seqlab.data.examples import Examples
from seqlab.metrics.log_loss import LogLoss
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.classes import Classes

CARD = {"title": "word counts + logistic regression", "tasks": ["classify"]}
INVERSE_PENALTIES = (1.0, 4.0, 16.0)  # C of scikit-learn; the validation part chooses

Array = NDArray[np.float64]


@registered
class TfidfLr(Baseline[RowTask]):
    """Strength of regularisation chosen by validation log-loss.

    Where an example can have several labels: one regression a label, all of one strength.
    """

    def __init__(
        self,
        features: TfidfFeatures | None = None,
        weights: Array | None = None,
        intercepts: Array | None = None,
    ) -> None:
        self.features = features
        self.weights = np.zeros((0, 0)) if weights is None else weights  # (outputs, features)
        self.intercepts = np.zeros(0) if intercepts is None else intercepts  # (outputs,)

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Vectorise the training texts and fit one model per strength."""
        target = target_of(task, Classes)
        features = TfidfFeatures.fit(train.frame)
        x, labels = features.transform(train.frame), np.asarray(train.arrays["label"])
        solve = each_label if target.multi_label else one_label
        fitted = [
            type(self)(features, *solve(x, labels, len(target.classes), strength))
            for strength in INVERSE_PENALTIES
        ]
        metric = LogLoss()
        losses = [
            metric.value(task.statistics(metric, one.predict(task, valid), valid)) for one in fitted
        ]
        return fitted[int(np.argmin(losses))]

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """Probabilities (n, C); none for a class that was not in its training part."""
        assert self.features is not None
        logits = self.features.transform(examples.frame) @ self.weights.T + self.intercepts
        return probabilities(logits, target_of(task, Classes).multi_label)

    @property
    def parameters(self) -> int:
        """Weights and intercepts."""
        return int(self.weights.size + self.intercepts.size)

    def state(self) -> State:
        """Words with their weights; as JSON and arrays, so that nothing is unpickled."""
        assert self.features is not None
        values, idf = self.features.state()
        return values, {"idf": idf, "weights": self.weights, "intercepts": self.intercepts}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild the features and the weights."""
        values, arrays = state
        idf, weights, intercepts = (
            np.asarray(arrays[name], dtype=np.float64) for name in ("idf", "weights", "intercepts")
        )
        return cls(TfidfFeatures.from_state(values, idf), weights, intercepts)
