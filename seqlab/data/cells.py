"""Columns of cells, as strings, to columns of numbers where the cells are numbers.

Words such as "NA" or "None" are missing values among numbers but words among words: a text may
well be "none", and a label often is. Leading zeros, or more digits than a number can hold, make
a code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from seqlab.data.delimited import MARKS, MISSING, NUMBER
from seqlab.data.numerals import read
from seqlab.data.printed_lists import printed_lists

_WHOLE = re.compile(r"[+-]?\d{1,18}")
_CODE = re.compile(r"0\d+|\d{19,}")
_SAMPLED_CELLS = 200  # cells that tell whether a column can be one of numbers
MOST_ODD_SHARE = 0.05  # share of cells that may be no numbers in a column of numbers
MOST_ONE_WORD_SHARE = 0.3  # share where all are one word, such as "closed"
_MEASURED = re.compile(r"[.,%$€£−-]|\de")  # in cells that count, order or name nothing
_MOST_CLASS_NUMBERS = 20  # different whole numbers, up to which they may be names of classes
_SHOWN_CELLS = 3
STRINGS = pd.Series(dtype="str").dtype


@dataclass(frozen=True)
class ParsedColumn:
    """What a column's cells are, how they were written if not plainly, and cells that are odd."""

    values: pd.Series
    how: str = ""
    odd: tuple[tuple[int, str], ...] = ()  # (row from 1, what stands there)


def column(values: Sequence[str], *, decimal_comma: bool = False) -> ParsedColumn:
    """Strings to integers, numbers or (the rest) strings with empty cells missing.

    A few odd cells among numbers are missing values, and returned. `decimal_comma`: where commas do
    not divide cells, a lone one stands before decimals.
    """
    cells = [value.strip() for value in values]
    read = _lists_or_numbers(cells, decimal_comma)
    if read is not None:
        return read
    # A type by its name is looked up anew for every column, of which there may be thousands.
    texts = [value if cell else None for value, cell in zip(values, cells, strict=True)]
    return ParsedColumn(pd.Series(texts, dtype=STRINGS))


def are_numbers(values: Sequence[str]) -> bool:
    """Whether a column of such cells is one of numbers."""
    read = _lists_or_numbers([value.strip() for value in values], False)
    return read is not None and pd.api.types.is_numeric_dtype(read.values.dtype)


def _lists_or_numbers(cells: list[str], decimal_comma: bool) -> ParsedColumn | None:
    """Cells without spaces around them that are no words; None where they are."""
    plain = _plain_numbers(cells)
    if plain is not None:
        return ParsedColumn(plain, _marks(cells))
    lists = printed_lists(cells)
    if lists is not None:
        return ParsedColumn(pd.Series(lists, dtype=object), "lists as NumPy prints them")
    return _numerals(cells, decimal_comma)


def _plain_numbers(cells: list[str]) -> pd.Series | None:
    """Cells that are all numbers or missing, at least one a number, and none a code."""
    numbers, marks, errors = 0, False, False  # errors: what a spreadsheet could not compute
    for cell in cells:
        if NUMBER.fullmatch(cell):
            if _CODE.fullmatch(cell):
                return None
            numbers += 1
        elif cell not in MISSING:
            return None
        elif cell in MARKS:
            marks, errors = True, errors or cell.startswith("#")
    if not numbers and marks:
        return pd.Series(np.full(len(cells), np.nan))
    if not numbers or errors:
        return None
    if numbers == len(cells) and all(map(_WHOLE.fullmatch, cells)):
        return pd.Series(np.array(cells, dtype=np.int64))
    return pd.Series(np.array([np.nan if cell in MISSING else float(cell) for cell in cells]))


def _numerals(cells: list[str], decimal_comma: bool) -> ParsedColumn | None:
    """Cells most of which are numbers, as people write them; None where they are words or codes."""
    known = [
        (row, cell) for row, cell in enumerate(cells) if cell not in MISSING or cell[:1] == "#"
    ]
    sample = list(islice((cell for _, cell in known), _SAMPLED_CELLS))
    if 2 * sum(any(map(str.isdigit, cell)) and len(cell) < 40 for cell in sample) <= len(sample):
        return None
    written = [cell for _, cell in known]
    if any(map(_CODE.fullmatch, written)):
        return None
    numerals = read(written, decimal_comma=decimal_comma)
    if numerals is None:
        return None
    odd = tuple(known[i] for i, value in enumerate(numerals.values) if value is None)
    if odd and not _may_be_odd([cell for _, cell in odd], written, numerals.how):
        return None
    numbers = np.full(len(cells), np.nan)
    numbers[[row for row, _ in known]] = [np.nan if v is None else v for v in numerals.values]
    values = pd.Series(numbers)
    if len(known) == len(cells) and not odd and (numbers == numbers.round()).all():
        values = values.astype(np.int64) if np.abs(numbers).max() < 2**53 else values
    marks = _marks([cell for cell in cells if not cell.startswith("#")])
    how = "; ".join(part for part in (numerals.how and f"numbers, {numerals.how}", marks) if part)
    return ParsedColumn(values, how, tuple((row + 1, cell) for row, cell in odd))


def _may_be_odd(odd: Sequence[str], cells: Sequence[str], how: str) -> bool:
    """Whether a few cells are errors among numbers, and the numbers no names of things."""
    share = MOST_ONE_WORD_SHARE if len(set(odd)) == 1 else MOST_ODD_SHARE
    if len(odd) > max(1, share * len(cells)) or len(cells) - len(odd) < 3:
        return False
    if all(cell.startswith("#") for cell in odd) or how:
        return True
    numbers = [cell for cell in cells if NUMBER.fullmatch(cell)]
    if any(map(_MEASURED.search, numbers)):
        return True
    # Codes have letters in some cells (C536379), classes a word for the rest.
    return len(set(numbers)) > _MOST_CLASS_NUMBERS and not any(
        re.search(r"\d", cell) for cell in odd
    )


def _marks(cells: Iterable[str]) -> str:
    """Which marks, that are no words, stand for missing values."""
    counts = Counter(cell for cell in cells if cell in MARKS)
    return ", ".join(f'"{mark}" is a missing value ({n:,})' for mark, n in counts.most_common(3))


def notes_of(columns: dict[str, ParsedColumn], origin: str) -> list[str]:
    """What was made of columns by their names, alike columns in one line; odd cells one by one."""
    alike: dict[str, list[str]] = {}
    notes = []
    for name, cells in columns.items():
        if cells.how:
            alike.setdefault(cells.how, []).append(name)
        if cells.odd:
            shown = ", ".join(f'row {row} "{cell[:40]}"' for row, cell in cells.odd[:_SHOWN_CELLS])
            more = (
                f" and {len(cells.odd) - _SHOWN_CELLS:,} more"
                if len(cells.odd) > _SHOWN_CELLS
                else ""
            )
            notes.append(
                f'"{origin}" column "{name}": read as missing, for it is no number: {shown}{more}'
            )
    for how, names in alike.items():
        listed = ", ".join(names[:6]) + (f" and {len(names) - 6:,} more" if len(names) > 6 else "")
        notes.append(f"column{'s' if len(names) > 1 else ''} {listed}: {how}")
    return notes
