"""Delimited text to a table: delimiter, header, types, and names where there are none."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from seqlab.data.cells import column, notes_of
from seqlab.data.delimited import DelimitedRows, delimiter_name, rectangular, sniff, split_rows
from seqlab.data.header import has_header, names_for, without_repeats
from seqlab.data.moments.pointed import pointed_moments
from seqlab.data.split_spec import SPLIT_NAMES
from seqlab.data.surroundings import delimiter_of, merged_headers, trimmed
from seqlab.data.table import Table
from seqlab.errors import UserError, unknown

_DECLARED = re.compile(r"sep=(.)\n")
_NOTHING = "\x1f"  # stands between units and never in a text: each line is one cell


def read_delimited(
    text: str,
    origin: str,
    delimiter: str | None,
    columns: Sequence[str] | None,
    usual: str = ",",
    known: Sequence[str] = (),
) -> Table:
    """A table from delimited text; `delimiter` is the user's own choice, `usual` the format's.

    `known` are names that such data's columns have: a first line made of them is a header.
    """
    declared = _DECLARED.match(text)  # a spreadsheet's way to name the delimiter
    if declared:
        text, delimiter = text[declared.end() :], delimiter or declared[1]
    chosen = delimiter or delimiter_of(text, usual)
    # In a table of one column a blank line is a row, and its prediction is waited for.
    rows = split_rows(text, chosen or _NOTHING, blank=chosen is None)
    if delimiter is not None and rows.width() == 1:
        other = sniff(text, usual)
        held = f"; the lines look divided by a {delimiter_name(other)}" if other else ""
        raise UserError(
            f'"{origin}": --delimiter {delimiter_name(delimiter)} finds one column only{held}',
            "leave --delimiter out to have it found, or name another",
        )
    notes = []
    if delimiter is None and chosen not in (None, usual):
        notes.append(f"delimiter: {delimiter_name(str(chosen))}")
    rows, around = trimmed(rows, origin)
    rows, ragged = rectangular(rows, chosen or usual, origin)
    notes += around + ragged
    return table_of(rows, origin, columns, notes, decimal_comma=chosen == ";", known=known)


def table_of(
    rows: DelimitedRows,
    origin: str,
    columns: Sequence[str] | None,
    notes: list[str],
    *,
    decimal_comma: bool = False,
    known: Sequence[str] = (),
) -> Table:
    """A table from rows of one width: the header found or names given to columns without one."""
    rows, merged = merged_headers(rows)
    notes = [*notes, *merged]
    names = [cell.strip() for cell in rows.cells[0]]
    wanted = list(columns or [])
    header = bool(merged) or has_header(rows.cells) or (bool(wanted) and set(wanted) <= set(names))
    called = {name.casefold() for name in names if name}
    header = header or (bool(called) and called <= {name.casefold() for name in known})
    if header:
        rows, repeated = _without_headers_again(rows, origin)
        notes += repeated
    cells = rows.cells[1:] if header else rows.cells
    if not cells:
        raise UserError(
            f'"{origin}" holds a header ({", ".join(names[:8])}) and no rows',
            "expected at least one row of data",
        )
    named_columns = zip(names, zip(*cells, strict=True), strict=True)
    read = [
        pointed_moments(values, name if header else "")
        or column(values, decimal_comma=decimal_comma)
        for name, values in named_columns
    ]
    frame = pd.DataFrame({position: cells.values for position, cells in enumerate(read)})
    unique, renamed = without_repeats(names) if header else (names_for(frame), [])
    frame.columns = pd.Index(unique)
    choose = _with_header if header else _without_header
    frame, chosen = choose(frame, wanted, origin)
    by_name = dict(zip(wanted if len(wanted) == len(unique) else unique, read, strict=True))
    said = notes_of({name: by_name[name] for name in frame.columns if name in by_name}, origin)
    return Table(frame, origin, (*notes, *renamed, *chosen, *said), header=header)


def _without_headers_again(rows: DelimitedRows, origin: str) -> tuple[DelimitedRows, list[str]]:
    """Rows without those that repeat the header, as files that were put one after another have."""
    first = rows.cells[0]
    again = [i for i, row in enumerate(rows.cells) if i and row == first] if len(first) > 1 else []
    if not again or not all(cell.strip() for cell in first):
        return rows, []
    lines = ", ".join(str(rows.lines[i]) for i in again[:3])
    more = f" and {len(again) - 3:,} more" if len(again) > 3 else ""
    kept = sorted(set(range(len(rows.cells))) - set(again))
    note = f'"{origin}": left out, for it is the header again: line {lines}{more}'
    return DelimitedRows([rows.cells[i] for i in kept], [rows.lines[i] for i in kept]), [note]


def _with_header(
    frame: pd.DataFrame, wanted: list[str], origin: str
) -> tuple[pd.DataFrame, list[str]]:
    if wanted and not set(wanted) & set(frame.columns) and len(wanted) == frame.shape[1]:
        held = ", ".join(frame.columns)
        return frame.set_axis(wanted, axis=1), [
            f"the header ({held}) is replaced by --columns {','.join(wanted)}"
        ]
    return select(frame, wanted, origin), []


def _without_header(
    frame: pd.DataFrame, wanted: list[str], origin: str
) -> tuple[pd.DataFrame, list[str]]:
    names = [str(name) for name in frame.columns]
    if not wanted:
        listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        return frame, [f"no header found; columns named {listed} from what they hold"]
    if set(wanted) <= set(names):
        return frame[wanted], ["no header found"]
    if len(wanted) == len(names):
        return frame.set_axis(wanted, axis=1), ["no header found; columns named by --columns"]
    raise UserError(
        f'"{origin}" has no header and {len(names)} columns; --columns names {len(wanted)}'
        f" ({', '.join(wanted)})",
        f"name all {len(names)}, in the file's order",
    )


def select(frame: pd.DataFrame, wanted: Sequence[str], origin: str) -> pd.DataFrame:
    """The named columns of a frame, in that order; all of them where none are named.

    A column that says which part each row belongs to stays: given parts are honoured.
    """
    for name in wanted:
        if name not in frame.columns:
            error = unknown("column", name, [str(held) for held in frame.columns])
            raise UserError(f'"{origin}", --columns: {error.message}', error.hint)
    if not wanted:
        return frame
    kept = [*wanted, *(["split"] if "split" in frame.columns and names_parts(frame) else [])]
    return frame[list(dict.fromkeys(kept))]


def names_parts(frame: pd.DataFrame) -> bool:
    """Whether a frame's column `split` holds names of parts, such as train and dev."""
    given = {str(name).strip().lower() for name in frame["split"].dropna()}
    return len(given) > 0 and given <= set(SPLIT_NAMES)
