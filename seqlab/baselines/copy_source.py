"""The source itself: what a translation must beat where much stays as it is."""

from __future__ import annotations

from typing import Self

from seqlab.baselines.base import Baseline, State, target_of
from seqlab.data.examples import Examples, Ragged
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.translation import Translation

CARD = {"title": "the source copied", "tasks": ["translate"]}


@registered
class CopySource(Baseline[RowTask]):
    """Every source, in the tokens of targets."""

    floor = True

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """There is nothing to learn."""
        return self

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """Ragged ids (n) of the sources."""
        vocabulary = target_of(task, Translation).vocabulary
        return Ragged.of(list(vocabulary.encode(examples.frame["source"].tolist())))

    @property
    def parameters(self) -> int:
        """None."""
        return 0

    def state(self) -> State:
        """Nothing."""
        return {}, {}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """A copier like any other."""
        return cls()
