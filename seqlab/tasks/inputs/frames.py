"""Frames of recordings, some stacked to a step, with an output for each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.tasks.base import DataSpec, Inputs
from seqlab.tasks.inputs.series_layouts import ArrayOptions
from seqlab.tasks.inputs.series_rows import SeriesRows, by_row, flaw_of
from seqlab.tasks.parts import Arrays, ColumnChoice

MOST_STACKED = 4


class FrameOptions(ArrayOptions):
    """stack: frames that make one step; None: as many as leave two steps for a character, 4 at
    most.
    """

    stack: int | None = Field(None, ge=1)


class Frames(SeriesRows):
    """Frames (T, channels) as steps (T / stack, channels · stack) on the training part's scale.

    A missing value is read as its channel's mean. longest: steps of the longest recording.
    """

    options_type = FrameOptions
    unit = "recording"
    reads = "steps"
    fewest_steps = 1

    options: FrameOptions
    mean: tuple[float, ...]
    std: tuple[float, ...]
    stack: int
    longest: int

    @classmethod
    def findings(cls, rows: Examples, labels: Sequence[str] | None) -> list[Finding]:
        """Recordings with missing values."""
        series = rows.ragged("series")
        holed = [row for row in range(len(series)) if np.isnan(series[row]).any()]
        if not holed:
            return []
        return [
            Finding(
                "warning",
                f"recordings with missing values: {len(holed):,}",
                f"the first is recording {rows.frame['name'].iloc[holed[0]]}",
                "they are read as the mean of their channel",
            )
        ]

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """The scale of each channel; how many frames make a step is given with the options."""
        frames = train.ragged("series").values.astype(np.float64)
        std, stack = np.nanstd(frames, axis=0), options.stack or 1
        return cls(
            columns=choice.columns,
            layout=choice.layout,
            options=options,
            mean=tuple(np.nan_to_num(np.nanmean(frames, axis=0)).tolist()),
            std=tuple(np.where(std > 0, std, 1.0).tolist()),
            stack=stack,
            longest=int(-(-choice.layout.longest // stack)),
        )

    def unreadable(self, table: Table, choice: ColumnChoice) -> pd.Series:
        channels = len(self.mean)
        cells = table.frame["series"]
        return by_row(table, [flaw_of(cell, channels, self.fewest_steps) for cell in cells])

    def encode(self, rows: Examples) -> Arrays:
        """`steps`, (T', features) each."""
        series = rows.ragged("series")
        steps: list[Array] = [self._steps(series[row]) for row in range(len(series))]
        return {"steps": Ragged.of(steps)}

    def _steps(self, frames: NDArray[Any]) -> Array:
        x = (frames - np.asarray(self.mean)) / np.asarray(self.std)
        missing = -len(x) % self.stack
        x = np.pad(np.nan_to_num(x), ((0, missing), (0, 0))).astype(np.float32)
        return x.reshape(-1, self.stack * x.shape[1])

    @property
    def inputs(self) -> Inputs:
        """Values at steps that differ in number; an output for each."""
        features = len(self.mean) * self.stack
        return Inputs("values", features, longest=self.longest, per_position=True)

    def vectors(self, examples: Examples) -> list[NDArray[np.float32]]:
        steps = examples.ragged("steps")
        return [np.asarray(steps[row], dtype=np.float32) for row in range(len(steps))]

    def model_defaults(self) -> dict[str, Any]:
        return {}

    def train_defaults(self, examples: int) -> dict[str, Any]:
        return {}

    def shown(self, examples: Examples, row: int) -> str:
        frames = int(examples.ragged("series").lengths[row])
        return f"recording {examples.frame['name'].iloc[row]}, {frames:,} frames"

    def lengths_shown(self, examples: Examples) -> tuple[NDArray[np.int64], str]:
        return self.lengths(examples), "steps in the recording"

    def card(self, train: Examples) -> dict[str, Any]:
        return {"channels": len(self.mean), "frames_a_step": self.stack}
