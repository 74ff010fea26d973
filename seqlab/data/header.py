"""Whether the first row names the columns, and names for columns that have none.

Many standard sets have no header, so a first row is taken for one only on evidence: it breaks the
pattern of the cells below it, or it is made of names that columns usually have.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from statistics import median

import pandas as pd

from seqlab.data.cells import are_numbers
from seqlab.data.columns import ALIASES, LANGUAGES, ColumnKind, describe, is_categorical, normalised
from seqlab.data.delimited import MISSING, is_number
from seqlab.data.moments.forms import looks_like_dates

_LONGEST_NAME_CHARACTERS = 120  # a question of a survey is a name
_KNOWN_NAMES = frozenset(
    alias for best, others in ALIASES.values() for alias in [*best.split(), *others.split()]
) | {"token", "tokens", "word", "words"}
_SAMPLED_ROWS = 2000
_MOST_NAME_SHARE = 0.01  # share of a column's values that may be its name
_YEAR = re.compile(r"(1[5-9]|20|21)\d\d")
_FEWEST_YEAR_COLUMNS = 3  # columns of years from which they are a header


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first of some rows of cells (all of one width) names the columns."""
    first = _without_empty_end([cell.strip() for cell in rows[0]])
    body = [list(column) for column in zip(*rows[1 : _SAMPLED_ROWS + 1], strict=True)][: len(first)]
    filled = [cell for cell in first if cell]
    if not filled or len(first) - len(filled) > 1:
        return False
    if not body:
        return all(normalised(cell) in _KNOWN_NAMES for cell in first)
    if any(_breaks_pattern(cell, column) for cell, column in zip(first, body, strict=True)):
        return True
    fresh = [cell not in column for cell, column in zip(first, body, strict=True)]
    known = [normalised(cell) in _KNOWN_NAMES | LANGUAGES for cell in first]
    if any(is_number(cell) for cell in filled):
        return _ends_in_years(first, body) or _counts(first, fresh, known)
    if not all(_may_be_name(cell) for cell in filled):
        return False
    if len(set(filled)) < len(filled):
        return any(known) and all(fresh)
    if not all(fresh):
        return _is_header_nonetheless(first, body, known)
    if any(known):
        return True
    return any(_is_foreign(cell, column) for cell, column in zip(first, body, strict=True))


def _without_empty_end(cells: list[str]) -> list[str]:
    """The cells up to the last that holds something: a spreadsheet fills lines up with blanks."""
    end = next((i for i in range(len(cells), 0, -1) if cells[i - 1]), 0)
    return cells[:end]


def _may_be_name(cell: str) -> bool:
    return len(cell) <= _LONGEST_NAME_CHARACTERS and not cell[0].isdigit() and "\n" not in cell


def _is_header_nonetheless(first: list[str], body: list[list[str]], known: list[bool]) -> bool:
    """Whether a line one of whose cells stands below it too names the columns, as the others say.

    A label of data is there often, a name that happens to be a value seldom.
    """
    counts = [column.count(cell) for cell, column in zip(first, body, strict=True)]
    if any(n > max(1, _MOST_NAME_SHARE * len(c)) for n, c in zip(counts, body, strict=True)):
        return False
    others = [i for i, count in enumerate(counts) if not count]
    return any(known[i] or _is_foreign(first[i], body[i]) for i in others)


def _ends_in_years(first: list[str], body: list[list[str]]) -> bool:
    """Whether words are followed by years in order, above values that are no years."""
    names = [cell for cell in first if cell]
    years = [name for name in names if _YEAR.fullmatch(name)]
    words = names[: len(names) - len(years)]
    if len(years) < _FEWEST_YEAR_COLUMNS or not words or any(map(is_number, words)):
        return False
    steps = [int(after) - int(before) for before, after in pairwise(years)]
    below = [cell.strip() for column in body[-len(years) :] for cell in column]
    dated = 2 * sum(_YEAR.fullmatch(cell) is not None for cell in below) > len(below)
    return names[len(words) :] == years and not dated and (min(steps) > 0 or max(steps) < 0)


