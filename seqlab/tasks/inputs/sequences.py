"""Sequences with something at every position: how tables hold them, and how long ones are cut.

A table with a token or a time step a row is gathered to a row a sequence, whose cells hold what its
rows hold. Each sequence remembers its rows, so that every one of them gets its answer.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.clock import on_one_clock
from seqlab.data.columns import ColumnKind, kind
from seqlab.data.examples import Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Shortening
from seqlab.tasks.inputs.cells import as_list, is_nested
from seqlab.tasks.inputs.sequence_layouts import SequenceLayout, find_layout
from seqlab.tasks.parts import PROBLEM, ColumnChoice, ColumnRequest, Input

LONGEST_POSITIONS = 512  # positions that are read at once; longer sequences are read in pieces
# Columns of gathered tables: the table's row of each position, and a sequence's number from 0.
ROWS, NUMBER = "(rows of the table)", "(number of the sequence)"
AT_POSITIONS = ("tokens", "tags", "rows")  # columns of examples with a value at each position


class SequenceInput(Input):
    """Sequences that are answered at every position.

    forms: the layouts that it reads; `thing` is what it calls their values. longest: the most
    positions that a model reads at once.
    """

    reads = "inputs"
    row_by_row = False
    both_directions = True
    forms: ClassVar[tuple[str, ...]]
    thing: ClassVar[str]
    plural: ClassVar[tuple[str, str]]  # what sequences and their positions are called

    layout: SequenceLayout
    longest: int

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        layout, columns, notes = find_layout(table, request)
        if layout.form not in cls.forms:
            other = "values" if layout.form == "values" else "tokens"
            raise cls.other_kind(table, other)
        where = f'"{columns["tokens" if "tokens" in columns else "sequence"]}"'
        return ColumnChoice(columns, 0.9, f"{cls.thing} in {where}", notes, layout)

    @classmethod
    def other_kind(cls, table: Table, thing: str) -> UserError:
        """The error for tokens where values are read, or the other way round."""
        return UserError(
            f'"{table.origin}" holds {thing}, the model reads {cls.thing}',
            f"expected columns of {cls.thing}",
        )

    @classmethod
    def gather(cls, table: Table, choice: ColumnChoice, options: Any) -> Table:
        """A row a sequence; the cells of all columns but those that divide hold its rows'."""
        if choice.layout.form == "lists":
            cells = [as_list(cell) or [] for cell in table.frame[choice.columns["tokens"]]]
            rows = [np.full(len(cell), row) for row, cell in enumerate(cells)]
            own = {ROWS: objects(rows), NUMBER: np.arange(len(cells))}
            return replace(table, frame=table.frame.assign(**own))
        return _gathered(table, choice)

    @classmethod
    def names(cls, table: Table, choice: ColumnChoice) -> list[str] | None:
        if choice.layout.form == "lists":
            return None
        names = table.frame[choice.columns["sequence"]]
        # Only the first rows of a table can be without one: a gap repeats the name above it.
        return ["the first rows" if pd.isna(name) else f"sequence {name}" for name in names]

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        """Rows that no sequence is named for; cells without tokens, or with lists in lists."""
        frame, columns = table.frame, choice.columns
        if choice.layout.form == "lists":
            column = columns["tokens"]
            pairs = zip(frame[column], frame[ROWS], strict=True)
            flaws = [_flaw_of_list(cell, len(rows), column) for cell, rows in pairs]
        else:
            column = columns["sequence"]
            nameless = frame[column].isna()
            flaws = [f'no name of a sequence in "{column}"' if n else "" for n in nameless]
        return pd.Series(flaws, index=frame.index, dtype=object)

    @classmethod
    def identity(cls, table: Table, choice: ColumnChoice) -> pd.DataFrame:
        """`sequence`, its number among all; `rows`, the table's row of each position; `name`."""
        numbers = table.frame[NUMBER].to_numpy(np.int64)
        names = cls.names(table, choice) or [f"row {number + 1:,}" for number in numbers]
        # A sequence of a row has that row even where it has no tokens.
        pairs = zip(table.frame[ROWS], numbers, strict=True)
        rows = [own if len(own) else np.array([number]) for own, number in pairs]
        return pd.DataFrame({"sequence": numbers, "name": names, "rows": objects(rows)})

    @classmethod
    def findings(cls, rows: Examples, labels: Sequence[str] | None) -> list[Finding]:
        """How many sequences there are, and how long they are."""
        lengths = cls.positions(rows)
        sequences, unit = cls.plural
        return [
            Finding(
                "info",
                f"{len(lengths):,} {sequences} with {lengths.sum():,} {unit}",
                f"a median of {int(np.median(lengths)):,}, {lengths.min():,} in the shortest,"
                f" {lengths.max():,} in the longest",
            )
        ]

    @classmethod
    def positions(cls, rows: Examples) -> NDArray[np.int64]:
        """The length of each sequence, (n,)."""
        return positions_of(rows.frame)

    @classmethod
    def common(cls, train: Examples, choice: ColumnChoice, spec: DataSpec) -> dict[str, Any]:
        """Columns, layout and how much is read at once, with room for longer sequences."""
        longest = spec.max_tokens or min(LONGEST_POSITIONS, 2 * int(cls.positions(train).max()))
        return {"columns": choice.columns, "layout": choice.layout, "longest": longest}

    # -- learned -------------------------------------------------------------------------------

    def choice_for(self, table: Table) -> ColumnChoice:
        """As in training where its columns are there, else as new data tell."""
        frame, layout = table.frame, self.layout
        here = {role: column for role, column in self.columns.items() if column in frame.columns}
        channels = [name for name in layout.channels if name not in frame.columns]
        if set(self.columns) - set(here) <= {"time"} and not channels:
            return ColumnChoice(here, 1.0, "as in training", layout=layout)
        taken = [name for name in layout.others if name in frame.columns]
        return self.found_again(table, ColumnRequest(here, taken))

    @abstractmethod
    def found_again(self, table: Table, request: ColumnRequest) -> ColumnChoice:
        """The columns of new data that lack some of training; a UserError says what is missing."""

    def pieces(self, rows: Examples) -> Examples:
        """Sequences that are longer than what is read at once become several examples.

        `start` says where each begins; those of a sequence are in one block. A sequence that
        cannot be read is stood for by one position.
        """
        frame, longest, unread = rows.frame, self.longest, unread_in(rows.frame)
        cuts = [
            (row, start, min(start + longest, length))
            for row, length in enumerate(self.positions(rows).tolist())
            for start in range(0, length, longest)
        ]
        cut = rows.take(np.array([row for row, _, _ in cuts]))
        for name in AT_POSITIONS:
            whole = frame[name].tolist()
            cut.frame[name] = objects(
                [
                    # Each row of what cannot be read gets its answer: that there is none.
                    whole[i]
                    if whole[i] is None or (name == "rows" and unread[i])
                    else whole[i][a:b]
                    for i, a, b in cuts
                ]
            )
        cut.frame["start"] = [start for _, start, _ in cuts]
        ragged = {k: v for k, v in rows.arrays.items() if isinstance(v, Ragged)}
        arrays = {k: Ragged.of([v[i][a:b] for i, a, b in cuts]) for k, v in ragged.items()}
        cut = replace(cut, arrays={**cut.arrays, **arrays})
        if cut.blocks is not None or len(cuts) == len(rows):  # a sequence is within its group
            return cut
        return replace(cut, blocks=cut.frame["sequence"].to_numpy(np.int64))

    @property
    def shortens(self) -> Shortening:
        return "targets too"

    def presented(self, examples: Examples) -> dict[str, Any]:
        """Of each position of each example: its sequence and its place there, from 1."""
        frame, inputs = examples.frame, examples.ragged("inputs")
        lengths = inputs.lengths
        places = np.arange(lengths.sum()) - np.repeat(inputs.offsets[:-1], lengths)
        return {
            "sequence": np.repeat(frame["sequence"].to_numpy() + 1, lengths),
            "position": places + np.repeat(frame["start"].to_numpy() + 1, lengths),
        }

    def card(self, train: Examples) -> dict[str, Any]:
        lengths = train.ragged("inputs").lengths
        return {
            "positions": int(lengths.sum()),
            "longest_training_sequence": int((train.frame["start"] + lengths).max()),
            "positions_read_at_once": self.longest,
        }

    def notes(self, parts: Mapping[str, Examples]) -> list[str]:
        """How many sequences are read in pieces."""
        long = sum(int((some.frame["start"] == self.longest).sum()) for some in parts.values())
        if not long:
            return []
        return [
            f"sequences longer than {self.longest} positions, read in pieces of that length:"
            f" {long:,} (to change: --set data.max_tokens=…)"
        ]


