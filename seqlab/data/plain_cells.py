"""Cells of typed sources – JSON, Parquet, frames – as the plain values that every task can take.

Bytes become text, decimals numbers, durations seconds, whole numbers beyond 64 bits codes; lists
among words, or words among lists, are made alike. Whatever changes is said, with the first row.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data.cells import column as of_strings
from seqlab.errors import UserError

_SAMPLED_TEXTS = 20  # texts that tell whether a column can be one of numbers
_DIGIT = re.compile(r"\d")
_LONGEST_NUMBER_CHARACTERS = 40  # characters of a number
_LISTS = (list, tuple, np.ndarray)
_NUMBERS = (int, float, Decimal, np.integer, np.floating)


def with_plain_cells(frame: pd.DataFrame, origin: str) -> tuple[pd.DataFrame, list[str]]:
    """A frame of plain values, and a note for each column that had others.

    A column of bytes that are no text is left out, with a note; if nothing else is there, an error.
    """
    columns: dict[str, pd.Series] = {}
    notes = []
    for name, values in frame.items():
        try:
            columns[str(name)], said = _plain(values)
        except UnicodeDecodeError:
            row = next(i for i, v in enumerate(values, 1) if isinstance(v, bytes) and _binary(v))
            said = f"left out, for row {row} holds bytes that are no text"
        notes += [f"column {name}: {said}"] if said else []
    if not columns:
        raise UserError(
            f'"{origin}" holds nothing that can be read: {"; ".join(notes)}',
            "write texts as strings, images as files in a folder for each class",
        )
    if not notes and all(columns[str(name)] is frame[name] for name in frame.columns):
        return frame, []
    plain = pd.DataFrame(columns, index=frame.index)
    plain.attrs = frame.attrs
    return plain, notes


def without_surrogates(text: str) -> str:
    """A text that can be written: halves of a character, which JSON can hold, replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(values: pd.Series) -> tuple[pd.Series, str]:
    """A column's plain values and what was done, nothing where they were plain."""
    dtype = values.dtype
    if pd.api.types.is_timedelta64_dtype(dtype):
        return values.dt.total_seconds(), "durations read as seconds"
    if pd.api.types.is_unsigned_integer_dtype(dtype) and values.max() > np.iinfo(np.int64).max:
        return values.astype("str"), "whole numbers beyond 64 bits read as codes"
    if pd.api.types.is_complex_dtype(dtype):
        return values.astype("str"), "complex numbers read as words"
    if isinstance(dtype, pd.IntervalDtype):
        return values.astype("str"), "intervals read as words"
    if isinstance(dtype, pd.CategoricalDtype):
        return _plain(values.astype(dtype.categories.dtype))
    if isinstance(dtype, pd.StringDtype):
        return _in_words(values)
    if dtype == np.float16:
        return values.astype(np.float32), ""
    return _plain_objects(values) if pd.api.types.is_object_dtype(dtype) else (values, "")


def _plain_objects(values: pd.Series) -> tuple[pd.Series, str]:
    known = values[[not _is_missing(value) for value in values]]
    types = set(map(type, known))
    if types <= {bool} or not types:
        return values, ""
    if types <= {str}:
        return _in_words(values)
    if all(issubclass(kind, _NUMBERS) for kind in types):
        return _numbers(values, types)
    if types <= {bytes, str}:
        return _applied(values, bytes, bytes.decode, "bytes read as UTF-8 text")
    if types <= {datetime.time, datetime.timedelta}:
        return _applied(values, (datetime.time, datetime.timedelta), str, "read as words")
    lists = [isinstance(value, _LISTS) for value in known]
    if all(lists):
        return values.map(_plain_list, na_action="ignore"), ""
    if types == {dict} and any(isinstance(v, _LISTS) for d in known for v in d.values()):
        return values, ""  # answers of several kinds: tasks look inside
    if any(lists) or dict in types:
        return _alike(values, known, 2 * sum(lists) > len(known) and dict not in types)
    if types <= {datetime.date, datetime.datetime, pd.Timestamp}:
        return values, ""
    return _words(values, known)


