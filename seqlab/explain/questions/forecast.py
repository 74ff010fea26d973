"""Steps of a forecast, in the target's own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from seqlab.data.examples import Examples
from seqlab.explain.questions.base import Array, Question, Rows
from seqlab.tasks.base import Predictions
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.options import MEDIAN_LEVEL

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch
    from seqlab.model.base import Model

MOST_STEPS, MOST_TARGETS = 7, 3  # that are explained, the steps evenly over the horizon


class ForecastQuestion(Question):
    """The middle of the forecast at some steps of the horizon, of the first targets."""

    unit = "the target's unit"

    def __init__(self, task: Forecast) -> None:
        self.task = task
        horizon, targets = task.fitted.geometry.horizon, task.fitted.layout.targets
        steps = np.linspace(0, horizon - 1, min(MOST_STEPS, horizon)).round().astype(int)
        chosen = [(int(s), t) for t in range(min(len(targets), MOST_TARGETS)) for s in steps]
        self.steps, self.targets = (np.array(part) for part in zip(*chosen, strict=True))

    def names(self, row: int) -> list[str]:
        targets = self.task.fitted.layout.targets
        return [f"{targets[t]} +{s + 1}" for s, t in zip(self.steps, self.targets, strict=True)]

    def scores(self, model: Model, batch: Batch) -> Tensor:
        from seqlab.tasks.forecasting.network import forecast

        fitted = self.task.fitted
        middle = fitted.quantiles.index(MEDIAN_LEVEL) if fitted.quantiles else 0
        standard = forecast(model, batch, fitted)[..., middle]  # (B, H, C)
        mean, std = (batch.extra[name].to(standard.dtype) for name in ("mean", "std"))
        return (standard * std + mean)[:, self.steps, self.targets]

    def of_predictions(self, predictions: Predictions, examples: Examples) -> Array:
        return np.asarray(self.task.middle(predictions)[:, self.steps, self.targets])

    def take(self, rows: Rows) -> Self:
        return self
