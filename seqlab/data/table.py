"""A table as it was read: its frame, where it came from, and every guess that was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

_ROWS = 10_000  # whose values are written at a time


@dataclass(frozen=True)
class Table:
    """Rows and columns, with a record of how they were obtained.

    `origin` is what errors and reports call the data; `notes` says each guess in words;
    `header` tells whether the file named its columns itself; `documents` holds the whole texts of
    files whose rows are lines (`name`, `text`, perhaps `split`), blank lines and all.
    """

    frame: pd.DataFrame
    origin: str
    notes: tuple[str, ...] = field(default=())
    header: bool = True
    documents: pd.DataFrame | None = field(default=None, repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of names and values: equal for equal content, however it was stored."""
        digest = hashlib.sha256()
        frames = [self.frame] if self.documents is None else [self.frame, self.documents[["text"]]]
        for name, column in (pair for frame in frames for pair in frame.items()):
            digest.update(json.dumps([str(name), len(column)]).encode())
            for piece in _content(column):
                digest.update(piece)
        return digest.hexdigest()

    def noting(self, notes: Iterable[str]) -> Table:
        """The same table with more notes."""
        return replace(self, notes=(*self.notes, *notes))


def _content(column: pd.Series) -> Iterator[bytes]:
    """A column's values as bytes that do not depend on the library's version or storage."""
    if pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        yield from _json(column)
    elif pd.api.types.is_integer_dtype(column.dtype) and not column.isna().any():
        yield column.to_numpy("<i8").tobytes()
    else:
        numbers = column.to_numpy("<f8", na_value=np.nan)
        yield np.where(np.isnan(numbers), np.nan, numbers).tobytes()  # one NaN, not many


def _json(column: pd.Series) -> Iterator[bytes]:
    """A column as one list of JSON, some rows at a time: texts may fill the memory once."""
    yield b"["
    for start in range(0, len(column), _ROWS):
        some = column.array[start : start + _ROWS]
        if isinstance(column.dtype, pd.StringDtype):
            values = pa.array(some).to_pylist()
        else:
            cells = pd.Series(some).astype(object)
            values = cells.where(cells.notna(), None).tolist()
        written = json.dumps(values, default=_plain)[1:-1].encode()
        yield b", " + written if start else written
    yield b"]"


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim > 1:  # a series or an image: many numbers
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return [value.shape, value.dtype.str, content]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return str(value)
