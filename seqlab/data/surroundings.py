"""What stands around the rows of a table: a preamble, more lines of headers, units, a footer.

    Monthly report            before the header: left out
    date;temp;rain;;          empty columns at line ends: left out
    ;°C;mm;;                  a row of units: left out; further names: joined where needed
    2020-01-01;5.1;0;;
    Source: made up           a footer: left out

Whatever is left out is named with its line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seqlab.data.cells import are_numbers
from seqlab.data.delimited import DELIMITERS, MISSING, DelimitedRows, is_number, sniff, split_rows
from seqlab.data.header import has_header
from seqlab.data.moments.forms import looks_like_dates

MOST_PREAMBLE_LINES = 30  # lines of a preamble or footer
MOST_HEADER_LINES = 3  # lines of names or units under the first
_SAMPLED_ROWS = 500  # rows that tell what a column holds
_FEWEST_ROWS = 5  # rows of a table below which nothing is judged by its pattern
_MOST_COLUMNS = 50  # columns that tell; a table with more lines of names than one is seldom wider
_SHOWN_CHARACTERS = 40
_COUNTED = re.compile(r"\(?[\d,.]+ (?:rows?|records?|results?)\b.*", re.IGNORECASE)
_BEGINNING_CHARACTERS = (
    100_000  # characters that tell whether the first line is divided as those below it
)


@dataclass(frozen=True)
class Kinds:
    """Which columns hold numbers and which dates, judged by rows that are surely data."""

    numbers: tuple[int, ...]
    dates: tuple[int, ...]


def delimiter_of(text: str, usual: str) -> str | None:
    """The delimiter of a table, also where lines around it have none; None for one column."""
    chosen = sniff(text, usual)
    if chosen is not None:
        begin = text.lstrip("\n")[:_BEGINNING_CHARACTERS]
        if chosen in begin.partition("\n")[0]:
            return chosen
        if trimmed(split_rows(begin.rpartition("\n")[0], chosen), "")[0].odd() is None:
            return chosen
    for delimiter in sorted((d for d in DELIMITERS if d in text), key=lambda d: d != usual):
        rows = split_rows(text, delimiter)
        inner, notes = trimmed(rows, "")
        if notes and len(inner.cells) >= _FEWEST_ROWS and inner.width() > 1 and inner.odd() is None:
            return delimiter
    return None


def trimmed(rows: DelimitedRows, origin: str) -> tuple[DelimitedRows, list[str]]:
    """The rows of a table alone, and what was left out around them."""
    rows, notes = _without_empty_ends(rows)
    width = rows.width()
    if width < 2 or len(rows.cells) < _FEWEST_ROWS:
        return rows, notes
    first, last = _first(rows, width), _last(rows, width)
    outside = [*range(first), *range(last, len(rows.cells))]
    if outside:
        listed = [f'line {rows.lines[i]} "{_shown(rows.cells[i])}"' for i in outside[:3]]
        more = f" and {len(outside) - 3} more" if len(outside) > 3 else ""
        notes.append(f'"{origin}": left out, for it is no row: {"; ".join(listed)}{more}')
        rows = DelimitedRows(rows.cells[first:last], rows.lines[first:last])
    if rows.cells and len(rows.cells[0]) == width - 1 and rows.odd() == 0:
        named = _names_rows([row[0] for row in rows.cells[1:]])  # as R writes names of rows
        if width == 2 and not named:  # sentences of one column that hold a comma each
            return rows, notes
        names = ["", *rows.cells[0]] if named else [*rows.cells[0], ""]
        cells = [names, *rows.cells[1:]]
        if _others_fit(cells, width) and has_header(cells):
            notes.append(f"the {'first' if named else 'last'} column has no name")
            rows = DelimitedRows(cells, rows.lines)
    return rows, notes


def _names_rows(cells: Sequence[str]) -> bool:
    """Whether a column's cells are numbers, dates or words of their own for each row."""
    some = [cell.strip() for cell in cells[:_SAMPLED_ROWS]]
    return len(set(some)) == len(some) and not any(" " in cell and "-" not in cell for cell in some)


def merged_headers(rows: DelimitedRows) -> tuple[DelimitedRows, list[str]]:
    """Several lines of names or units as one line of names."""
    width = len(rows.cells[0])
    if not 1 < width <= _MOST_COLUMNS or len(rows.cells) < _FEWEST_ROWS + MOST_HEADER_LINES:
        return rows, []
    kinds = _kinds(rows.cells[1 + MOST_HEADER_LINES :], width)
    count = 1
    while count <= MOST_HEADER_LINES and _names_things(rows.cells[count], kinds):
        count += 1
    if count == 1 or any(is_number(rows.cells[0][i]) for i in kinds.numbers):
        return rows, []
    levels = rows.cells[:count]
    names = _joined(levels, kinds)
    under = [f'line {rows.lines[i]} "{_shown(rows.cells[i])}"' for i in range(1, count)]
    note = f"under the header, read as names or units: {'; '.join(under)}"
    return DelimitedRows([names, *rows.cells[count:]], [rows.lines[0], *rows.lines[count:]]), [note]