def unread_in(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Which sequences of new data cannot be read, (n,)."""
    if PROBLEM not in frame:
        return np.zeros(len(frame), dtype=bool)
    return (frame[PROBLEM] != "").to_numpy(bool)


def positions_of(frame: pd.DataFrame) -> NDArray[np.int64]:
    """How long each sequence is, (n,); one that cannot be read has a position of another's."""
    lengths = np.array([len(own) for own in frame["rows"]], dtype=np.int64)
    return np.where(unread_in(frame), 1, lengths)


def objects(cells: Sequence[Any]) -> NDArray[np.object_]:
    """Cells of a column, each of which may be a list or an array."""
    column = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        column[row] = cell
    return column


def _flaw_of_list(cell: Any, count: int, column: str) -> str:
    if is_nested(cell):
        return f'a list within the list in "{column}"'
    return "" if count else f'no tokens in "{column}"'


def _gathered(table: Table, choice: ColumnChoice) -> Table:
    """A row a sequence; rows of one sequence need not stand together."""
    frame, column, layout = table.frame, choice.columns["sequence"], choice.layout
    keys, notes = _keys(frame, column, [name for name in layout.dividing if name in frame])
    codes, values = pd.factorize(keys, use_na_sentinel=False)
    order = np.argsort(codes, kind="stable")
    if "time" in choice.columns:
        order = np.lexsort((_moments(table, choice.columns["time"]), codes))
    ends = np.cumsum(np.bincount(codes, minlength=len(values)))[:-1]
    first = order[np.concatenate(([0], ends)).astype(int)] if len(order) else order
    columns: dict[str, Any] = {}
    for name in map(str, frame.columns):
        cells = frame[name].to_numpy()
        once = name in layout.dividing
        columns[name] = cells[first] if once else objects(np.split(cells[order], ends))
    columns[column] = np.asarray(values, dtype=object)
    columns |= {ROWS: objects(np.split(order, ends)), NUMBER: np.arange(len(values))}
    gathered = pd.DataFrame(columns)
    return Table(gathered, table.origin, (*table.notes, *notes), table.header)


def _keys(frame: pd.DataFrame, column: str, dividing: list[str]) -> tuple[pd.Series, list[str]]:
    """Which sequence each row belongs to. What is in several groups or parts is several."""
    keys, notes = frame[column].ffill(), []  # some files name it in its first row only
    for name in dividing:
        if name != column and frame[name].groupby(keys).nunique().max() > 1:
            both = keys.astype(str) + f" of {name} " + frame[name].astype(str)
            keys = both.where(keys.notna())
            notes.append(
                f'values of "{column}" return with every "{name}": each of both is a sequence'
            )
    return keys, notes


def _moments(table: Table, column: str) -> NDArray[Any]:
    """What puts the rows of a sequence in order."""
    values = table.frame[column]
    if kind(values) is ColumnKind.DATE:
        return on_one_clock(values, f'"{table.origin}" column "{column}"').to_numpy()
    numeric = pd.api.types.is_numeric_dtype(values.dtype)
    return values.to_numpy() if numeric else values.astype(str).to_numpy(object)
