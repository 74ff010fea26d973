"""Series as rows: found in a table, gathered one a row, and checked one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.examples import Examples, Ragged
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.inputs.copies import digest
from seqlab.tasks.inputs.series_layouts import ArrayOptions, SeriesLayout, find_layout, one_row_each
from seqlab.tasks.inputs.values import ValueInput
from seqlab.tasks.parts import ColumnChoice, ColumnRequest


class SeriesRows(ValueInput):
    """One series an example, whatever is read of it.

    layout: where the values stand in a table. fewest_steps: with fewer a series cannot be read.
    """

    roles = ("series", "time")
    unit = "series"
    presents_identity = True
    fewest_steps: ClassVar[int] = 2

    layout: SeriesLayout
    options: ArrayOptions

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        named = {role: request.named[role] for role in cls.roles if role in request.named}
        layout = find_layout(table, named, [*request.others, *_beside(table.frame)])
        columns = {"series": layout.id} if layout.kind == "long" else {}
        columns |= {"time": layout.time} if layout.time else {}
        if layout.kind == "cells":
            columns["series"] = layout.channels[0]
        where = f'"{columns["series"]}"' if columns else f"{len(layout.channels)} columns"
        score = 0.9 if layout.kind == "cells" else 0.6
        return ColumnChoice(columns, score, f"series in {where}", layout=layout)

    @classmethod
    def used(cls, table: Table, choice: ColumnChoice) -> list[str]:
        return [*super().used(table, choice), *choice.layout.channels]

    @classmethod
    def gather(cls, table: Table, choice: ColumnChoice, options: Any) -> Table:
        """One row a series, its values (steps, channels) in the column `series`."""
        layout = choice.layout
        if layout.kind == "long" and "split" in table.frame:
            table = _apart(table, layout)
        return one_row_each(table, layout, transpose=options.transpose)

    @classmethod
    def names(cls, table: Table, choice: ColumnChoice) -> list[str]:
        return [f"{cls.unit} {name}" for name in _written_names(table, choice.layout, '"{}"')]

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        """Channels, lengths and values that no model could read."""
        cells = table.frame["series"]
        widths = Counter(cell.shape[1] for cell in cells if cell is not None and cell.ndim == 2)
        usual = widths.most_common(1)[0][0] if widths else 0
        return by_row(table, [flaw_of(cell, usual, cls.fewest_steps) for cell in cells])

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """`name`, as it is written; `series`, the values (steps, channels) as they came."""
        values = [np.asarray(cell, dtype=np.float32) for cell in table.frame["series"]]
        return Examples({"series": Ragged.of(list(values))}, cls.identity(table, choice))

    @classmethod
    def identity(cls, table: Table, choice: ColumnChoice) -> pd.DataFrame:
        names = _written_names(table, choice.layout, "{}")
        return pd.DataFrame({"name": names}, dtype=object)

    @classmethod
    def settled(cls, rows: Examples, choice: ColumnChoice) -> ColumnChoice:
        """How long series are, of all parts: some models have a place for each position."""
        lengths = rows.ragged("series").lengths
        alike = int(lengths[0]) if np.ptp(lengths) == 0 else 0
        layout = choice.layout.with_(steps=alike, longest=int(lengths.max()))
        return replace(choice, layout=layout)

    @classmethod
    def ids(cls, table: Table, choice: ColumnChoice, used: Collection[str]) -> list[str]:
        """The ids of a long table, which tell series apart, first."""
        layout = choice.layout
        own = [layout.id] if layout.kind == "long" else []
        return [*own, *super().ids(table, choice, (*used, *own))]

    @classmethod
    def digests(cls, rows: Examples) -> list[str]:
        series = rows.ragged("series")
        return [digest(series[row]) for row in range(len(series))]

    # -- learned -------------------------------------------------------------------------------

    def gathered(self, table: Table, choice: ColumnChoice) -> Table:
        return self.gather(table, choice, self.options)

    def layout_for(self, table: Table) -> SeriesLayout:
        """As in training; arrays may stand in a column of another name, if it is the only one."""
        layout = self.layout
        if layout.kind == "cells" and layout.channels[0] not in table.frame.columns:
            kinds = guess.describe(table.frame)
            lists = [name for name, kind in kinds.items() if kind is ColumnKind.LIST]
            if len(lists) != 1:
                raise UserError(
                    f'"{table.origin}": no column "{layout.channels[0]}"',
                    "name the column with the series: --columns series=…",
                )
            return layout.with_(channels=(lists[0],))
        return layout

    def presented(self, examples: Examples) -> dict[str, Any]:
        """Names as they are written, under the name of their column."""
        name = self.layout.id if self.layout.kind == "long" else self.unit
        return {name: examples.frame["name"].to_numpy()}


def _written_names(table: Table, layout: SeriesLayout, form: str) -> list[str]:
    """What each series is called: by its id, or by its number from 1."""
    if layout.kind == "long":
        return [form.format(name) for name in table.frame[layout.id]]
    return [str(number) for number in range(1, len(table.frame) + 1)]


def by_row(table: Table, flaws: Sequence[str]) -> pd.Series:
    """Flaws as a column of a table."""
    return pd.Series(list(flaws), index=table.frame.index, dtype=object)


def flaw_of(values: NDArray[Any] | None, channels: int, fewest_steps: int) -> str:
    """Why one series cannot be read among others of so many channels."""
    if values is None:
        return "no series of numbers"
    if values.ndim != 2 or values.shape[1] != channels:
        width = values.shape[1] if values.ndim == 2 else values.shape
        return f"{width} channels, expected {channels}"
    if len(values) < fewest_steps:
        return "no steps" if not len(values) else f"{len(values)} step, expected {fewest_steps}"
    if np.isinf(values).any():
        step, channel = np.argwhere(np.isinf(values))[0]
        return f"an infinite value at step {step + 1} of channel {channel + 1}"
    return "no values: all are missing" if np.isnan(values).all() else ""


def _apart(table: Table, layout: SeriesLayout) -> Table:
    """A name in two given parts is two series, which is told where they would be mixed up."""
    parts = table.frame.groupby(layout.id)["split"].nunique()
    shared = parts[parts > 1]
    if shared.empty:
        return table
    named = table.frame[layout.id].astype("str") + " (" + table.frame["split"].astype("str") + ")"
    note = f'{len(shared):,} names of "{layout.id}" stand in two parts: read as different series'
    return replace(table, frame=table.frame.assign(**{layout.id: named})).noting([note])


def _beside(frame: pd.DataFrame) -> list[str]:
    """Columns that are no channel by their names: whose a series is, and its part."""
    others = (*guess.aliases("group"), *guess.aliases("split"))
    return [str(name) for name in frame.columns if guess.normalised(str(name)) in others]
