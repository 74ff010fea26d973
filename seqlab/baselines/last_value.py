"""The last known value, all along the horizon: what a random walk cannot be beaten at."""

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
class LastValue(Baseline):
    """Learns nothing."""

    def fit(self, task: Task, train: Examples, valid: Examples, seed: int) -> Self:
        return self

    def predict(self, task: Task, examples: Examples) -> Predictions:
        """(windows, horizon, channels)."""
        assert isinstance(task, Forecast)
        return naive.last_value(examples, task.fitted.geometry, task.fitted.channels)

    @property
    def parameters(self) -> int:
        return 0

    def state(self) -> State:
        return {}, {}

    @classmethod
    def from_state(cls, state: State) -> Self:
        return cls()