def _counts(first: list[str], fresh: list[bool], known: list[bool]) -> bool:
    """Whether columns without names are numbered from 0 or 1 on, as pandas and R write them."""
    numbers = [cell for cell in first if is_number(cell)]
    if numbers not in ([str(i + n) for i in range(len(numbers))] for n in (0, 1)):
        return False
    others = [i for i, cell in enumerate(first) if cell and not is_number(cell)]
    if not others:  # the index, which has no name, and columns that are numbered
        return not first[0] and first[1:] == numbers
    return all(fresh[i] and known[i] for i in others)


def _breaks_pattern(cell: str, values: list[str]) -> bool:
    """Whether a cell is a word where nearly all below it are numbers or dates."""
    below = [value.strip() for value in values if value.strip() not in MISSING]
    if not below or not cell or cell in MISSING or is_number(cell):
        return False
    if all(map(is_number, below)):
        return True
    if are_numbers(below):
        return not are_numbers([cell])
    return looks_like_dates(below) and not looks_like_dates([cell])


def _is_foreign(cell: str, column: list[str]) -> bool:
    """Whether a name-like cell stands alone above classes that repeat, or above long texts."""
    below = [value for value in column if value.strip()]
    if len(below) < 4:
        return False
    distinct = set(below)
    if len(distinct) <= 50 and all(below.count(value) > 1 for value in distinct):
        return True
    return median(map(len, below)) > max(30, 3 * len(cell)) and " " not in cell


def names_for(frame: pd.DataFrame) -> list[str]:
    """Names for the columns of a frame without a header, from what the columns hold."""
    kinds = list(describe(frame).values())
    texts = [i for i, kind in enumerate(kinds) if kind is ColumnKind.TEXT]
    classes = [i for i, kind in enumerate(kinds) if is_categorical(frame.iloc[:, i], kind)]
    if not texts:
        # Texts that repeat look like classes: the more varied column, or one of several words.
        words = [i for i in classes if kinds[i] is ColumnKind.CATEGORY]
        several = [i for i in words if frame.iloc[:, i].str.count(r"\S+").mean() >= 2]
        if len(words) == 2:
            texts = [max(words, key=lambda i: frame.iloc[:, i].nunique())]
        elif len(several) == 1:
            texts = several
        classes = [i for i in classes if i not in texts]
    if len(texts) == 1 and len(kinds) == 2 and kinds[1 - texts[0]] is ColumnKind.INTEGER:
        classes = [1 - texts[0]]  # a few rows repeat nothing, and yet it is a label
    names = []
    for i, kind in enumerate(kinds):
        if i in texts:
            names.append("text")
        elif i in classes and texts and len(classes) == 1:
            names.append("label")
        elif kind is ColumnKind.DATE:
            names.append("date")
        elif kind is ColumnKind.IDENTIFIER and len(kinds) > 1:
            names.append("id")
        elif pd.api.types.is_numeric_dtype(frame.iloc[:, i].dtype):
            names.append("value")
        else:
            names.append("category" if kind is ColumnKind.CATEGORY else "column")
    return _numbered(names)


def _numbered(names: list[str]) -> list[str]:
    """Names made different: the first stays as it is where it is a text, else all are numbered."""
    counts = Counter(names)
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        alone = counts[name] == 1 or (name == "text" and seen[name] == 1)
        numbered.append(name if alone else f"{name}{seen[name]}")
    return numbered


def without_repeats(names: list[str]) -> tuple[list[str], list[str]]:
    """A header's names with empty ones filled in and repeated ones numbered, and what was done."""
    result: dict[str, None] = {}  # in order
    next_number: Counter[str] = Counter()
    notes: list[str] = []
    for position, given in enumerate(names):
        name = given.strip() or ("row" if position == 0 else f"column{position + 1}")
        unique = name
        while unique in result:
            next_number[name] += 1
            unique = f"{name}_{next_number[name] + 1}"
        if unique != given.strip():
            notes.append(f'column {position + 1} (named "{given}") is called "{unique}"')
        result[unique] = None
    return list(result), notes
