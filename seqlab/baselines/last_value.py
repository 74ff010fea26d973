"""The last known value, all along the horizon: what a random walk cannot be beaten at."""

from __future__ import annotations

from seqlab.baselines.point_forecast import Array, PointForecast
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting import naive

CARD = {"title": "the last value repeated", "tasks": ["forecast"]}


@registered
class LastValue(PointForecast):
    """Learns nothing."""

    def points(self, task: Forecast, examples: Examples) -> Array:
        return naive.last_value(examples, task.fitted.geometry, task.fitted.channels)
