"""The rows of requests, one kind of input after the other: their fields, and the table they make.

A row names its values by role – text, tokens, series – and by the name of the training column too.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import singledispatch
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, create_model, model_validator

from seqlab.data.examples import Examples
from seqlab.data.table import Table
from seqlab.data.ts_format import series_column
from seqlab.errors import UserError
from seqlab.tasks.inputs.frames import Frames
from seqlab.tasks.inputs.image import Image
from seqlab.tasks.inputs.question_context import QuestionContext
from seqlab.tasks.inputs.sequences import objects
from seqlab.tasks.inputs.series import Series
from seqlab.tasks.inputs.series_rows import SeriesRows
from seqlab.tasks.inputs.source_text import SourceText
from seqlab.tasks.inputs.steps import Steps
from seqlab.tasks.inputs.text import Text
from seqlab.tasks.inputs.tokens import Tokens
from seqlab.tasks.parts import Input
from seqlab.tasks.row_task import RowTask

CHARACTERS_A_POSITION = 4  # of a text, about, before it is divided into tokens
WORDS_AND_MARKS = re.compile(r"\w+|[^\w\s]")

ORIGIN = "the request"
PLAIN_TEXTS = (Text, SourceText)  # whose rows are their texts, as they came
BLANK_REFUSED = (SourceText, QuestionContext)
FRAME_NAMES = {"src": "source"}  # columns of examples that are not called by their role

Number = Annotated[float, Field(allow_inf_nan=False)]
Steps_ = Annotated[list[list[Number | None]] | list[Number | None], Field(min_length=1)]


class Row(BaseModel):
    """What is asked about; fields that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Rows(ABC):
    """How rows of one kind of input are asked for and read.

    fields: of a row, for pydantic.
    """

    fields: dict[str, Any]

    def model(self) -> type[Row]:
        """The row as a pydantic model."""
        return create_model("Row", __base__=Row, **self.fields)

    @abstractmethod
    def frame(self, rows: Sequence[Any]) -> pd.DataFrame:
        """Rows as a table like that of the training data."""

    def examples(self, task: RowTask, rows: Sequence[Any]) -> Examples:
        """Rows as the task encodes any new data."""
        return task.encode(Table(self.frame(rows), ORIGIN))

    @abstractmethod
    def length(self, row: Any) -> int:
        """Positions of a row, about; known before it is encoded."""

    def check(self, row: Any) -> None:  # noqa: B027 – most kinds say all by their fields
        """A UserError where a row cannot be read, beyond what its fields say."""


def text_field(role: str, column: str, **settings: Any) -> tuple[Any, Any]:
    """A text that is called by its role or by the column of the training data."""
    return (str, Field(validation_alias=AliasChoices(role, column), **settings))


