"""The text of the most similar training recording, by what its channels are like in each eighth.

Every recording becomes its length and the means of its features over eight equal stretches, all on
one scale; the smallest Euclidean distance decides.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.base import Baseline, State
from seqlab.baselines.checked import checked, ragged
from seqlab.data.examples import Examples, Ragged
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.row_task import RowTask

CARD = {"title": "the nearest recording", "tasks": ["transcribe"]}

STRETCHES_A_RECORDING = 8
COMPARED_AT_ONCE = 256  # recordings

Floats = NDArray[np.float64]


@registered
class NearestRecording(Baseline[RowTask]):
    """Looks up; the earlier recording wins where two are as near."""

    def __init__(
        self,
        known: Floats | None = None,
        scale: Floats | None = None,
        targets: Ragged | None = None,
    ) -> None:
        self.known, self.scale, self.targets = known, scale, targets

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Keep what every training recording is like."""
        targets = train.ragged("target")
        summaries = _summaries(train)
        scale = np.maximum(summaries.std(axis=0), 1e-6)
        return type(self)(summaries / scale, scale, targets)

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """Ragged ids (n)."""
        assert self.known is not None
        assert self.targets is not None
        assert self.scale is not None
        asked = _summaries(examples) / self.scale
        squares = (self.known**2).sum(axis=1)
        nearest = [
            (squares - 2 * asked[start : start + COMPARED_AT_ONCE] @ self.known.T).argmin(axis=1)
            for start in range(0, len(asked), COMPARED_AT_ONCE)
        ]
        return self.targets.take(np.concatenate(nearest).astype(np.int64))

    @property
    def parameters(self) -> int:
        """The numbers that are kept."""
        return 0 if self.known is None else int(self.known.size)

    def state(self) -> State:
        """Summaries and texts."""
        assert self.known is not None
        assert self.scale is not None
        assert self.targets is not None
        arrays = {"known": self.known, "scale": self.scale, "targets": self.targets.values}
        return {}, arrays | {"offsets": self.targets.offsets}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From what `state` gave."""
        arrays = state[1]
        targets = ragged(arrays["targets"], arrays["offsets"])
        known, scale = (
            np.asarray(array, dtype=np.float64)
            for array in checked(arrays, known="N F", scale="F").values()
        )
        if len(known) != len(targets):
            raise ValueError(f"{len(known)} recordings have {len(targets)} targets")
        return cls(known, scale, targets)


def _summaries(examples: Examples) -> Floats:
    """(n, 1 + stretches · features)."""
    steps = examples.ragged("steps")
    rows = []
    for row in range(len(steps)):
        x = np.asarray(steps[row], dtype=np.float64)
        starts = np.minimum(
            np.arange(STRETCHES_A_RECORDING) * len(x) // STRETCHES_A_RECORDING, len(x) - 1
        )
        ends = np.maximum(
            (np.arange(STRETCHES_A_RECORDING) + 1) * len(x) // STRETCHES_A_RECORDING, starts + 1
        )
        means = [x[a:b].mean(axis=0) for a, b in zip(starts, ends, strict=True)]
        rows.append(np.concatenate([[np.log(len(x))], *means]))
    return np.stack(rows)
