"""A table as it was read: its frame, where it came from, and every guess that was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd


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
            digest.update(_content(column))
        return digest.hexdigest()

    def noting(self, notes: Iterable[str]) -> Table:
        """The same table with more notes."""
        return replace(self, notes=(*self.notes, *notes))


def _content(column: pd.Series) -> bytes:
    """A column's values as bytes that do not depend on the library's version or storage."""
    if pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        values = column.astype(object).where(column.notna(), None)
        return json.dumps(values.tolist(), default=_plain).encode()
    if pd.api.types.is_integer_dtype(column.dtype) and not column.isna().any():
        return column.to_numpy("<i8").tobytes()
    numbers = column.to_numpy("<f8", na_value=np.nan)
    return np.where(np.isnan(numbers), np.nan, numbers).tobytes()  # one NaN, not many


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim > 1:  # a series or an image: many numbers
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return [value.shape, value.dtype.str, content]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return str(value)
