"""The class of the nearest training example, by Euclidean distance between standard values.

Series of unequal length are stretched to one length first. The probability of a class is the share
of the K nearest that have it; K is 1 unless the validation part prefers more.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier

from seqlab.baselines.base import Baseline, State, input_of, target_of
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.inputs.values import ValueInput
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.classes import Classes

CARD = {"title": "the nearest training example", "tasks": ["series", "images"]}
MOST_STEPS = 1024  # to which longer series are stretched
NEIGHBOUR_COUNTS = (1, 3, 5)

Array = NDArray[np.float32]


@registered
class NearestNeighbour(Baseline[RowTask]):
    """Keeps the training part."""

    def __init__(
        self,
        values: Array | None = None,
        labels: NDArray[np.int64] | None = None,
        steps: int = 0,
        count: int = 1,
    ) -> None:
        self.values = np.zeros((0, 0), np.float32) if values is None else values
        self.labels = np.zeros(0, np.int64) if labels is None else labels
        self.steps, self.count = steps, count
        self.model = KNeighborsClassifier(count, algorithm="brute")
        if len(self.labels):
            self.model.fit(self.values, self.labels)

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Remember the training part; count neighbours on the validation part."""
        series = input_of(task, ValueInput).vectors(train)
        steps = min(MOST_STEPS, max(len(x) for x in series))
        values, labels = stretched(series, steps), np.asarray(train.arrays["label"], np.int64)
        counts = [count for count in NEIGHBOUR_COUNTS if count <= len(labels)]
        fitted = [type(self)(values, labels, steps, count) for count in counts]
        wanted = np.asarray(valid.arrays["label"])
        right = [
            float((one.predict(task, valid).argmax(axis=1) == wanted).mean()) for one in fitted
        ]
        return fitted[int(np.argmax(right))]  # of equals the fewest neighbours

    def predict(self, task: RowTask, examples: Examples) -> NDArray[np.float64]:
        """Shares of the nearest (n, C)."""
        shares = np.zeros((len(examples), len(target_of(task, Classes).classes)))
        values = stretched(input_of(task, ValueInput).vectors(examples), self.steps)
        shares[:, self.model.classes_] = self.model.predict_proba(values)
        return shares

    @property
    def parameters(self) -> int:
        """All values it remembers."""
        return int(self.values.size)

    def state(self) -> State:
        """The training part."""
        values = {"steps": self.steps, "count": self.count}
        return values, {"values": self.values, "labels": self.labels}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """The training part again."""
        values, arrays = state
        labels = np.asarray(arrays["labels"], dtype=np.int64)
        series = np.asarray(arrays["values"], dtype=np.float32)
        return cls(series, labels, values["steps"], values["count"])


def stretched(series: list[Array], steps: int) -> Array:
    """Series (n of (T, channels)) on `steps` points each, end to end: (n, steps · channels)."""
    rows = []
    for x in series:
        if len(x) != steps:
            at, own = np.linspace(0, len(x) - 1, steps), np.arange(len(x))
            x = np.stack([np.interp(at, own, channel) for channel in x.T], axis=1)
        rows.append(np.asarray(x, dtype=np.float32).ravel())
    return np.stack(rows)
