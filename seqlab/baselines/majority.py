"""Always the training part's class or label frequencies: what any model must beat."""

from __future__ import annotations

from typing import Self

import numpy as np

from seqlab.baselines.base import Baseline, State
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.classifier import Classifier

CARD = {"title": "always the most frequent class", "tasks": ["classify", "series", "images"]}


@registered
class Majority(Baseline[Classifier]):
    """The same probabilities for every example."""

    floor = True
    constant = True

    def __init__(self, frequencies: np.ndarray | None = None) -> None:
        self.frequencies = np.zeros(0) if frequencies is None else frequencies

    def fit(self, task: Classifier, train: Examples, valid: Examples, seed: int) -> Self:
        """Count classes."""
        labels = np.asarray(train.arrays["label"], dtype=np.int64)
        if labels.ndim == 2:  # several labels an example
            return type(self)(labels.mean(axis=0))
        counts = np.bincount(labels, minlength=len(task.classes))
        return type(self)(counts / counts.sum())

    def predict(self, task: Classifier, examples: Examples) -> Predictions:
        """Class frequencies (n, C)."""
        return np.tile(self.frequencies, (len(examples), 1))

    @property
    def parameters(self) -> int:
        """One a class."""
        return len(self.frequencies)

    def state(self) -> State:
        """The frequencies."""
        return {}, {"frequencies": self.frequencies}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From the frequencies."""
        return cls(np.asarray(state[1]["frequencies"], dtype=np.float64))
