"""Text to rows of cells: which delimiter, whether quotes quote, and rows that do not fit.

Quotes are the trap. In many tab-separated sets a lone `"` is just a character, and a parser that
takes it for the start of a quoted field swallows the lines up to the next one. So quotes count as
quoting only where every quoted field is well formed, and the rows say which reading fits.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seqlab.errors import UserError

DELIMITERS = (",", "\t", ";", "|")
DELIMITER_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar", " ": "space"}
# Marks of missing values that are no words; those of spreadsheets for what cannot be computed too.
_SYMBOLS = ". .. - -- --- – — ? … #DIV/0! #VALUE! #REF! #NAME? #NUM! #NULL!"
MARKS = frozenset(_SYMBOLS.split())
_WORDS = "NA N/A #N/A N.A. NaN -NaN <NA> NaT null (null) None nil \\N"
MISSING = MARKS.union(
    ("", "#N/A N/A"), *((word, word.lower(), word.upper(), word.title()) for word in _WORDS.split())
)
NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|Inf|infinity|Infinity)")
_SAMPLE_CHARACTERS = 200_000


@dataclass(frozen=True)
class DelimitedRows:
    """Cells by row, and the line of the file on which each row ends."""

    cells: list[list[str]]
    lines: list[int]

    def odd(self) -> int | None:
        """The first row whose width is not the most common one, if any."""
        if not self.cells:
            return None
        width = self.width()
        return next((i for i, row in enumerate(self.cells) if len(row) != width), None)

    def width(self) -> int:
        """The most common number of cells in a row."""
        return Counter(map(len, self.cells)).most_common(1)[0][0]

    def fit(self) -> float:
        """The share of rows that have the most common width; 0 where that is one column."""
        width = self.width()
        return sum(len(row) == width for row in self.cells) / len(self.cells) if width > 1 else 0.0


def is_number(cell: str) -> bool:
    """Whether a cell is a number as written in a file (a missing value is not)."""
    return NUMBER.fullmatch(cell.strip()) is not None


def delimiter_name(delimiter: str) -> str:
    """A delimiter in words for messages."""
    return DELIMITER_NAMES.get(delimiter, f'"{delimiter}"')


def given(delimiter: str) -> str:
    """What a user wrote after --delimiter, as one character."""
    words = {name: character for character, name in DELIMITER_NAMES.items()} | {"\\t": "\t"}
    character = words.get(delimiter, delimiter)
    if len(character) != 1:
        raise UserError(
            f'--delimiter: expected one character, got "{delimiter}"',
            "accepted: any character, or one of " + ", ".join(DELIMITER_NAMES.values()),
        )
    return character


def split_rows(text: str, delimiter: str, *, blank: bool = False) -> DelimitedRows:
    """Rows under the reading of quotes that fits best; `blank`: blank lines inside are rows."""
    if '"' not in text:
        return _unquoted(text, delimiter, blank)
    strict = _quoted(text, delimiter, blank, strict=True)
    whole = strict is not None and strict.odd() is None
    if strict is not None and whole and delimiter != "\t":
        return strict
    plain = _unquoted(text, delimiter, blank)
    if strict is not None and whole:
        # A lone quote in one line and another further down would merge the lines in between.
        merged = len(strict.cells) < len(plain.cells)
        if not (merged and plain.odd() is None):
            return strict
    if plain.odd() is None:
        return plain
    readings = (strict, plain, _quoted(text, delimiter, blank, strict=False))
    return max((rows for rows in readings if rows is not None), key=DelimitedRows.fit)


def _unquoted(text: str, delimiter: str, blank: bool) -> DelimitedRows:
    lines = text.split("\n")
    kept = [number for number, line in enumerate(lines) if line.strip("\n ")]
    if blank and kept:
        kept = list(range(kept[0], kept[-1] + 1))
    return DelimitedRows([lines[i].split(delimiter) for i in kept], [i + 1 for i in kept])


def _quoted(text: str, delimiter: str, blank: bool, *, strict: bool) -> DelimitedRows | None:
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=strict)
    cells: list[list[str]] = []
    lines: list[int] = []
    end = 0  # rows up to the last that is no blank line
    try:
        for row in reader:
            filled = len(row) > 1 or bool(row and row[0].strip())
            if filled or (blank and (row or cells)):
                cells.append(row or [""])
                lines.append(reader.line_num)
            if filled or (blank and row):  # an empty cell in quotes is a row
                end = len(cells)
    except csv.Error:
        return None
    return DelimitedRows(cells[:end], lines[:end])


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends, one at a time: a stream of a text takes four bytes a character."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def sniff(text: str, preferred: str = ",") -> str | None:
    """The delimiter under which a sample's rows have the same width, or None for one column."""
    sample = _sample(text)
    order = sorted(DELIMITERS, key=lambda delimiter: delimiter != preferred)
    fits = {d: split_rows(sample, d).fit() for d in order if d in sample}
    if not fits:
        return None
    best = max(fits, key=lambda delimiter: fits[delimiter])
    if fits[best] >= 0.95:
        return best
    # Rows that do not fit are an error only where nearly every line holds the delimiter;
    # lines of prose hold a comma now and then.
    lines = [line for line in sample.split("\n") if line.strip()]
    for delimiter in order:
        holding = sum(delimiter in line for line in lines)
        if delimiter in lines[0] and holding >= 0.8 * len(lines):
            return delimiter
    return None


def _sample(text: str) -> str:
    if len(text) <= _SAMPLE_CHARACTERS:
        return text
    return text[:_SAMPLE_CHARACTERS].rpartition("\n")[0] or text


def rectangular(
    rows: DelimitedRows, delimiter: str, origin: str
) -> tuple[DelimitedRows, list[str]]:
    """Rows of one width, or the error that names the first line that does not fit.

    Series of different lengths, one a row, are the exception: they are padded, and a note says so.
    """
    odd = rows.odd()
    if odd is None:
        return rows, []
    width = max(map(len, rows.cells))
    if _is_ragged_series(rows.cells):
        padded = [row + [""] * (width - len(row)) for row in rows.cells]
        note = f"rows of different lengths, up to {width} cells: read as one series a row"
        return DelimitedRows(padded, rows.lines), [note]
    if odd == 0 and all(len(row) == rows.width() for row in rows.cells[1:]):
        raise UserError(
            f'"{origin}" line {rows.lines[0]} names {len(rows.cells[0])} columns, and every line'
            f" below has {rows.width()} fields (delimiter: {delimiter_name(delimiter)})",
            "write a name for each field, and no more",
        )
    raise UserError(
        f'"{origin}" line {rows.lines[odd]} has {len(rows.cells[odd])} fields where most lines'
        f" have {rows.width()} (delimiter: {delimiter_name(delimiter)})",
        "take the line out if it is no row; else put texts that hold a"
        f" {delimiter_name(delimiter)} in double quotes, or name the right delimiter with"
        " --delimiter",
    )


def _is_ragged_series(cells: Iterable[list[str]]) -> bool:
    rows = [row[1:] for row in cells]
    if len(rows) < 2 or sum(map(len, rows)) < 4 * len(rows):
        return False
    return all(cell in MISSING or is_number(cell) for row in rows[1:] for cell in row)
