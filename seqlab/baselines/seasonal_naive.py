"""What was one season before: the same hour of yesterday, the same weekday of last week."""

from __future__ import annotations

from typing import Self

from seqlab.baselines.base import Baseline, State
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.base import Predictions, Task
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting import naive

CARD = {"tasks": ["forecast"]}


@registered
class SeasonalNaive(Baseline):
    """Learns nothing; the season is the task's."""

    def fit(self, task: Task, train: Examples, valid: Examples, seed: int) -> Self:
        return self

    def predict(self, task: Task, examples: Examples) -> Predictions:
        """(windows, horizon, channels)."""
        assert isinstance(task, Forecast)
        return naive.seasonal(examples, task.fitted.geometry, task.fitted.channels)

    @property
    def parameters(self) -> int:
        return 0

    def state(self) -> State:
        return {}, {}

    @classmethod
    def from_state(cls, state: State) -> Self:
        return cls()
