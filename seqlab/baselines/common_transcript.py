"""Always the text that is most common in training: what hearing nothing reaches."""

from __future__ import annotations

from collections import Counter
from typing import Self

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.base import Baseline, State
from seqlab.data.examples import Array, Examples, Ragged
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.row_task import RowTask

CARD = {"title": "always the most common text", "tasks": ["transcribe"]}


@registered
class CommonTranscript(Baseline[RowTask]):
    """The same characters for every recording; the earlier text where two are as common."""

    floor = True
    constant = True

    def __init__(self, ids: NDArray[np.int32] | None = None) -> None:
        self.ids = np.zeros(0, dtype=np.int32) if ids is None else ids

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Count texts."""
        targets = train.ragged("target")
        texts = [tuple(targets[row].tolist()) for row in range(len(targets))]
        return type(self)(np.array(Counter(texts).most_common(1)[0][0], dtype=np.int32))

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """Ragged ids (n)."""
        same: list[Array] = [self.ids] * len(examples)
        return Ragged.of(same)

    @property
    def parameters(self) -> int:
        """One a character."""
        return len(self.ids)

    def state(self) -> State:
        """The text."""
        return {}, {"ids": self.ids}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From the text."""
        return cls(np.asarray(state[1]["ids"], dtype=np.int32))