class TextRows(Rows):
    """A text for each role of the input."""

    def __init__(self, reader: Input) -> None:
        own = {role: column for role, column in reader.columns.items() if role in reader.roles}
        self.columns, self.reader = own, reader
        self._unknown: Examples | None = None
        self.fields = {role: text_field(role, column) for role, column in own.items()}

    def frame(self, rows: Sequence[Any]) -> pd.DataFrame:
        cells = {
            column: [getattr(row, role) for row in rows] for role, column in self.columns.items()
        }
        return pd.DataFrame(cells, dtype=object)

    def check(self, row: Any) -> None:
        if type(self.reader) in BLANK_REFUSED:
            for role in self.columns:
                if not getattr(row, role).strip():
                    raise UserError(f"the {role} is empty")

    def examples(self, task: RowTask, rows: Sequence[Any]) -> Examples:
        """The same, but what was checked already is not looked for again: it takes milliseconds."""
        if type(self.reader) not in PLAIN_TEXTS:
            return super().examples(task, rows)
        columns: dict[str, Any] = {
            FRAME_NAMES.get(role, role): objects([getattr(row, role) for row in rows])
            for role in self.columns
        }
        unknown, place = self._targets(task), np.zeros(len(rows), dtype=np.int64)
        columns |= {str(name): values.to_numpy()[place] for name, values in unknown.frame.items()}
        arrays = unknown.take(place).arrays if unknown.arrays else {}
        return task.encoded(Examples(arrays, pd.DataFrame(columns)))

    def _targets(self, task: RowTask) -> Examples:
        """What stands in the place of a target that is not known, of one row."""
        if self._unknown is None:
            table = Table(pd.DataFrame({"nothing": [""]}), ORIGIN)
            self._unknown = task.target.rows(table, task.target.choice_for(table))
        return self._unknown

    def length(self, row: Any) -> int:
        return sum(1 + len(getattr(row, role)) // CHARACTERS_A_POSITION for role in self.columns)


class TokenRow(Row):
    """A sentence as tokens, or as text that is divided into words and marks."""

    tokens: list[str] | None = Field(None, min_length=1)
    text: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> TokenRow:
        if (self.tokens is None) == (self.text is None):
            raise ValueError("expected either tokens or text")
        if self.text is not None and WORDS_AND_MARKS.search(self.text) is None:
            raise ValueError("the text has no words")
        return self

    @property
    def places(self) -> list[tuple[int, int]] | None:
        """Of a text, the characters (from, up to) of each token."""
        if self.text is None:
            return None
        return [match.span() for match in WORDS_AND_MARKS.finditer(self.text)]

    @property
    def words(self) -> list[str]:
        """The tokens, however they were given."""
        if self.text is None:
            return list(self.tokens or ())
        return [match.group() for match in WORDS_AND_MARKS.finditer(self.text)]


class TokenRows(Rows):
    """Tokens, or a text to divide."""

    def __init__(self, reader: Tokens) -> None:
        lists = reader.layout.form == "lists"
        self.column = reader.columns["tokens"] if lists else "tokens"

    def model(self) -> type[Row]:
        return TokenRow

    def frame(self, rows: Sequence[Any]) -> pd.DataFrame:
        return pd.DataFrame({self.column: objects([row.words for row in rows])})

    def length(self, row: Any) -> int:
        return len(row.tokens) if row.text is None else 1 + len(row.text) // CHARACTERS_A_POSITION


class SeriesTable(Rows):
    """Steps of some channels; of a single channel a plain list of numbers will do."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        told = f"a list of steps, each a list of {channels} numbers; null where one is missing"
        if channels == 1:
            told = "a number for each step; null where one is missing"
        self.fields = {"series": (Steps_, Field(description=told))}

    def length(self, row: Any) -> int:
        return len(row.series)

    def check(self, row: Any) -> None:
        self.steps(row)

    def steps(self, row: Any) -> np.ndarray[Any, Any]:
        """(steps, channels), NaN where a value is missing."""
        first = row.series[0]
        steps = row.series if isinstance(first, list) else [[value] for value in row.series]
        if any(not isinstance(s, list) or len(s) != self.channels for s in steps):
            raise UserError(f"each step of a series must have {self.channels} numbers")
        return np.array(steps, dtype=np.float64)


class SeriesForm(SeriesTable):
    """One series a row, in the layout of the training data."""

    def __init__(self, reader: SeriesRows, channels: int) -> None:
        self.layout, self.turned = reader.layout, reader.options.transpose
        super().__init__(channels)

    def check(self, row: Any) -> None:
        super().check(row)
        most = len(self.layout.channels)
        if self.layout.kind == "wide" and len(row.series) > most:
            raise UserError(f"{len(row.series):,} steps; accepted: at most {most:,}")

    def frame(self, rows: Sequence[Any]) -> pd.DataFrame:
        series, layout = [self.steps(row) for row in rows], self.layout
        if layout.kind == "cells":
            cells = [one.T if self.turned else one for one in series]
            column = series_column([cell.astype(np.float32) for cell in cells])
            return pd.DataFrame({layout.channels[0]: column})
        if layout.kind == "wide":
            wide = np.full((len(series), len(layout.channels)), np.nan)
            for number, one in enumerate(series):
                wide[number, : len(one)] = one[:, 0]
            return pd.DataFrame(wide, columns=list(layout.channels))
        return _long(series, layout.id, layout.time, layout.channels)


class StepRows(SeriesTable):
    """One signal a row, whose every step is answered."""

    def __init__(self, reader: Steps) -> None:
        self.columns, self.names = reader.columns, reader.layout.channels
        super().__init__(len(reader.means))

    def frame(self, rows: Sequence[Any]) -> pd.DataFrame:
        series = [self.steps(row) for row in rows]
        return _long(series, self.columns["sequence"], self.columns.get("time", ""), self.names)


class ImageRows(Rows):
    """Numbers of an image, row by row; each a number in grey, or a list of colours."""

    def __init__(self, reader: Image) -> None:
        self.column, self.shape, self.positions = (
            reader.columns["image"],
            reader.shape,
            reader.inputs.longest or 1,
        )
        size = " × ".join(map(str, self.shape))
        cell = list[list[Number]] if len(self.shape) == 2 else list[list[list[Number]]]
        self.fields = {"image": (cell, Field(description=f"numbers, {size}"))}

    def frame(self, rows: Sequence[Any]) -> pd.DataFrame:
        return pd.DataFrame({self.column: objects([self._pixels(row) for row in rows])})

    def check(self, row: Any) -> None:
        self._pixels(row)

    def _pixels(self, row: Any) -> np.ndarray[Any, Any]:
        """An image of another shape would change how its neighbours are read."""
        shape = " × ".join(map(str, self.shape))
        try:
            pixels = np.array(row.image, dtype=np.float64)
        except ValueError:
            raise UserError(f"the rows of an image differ in length; expected {shape}") from None
        if pixels.shape != self.shape:
            given = " × ".join(map(str, pixels.shape))
            raise UserError(f"an image of {given}; expected {shape}")
        return pixels

    def length(self, row: Any) -> int:
        return self.positions


def _long(
    series: Sequence[np.ndarray[Any, Any]], number: str, time: str, channels: Sequence[str]
) -> pd.DataFrame:
    """A step a row."""
    lengths = [len(one) for one in series]
    columns: dict[str, Any] = {number: np.repeat(np.arange(len(series)), lengths)}
    if time:
        columns[time] = np.concatenate([np.arange(length) for length in lengths])
    values = np.concatenate(series)
    return pd.DataFrame({**columns, **{name: values[:, c] for c, name in enumerate(channels)}})


@singledispatch
def rows_of(reader: Input) -> Rows:
    """How rows for an input are asked for; an input without a form of its own reads texts."""
    return TextRows(reader)


rows_of.register(Tokens, TokenRows)
rows_of.register(Series, lambda reader: SeriesForm(reader, len(reader.scaling.mean)))
rows_of.register(Frames, lambda reader: SeriesForm(reader, len(reader.mean)))
rows_of.register(Steps, StepRows)
rows_of.register(Image, ImageRows)