def _in_words(values: pd.Series) -> tuple[pd.Series, str]:
    """A column of texts; where they are numbers as people write them, those numbers."""
    sample = values.dropna().head(_SAMPLED_TEXTS)
    digits = sum(
        _DIGIT.search(text) is not None and len(text) < _LONGEST_NUMBER_CHARACTERS
        for text in sample
    )
    if 2 * digits > len(sample):
        read = of_strings(["" if _is_missing(value) else value for value in values])
        if pd.api.types.is_numeric_dtype(read.values.dtype):
            odd = [f'row {row} "{cell}" read as missing' for row, cell in read.odd[:1]]
            return read.values.set_axis(values.index), "; ".join(
                [read.how or "texts that are numbers read as numbers", *odd]
            )
    return _applied(values, str, without_surrogates, "halves of characters replaced")


def _numbers(values: pd.Series, types: set[type]) -> tuple[pd.Series, str]:
    """Python's numbers, of any size, as a column of numbers, or of codes."""
    whole = all(issubclass(kind, int | np.integer) for kind in types)
    if whole and any(not -(2**63) <= v < 2**63 for v in values if not _is_missing(v)):
        codes = values.map(_in_digits, na_action="ignore").astype("str")
        return codes, "whole numbers beyond 64 bits read as codes"
    if whole and not any(map(_is_missing, values)):
        return values.astype(np.int64), ""
    floats = [np.nan if _is_missing(value) else float(value) for value in values]
    return pd.Series(floats, index=values.index, dtype="f8"), ""


def _in_digits(value: int) -> str:
    """A whole number as it was written; one of thousands of digits in base 16."""
    return str(value) if value.bit_length() < 10_000 else hex(value)


def _alike(values: pd.Series, known: pd.Series, lists: bool) -> tuple[pd.Series, str]:
    """Lists and single values as lists where most are, else all as words."""
    odd = next(r for r, v in enumerate(values) if not _is_missing(v) and _is_odd(v, lists)) + 1
    cells: list[Any]
    if lists:
        cells = [v if isinstance(v, _LISTS) else [_word(v)] for v in known]
        said = f"single values among lists read as lists of one, row {odd} first"
    else:
        cells = [_word(v) for v in known]
        said = f"lists or objects among single values read as words, row {odd} first"
    by_row = dict(zip(known.index, cells, strict=True))
    plain = [by_row.get(row) for row in values.index]
    whole = pd.Series(plain, index=values.index, dtype=object)
    return whole, said


def _is_odd(value: Any, lists: bool) -> bool:
    return isinstance(value, _LISTS) != lists or isinstance(value, dict)


def _words(values: pd.Series, known: pd.Series) -> tuple[pd.Series, str]:
    """Numbers and words in one column: read as in a file of text."""
    words = ["" if _is_missing(value) else _word(value) for value in values]
    read = of_strings(words)
    if pd.api.types.is_numeric_dtype(read.values.dtype):
        odd = f'row {read.odd[0][0]} "{read.odd[0][1]}" read as missing' if read.odd else ""
        return read.values.set_axis(values.index), odd or read.how or "words read as numbers"
    row = next(i for i, v in enumerate(values) if type(v) is not type(known.iloc[0])) + 1
    return read.values.set_axis(
        values.index
    ), f"values of several kinds read as words, row {row} first"


def _word(value: Any) -> str:
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict | list | tuple):
        return without_surrogates(json.dumps(value, ensure_ascii=False, default=str))
    return str(value)


def _plain_list(cell: Any) -> Any:
    """A list whose words can be written; numbers stay as they are."""
    if isinstance(cell, np.ndarray) and cell.dtype != object:
        return cell
    if any(isinstance(v, (str, bytes, *_LISTS)) for v in cell):
        return [_plain_item(value) for value in cell]
    return cell


def _plain_item(value: Any) -> Any:
    if isinstance(value, str | bytes):
        return _word(value)
    return _plain_list(value) if isinstance(value, _LISTS) else value


def _applied(
    values: pd.Series, kinds: type | tuple[type, ...], change: Callable[[Any], str], said: str
) -> tuple[pd.Series, str]:
    changed = [change(value) if isinstance(value, kinds) else value for value in values]
    rows = [
        row
        for row, (old, new) in enumerate(zip(values, changed, strict=True))
        if old is not new and old != new
    ]
    if not rows:
        return values, ""
    return pd.Series(changed, index=values.index), f"{said}, row {rows[0] + 1} first"


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float) and value != value)
    )


def _binary(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return True
    return False
