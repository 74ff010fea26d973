"""Time steps of signals as standard values: (steps, channels), scaled by the training part."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples, Ragged
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Inputs
from seqlab.tasks.inputs.sequence_layouts import ALIASES, by_name, may_be_sequence, may_be_tokens
from seqlab.tasks.inputs.sequences import SequenceInput, objects
from seqlab.tasks.parts import Arrays, ColumnChoice, ColumnRequest


class Steps(SequenceInput):
    """A time step a row, with numbers in some channels.

    means, scales: of each channel in the training part.
    """

    roles = ("sequence", "time")
    unit = "signal"
    forms = ("values",)
    thing = "values"
    plural = ("signals", "steps")

    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def used(cls, table: Table, choice: ColumnChoice) -> list[str]:
        return [*super().used(table, choice), *choice.layout.channels]

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        """Rows that no signal is named for; values that are no numbers."""
        flaws = super().flaws(table, choice)
        for name in choice.layout.channels:
            wrong = pd.Series([_strange(cell, name) for cell in table.frame[name]], flaws.index)
            flaws = flaws.where(flaws != "", wrong)
        return flaws

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """The array `steps`, (T, channels) of each signal; and what `identity` says."""
        frame, channels = table.frame, choice.layout.channels
        steps: list[Any] = [
            np.stack([_numbers(cell) for cell in cells], axis=1)
            for cells in zip(*(frame[name] for name in channels), strict=True)
        ]
        none = objects([[] for _ in steps])
        return Examples(
            {"steps": Ragged.of(steps)}, cls.identity(table, choice).assign(tokens=none)
        )

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """The scale of each channel."""
        values = train.ragged("steps").values.astype(np.float64)
        values = np.where(np.isfinite(values), values, np.nan)
        empty = np.isnan(values).all(axis=0)
        if empty.any():
            raise UserError(
                f'channel "{choice.layout.channels[int(empty.argmax())]}" has no values in the'
                " training part",
                "leave its column out with --columns",
            )
        scales = np.nanstd(values, axis=0)
        return cls(
            **cls.common(train, choice, spec),
            means=tuple(np.nanmean(values, axis=0).tolist()),
            scales=tuple(np.where(scales > 0, scales, 1.0).tolist()),
        )

    # -- learned -------------------------------------------------------------------------------

    def found_again(self, table: Table, request: ColumnRequest) -> ColumnChoice:
        """The channels of training, and what names the signals by its name."""
        frame, channels = table.frame, self.layout.channels
        missing = [name for name in channels if name not in frame.columns]
        if not missing and "sequence" not in request.named:
            taken = [*request.taken, *channels]
            column = by_name(frame, ALIASES["sequence"], taken, may_be_sequence)
            if column is not None:
                columns = {**request.named, "sequence": column}
                return ColumnChoice(columns, 1.0, "as in training", layout=self.layout)
            missing = [self.columns["sequence"]]
        if by_name(frame, ALIASES["tokens"], [*request.taken], may_be_tokens) is not None:
            raise self.other_kind(table, "tokens")
        raise UserError(
            f'"{table.origin}" has no column "{missing[0]}"',
            f"the model reads {', '.join([*self.columns.values(), *channels])}",
        )

    def encode(self, rows: Examples) -> Arrays:
        """`inputs`: standard values, gaps as the mean."""
        steps = rows.ragged("steps")
        scaled = (steps.values - np.asarray(self.means)) / np.asarray(self.scales)
        values = np.nan_to_num(scaled, posinf=0.0, neginf=0.0).astype(np.float32)
        return {"inputs": Ragged(values, steps.offsets)}

    @property
    def inputs(self) -> Inputs:
        """Values of signals that differ in length, with an output at each position."""
        return Inputs("values", len(self.means), longest=self.longest, per_position=True)


def _numbers(cell: NDArray[Any]) -> NDArray[np.float64]:
    return pd.to_numeric(pd.Series(cell), errors="coerce").to_numpy(np.float64, na_value=np.nan)


def _strange(cell: NDArray[Any], name: str) -> str:
    """Whether a value of a channel is no number, in words."""
    if cell.dtype.kind in "fiub":
        return ""
    wrong = np.isnan(_numbers(cell)) & ~np.asarray(pd.isna(cell))
    return f'a value in "{name}" is no number' if wrong.any() else ""