def _without_empty_ends(rows: DelimitedRows) -> tuple[DelimitedRows, list[str]]:
    """Without the columns at the ends of lines in which nothing stands."""
    widest = max(map(len, rows.cells), default=0)
    filled = 0
    for row in rows.cells:
        if len(row) > filled:
            filled = max(
                filled, next((i for i in range(len(row), filled, -1) if row[i - 1].strip()), 0)
            )
        if filled == widest:
            return rows, []
    if filled == 0:
        return rows, []
    notes = [f"empty columns at the ends of lines left out: {widest - filled}"]
    return DelimitedRows([row[:filled] for row in rows.cells], rows.lines), notes


def _first(rows: DelimitedRows, width: int) -> int:
    """Where the table begins: a header after lines that are narrower or hold one cell."""
    # A full line is a better header than one with blanks, which a preamble may have too.
    for fewest in (width, 2):
        head = enumerate(rows.cells[:MOST_PREAMBLE_LINES])
        start = next((i for i, row in head if len(row) == width and _count(row) >= fewest), 0)
        following = rows.cells[start : start + _SAMPLED_ROWS]
        following = [row for row in following if len(row) == width]
        if start and len(following) > 2 and has_header(following):
            return start
    return 0


def _last(rows: DelimitedRows, width: int) -> int:
    """Where the table ends: before lines whose cells are not what their columns hold."""
    kinds = _kinds([row for row in rows.cells[1:_SAMPLED_ROWS] if len(row) == width], width)
    end = len(rows.cells)
    while end > max(_FEWEST_ROWS, len(rows.cells) - MOST_PREAMBLE_LINES) and _ends(
        rows, end - 1, width, kinds
    ):
        end -= 1
    while _FEWEST_ROWS < end < len(rows.cells) and not _count(rows.cells[end - 1]):
        end -= 1  # a blank line above a footer
    return end


def _ends(rows: DelimitedRows, row: int, width: int, kinds: Kinds) -> bool:
    cells = rows.cells[row]
    first = cells[0].strip()
    if kinds.dates and kinds.dates[0] == 0 and first and first not in MISSING:
        return not looks_like_dates([first])
    if len(cells) == width and _count(cells) > 1:
        return False
    if kinds.numbers and kinds.numbers[0] == 0:
        return bool(first) and not is_number(first)
    if len(cells) == 1 and width > 1 and _COUNTED.fullmatch(first):
        return True
    apart = row > 0 and rows.lines[row] - rows.lines[row - 1] > 1
    narrower = len(cells) < width or bool(kinds.numbers or kinds.dates)
    return apart and _count(cells) <= 1 and narrower


def _others_fit(cells: Sequence[list[str]], width: int) -> bool:
    return all(len(row) == width for row in cells)


def _kinds(cells: Sequence[list[str]], width: int) -> Kinds:
    sample = [row for row in cells[:_SAMPLED_ROWS] if len(row) == width]
    numbers, dates = [], []
    for place in range(min(width, _MOST_COLUMNS) if len(sample) >= _FEWEST_ROWS - 1 else 0):
        values = [row[place].strip() for row in sample]
        known = [value for value in values if value not in MISSING]
        if len(known) < 2:
            continue
        if looks_like_dates(known):
            dates.append(place)
        elif are_numbers(values):
            numbers.append(place)
    return Kinds(tuple(numbers), tuple(dates))


def _names_things(row: Sequence[str], kinds: Kinds) -> bool:
    """Whether a line under the header holds words in every column of numbers, or names an index."""
    cells = [cell.strip() for cell in row]
    measured = [cells[place] for place in kinds.numbers]
    moments = [cells[place] for place in kinds.dates]
    if not measured or any(cell and (cell in MISSING or is_number(cell)) for cell in measured):
        return False
    if any(cell and looks_like_dates([cell]) for cell in moments):
        return False
    if any(are_numbers([cell]) for cell in measured if cell):
        return False
    words = any(measured) and (len(measured) > 1 or bool(moments))
    return words or (not any(measured) and any(moments))


def _joined(levels: Sequence[list[str]], kinds: Kinds) -> list[str]:
    """One name a column: the first line's where they tell columns apart, else all that differ."""
    lines = [[cell.strip() for cell in level] for level in levels]
    index = next(
        (line for line in reversed(lines) if not any(line[i] for i in kinds.numbers)), None
    )
    top = [lines[0][i] for i in kinds.numbers]
    if len(set(top)) == len(top) and all(top):
        names = list(lines[0])
    else:
        filled = list(lines[0])
        for place in range(1, len(filled)):  # a merged cell of a spreadsheet stands over several
            if not filled[place] and place in kinds.numbers:
                filled[place] = filled[place - 1]
        telling = [
            line for line in (filled, *lines[1:]) if len({line[i] for i in kinds.numbers}) > 1
        ]
        names = [
            " ".join(line[place] for line in telling if line[place]) for place in range(len(filled))
        ]
    if index is not None:
        names = [
            index[i] if index[i] and i not in kinds.numbers else n for i, n in enumerate(names)
        ]
    return names


def _count(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _shown(row: Sequence[str]) -> str:
    text = ", ".join(cell.strip() for cell in row if cell.strip())
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
