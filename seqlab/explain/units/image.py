"""Patches of an image."""

from __future__ import annotations

import numpy as np

from seqlab.data.examples import Examples
from seqlab.explain.units.base import Flags, Rows
from seqlab.explain.units.values import Values, ValueUnits, span_name, stretches
from seqlab.tasks.inputs.image import Image
from seqlab.tasks.row_task import RowTask

MOST_PATCHES = 8  # along a side


class ImageUnits(ValueUnits):
    """Squares of at most 8 × 8 to an image; what says nothing is the mean of the training part."""

    noun = "patch"
    key = "pixels"

    def __init__(self, task: RowTask, examples: Examples, background: Examples) -> None:
        super().__init__(task, examples, background)
        assert isinstance(task.reader, Image)
        shape, side = task.reader.shape, -(-max(task.reader.shape[:2]) // MOST_PATCHES)
        self.grid = [stretches(length, -(-length // side)) for length in shape[:2]]
        self.mean = np.asarray(task.reader.mean) * 255
        rows, columns = (
            np.repeat(np.arange(len(spans)), [end - start for start, end in spans])
            for spans in self.grid
        )
        units = rows[:, None] * len(self.grid[1]) + columns
        self.units = np.broadcast_to(units.reshape(*units.shape, *[1] * (len(shape) - 2)), shape)

    def names(self, row: int) -> list[str]:
        return [
            f"rows {span_name(*down)}, columns {span_name(*across)}"
            for down in self.grid[0]
            for across in self.grid[1]
        ]

    def unit_map(self, row: int) -> Rows:
        return self.units

    def neutral(self, row: int) -> Values:
        return self.mean

    def joined(self, values: Values, hidden: Flags, row: int) -> Values:
        """The mean of what is left of the image."""
        left = values[~hidden]
        stead = left.mean() if len(left) else self.mean
        return np.where(hidden, stead, values).astype(values.dtype)
