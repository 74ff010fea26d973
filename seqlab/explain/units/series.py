"""Stretches of the channels of a series."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from seqlab.data.examples import Examples
from seqlab.explain.units.base import Rows
from seqlab.explain.units.values import Values, ValueUnits, span_name, stretches
from seqlab.tasks.inputs.series import Series
from seqlab.tasks.inputs.steps import Steps
from seqlab.tasks.row_task import RowTask

MOST_UNITS, FEWEST_STRETCHES, MOST_STRETCHES = 64, 4, 24  # of a series


class SeriesUnits(ValueUnits):
    """A channel × a stretch of time. Values are standard: 0 is a channel's mean."""

    def __init__(self, task: RowTask, examples: Examples, background: Examples) -> None:
        super().__init__(task, examples, background)
        reader = task.reader
        assert isinstance(reader, Series | Steps)
        self.key = reader.reads if isinstance(reader, Steps) else "values"
        count = len(reader.means if isinstance(reader, Steps) else reader.scaling.mean)
        named = getattr(reader, "channels", ())
        self.channels = list(named) or [f"channel {c + 1}" for c in range(count)]
        self.count_of_stretches = int(
            np.clip(MOST_UNITS // count, FEWEST_STRETCHES, MOST_STRETCHES)
        )
        self.unit_map = lru_cache(maxsize=512)(self._unit_map)  # type: ignore[method-assign]

    def names(self, row: int) -> list[str]:
        return [
            f"{channel}, {span_name(*span)}"
            for channel in self.channels
            for span in self._stretches(row)
        ]

    def keys(self, row: int) -> list[str]:
        """Channels, whatever the stretch."""
        count = len(self._stretches(row))
        return [channel for channel in self.channels for _ in range(count)]

    def unit_map(self, row: int) -> Rows:
        return self._unit_map(row)

    def _unit_map(self, row: int) -> Rows:
        """Marks of gaps, which stand behind the channels, are of no unit."""
        shape = self.values(self.examples, row).shape
        units = np.full(shape, -1, dtype=np.int64)
        spans = self._stretches(row)
        for number, (start, end) in enumerate(spans):
            for channel in range(len(self.channels)):
                units[start:end, channel] = channel * len(spans) + number
        return units

    def neutral(self, row: int) -> Values:
        return np.zeros(1)

    def _stretches(self, row: int) -> list[tuple[int, int]]:
        return stretches(len(self.values(self.examples, row)), self.count_of_stretches)
