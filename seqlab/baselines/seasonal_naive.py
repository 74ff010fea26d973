"""What was one season before: the same hour of yesterday, the same weekday of last week."""

from __future__ import annotations

from seqlab.baselines.point_forecast import Array, PointForecast
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting import naive

CARD = {"title": "the last season repeated", "tasks": ["forecast"]}


@registered
class SeasonalNaive(PointForecast):
    """Learns nothing; the season is the task's."""

    floor = True

    def points(self, task: Forecast, examples: Examples) -> Array:
        return naive.seasonal(examples, task.fitted.geometry, task.fitted.channels)
