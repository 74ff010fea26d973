"""Logistic regression on features of values, its strength chosen by validation log-loss."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from seqlab.baselines.base import Baseline, State, target_of
from seqlab.data.examples import Examples
from seqlab.tasks.base import Predictions
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.classes import Classes

Array = NDArray[np.float64]
INVERSE_PENALTIES = (0.01, 0.1, 1.0, 10.0)  # C of scikit-learn


class LinearClassifier(Baseline[RowTask]):
    """Standardised features and one logistic regression; subclasses say which features."""

    def __init__(
        self,
        mean: Array | None = None,
        std: Array | None = None,
        model: LogisticRegression | None = None,
    ) -> None:
        self.mean = np.zeros(0) if mean is None else mean
        self.std = np.ones(0) if std is None else std
        self.model = model or LogisticRegression()

    @abstractmethod
    def features(self, task: RowTask, examples: Examples) -> Array:
        """Features of each example, (n, F)."""

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """One model per strength; the validation part chooses."""
        raw, labels = self.features(task, train), np.asarray(train.arrays["label"])
        mean, std = raw.mean(axis=0), raw.std(axis=0)
        std = np.where(std > 1e-8, std, 1.0)
        features = (raw - mean) / std
        models = [
            LogisticRegression(C=c, max_iter=500).fit(features, labels) for c in INVERSE_PENALTIES
        ]
        fitted = [type(self)(mean, std, model) for model in models]
        wanted, classes = (
            np.asarray(valid.arrays["label"]),
            np.arange(len(target_of(task, Classes).classes)),
        )
        losses = [log_loss(wanted, one.predict(task, valid), labels=classes) for one in fitted]
        return fitted[int(np.argmin(losses))]

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """Class probabilities (n, C); none for a class that was not in its training part."""
        features = (self.features(task, examples) - self.mean) / self.std
        probabilities = np.zeros((len(examples), len(target_of(task, Classes).classes)))
        probabilities[:, self.model.classes_] = self.model.predict_proba(features)
        return probabilities

    @property
    def parameters(self) -> int:
        """Weights and intercepts."""
        return int(self.model.coef_.size + self.model.intercept_.size)

    def state(self) -> State:
        """Scale and weights."""
        model = self.model
        return {}, {
            "mean": self.mean,
            "std": self.std,
            "coef": model.coef_,
            "intercept": model.intercept_,
            "classes": model.classes_,
        }

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Scale and weights again."""
        _, arrays = state
        model = LogisticRegression()
        model.coef_, model.intercept_ = arrays["coef"], arrays["intercept"]
        model.classes_ = arrays["classes"]
        return cls(np.asarray(arrays["mean"]), np.asarray(arrays["std"]), model)
