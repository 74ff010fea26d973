"""Text files without a telling name: a table if one shows, else labelled lines, else lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

import pandas as pd

from seqlab.data.delimited import DELIMITERS, MISSING, DelimitedRows, is_number, split_rows
from seqlab.data.formats import stem
from seqlab.data.header import has_header
from seqlab.data.surroundings import trimmed
from seqlab.data.table import Table
from seqlab.data.tabular import read_delimited, select, table_of
from seqlab.errors import UserError

_MARKED = re.compile(r"__label__((?:(?!__label__)\S)+)")  # fastText's way to write a label
_ENDS = re.compile(r"^(?:__label__\S+\s+)+|(?:\s+__label__\S+)+$")
_CLASS = re.compile(r"[A-Z][A-Z0-9_]*(?::\w+)?|\w+:\w+|-?\d{1,4}")
_LOOKED_AT_CHARACTERS = 2000  # of a line, that tell whether it may be one of numbers
_MOST_HEADER_LINES = 2  # lines of names and units above numbers
_LABELS = ("label", "text")


def read_plain(
    text: str, origin: str, columns: Sequence[str] | None, known: Sequence[str] = ()
) -> Table:
    """A table from a text file whose name does not tell what it holds."""
    delimiter = _delimiter(text)
    if delimiter is not None:
        return read_delimited(text, origin, delimiter, columns, known=known)
    lines = [line.rstrip() for line in text.rstrip().split("\n")]
    numbers = [number for number, line in enumerate(lines, 1) if line]
    words = [line for line in lines if line]
    spaced = _spaced(words, numbers)
    if spaced is not None:
        return table_of(spaced[0], origin, columns, ["delimiter: space", *spaced[1]])
    pairs = [line.split(maxsplit=1) for line in words]
    if _labels_first(pairs):
        return _labelled(pairs, numbers, origin, columns)
    first = next((place for place, line in enumerate(lines) if line), 0)
    titled = lines[first].casefold() in {name.casefold() for name in known}
    if titled and not columns and len(lines) > first + 1:
        columns, lines = [lines[first]], lines[first + 1 :]
    named = list(columns or ["text"])
    if len(named) > 1:
        raise UserError(
            f'"{origin}" has one text a line; --columns names {len(named)} ({", ".join(named)})',
            "if the lines are divided in some way, name it with --delimiter",
        )
    # A blank line is a row, for a prediction is waited for in its place.
    before = len(text.rstrip().split("\n")) - len(lines)  # lines above the first row
    rows = DelimitedRows(
        [named, *([line] for line in lines)], list(range(before, before + len(lines) + 1))
    )
    documents = pd.DataFrame({"name": [stem(PurePath(origin).name)], "text": [text]})
    return replace(table_of(rows, origin, named, ["each line is a text"]), documents=documents)


def _delimiter(text: str) -> str | None:
    """A delimiter that divides every line alike and leaves more than prose with commas."""
    divided = {mark: split_rows(text, mark) for mark in DELIMITERS if mark in text}
    # A mark that divides every line goes before one that stands in the cells below the header.
    order = sorted(divided, key=lambda mark: (mark != "\t", divided[mark].fit() < 1.0))
    for delimiter in order:
        rows, _ = trimmed(divided[delimiter], "")
        if delimiter == "\t" and rows.fit() >= 0.95:
            return delimiter
        if rows.fit() == 1.0 and (has_header(rows.cells) or all(map(is_number, rows.cells[-1]))):
            return delimiter
    return None


def _spaced(lines: list[str], numbers: list[int]) -> tuple[DelimitedRows, list[str]] | None:
    """Rows of numbers with spaces between them, with or without names above; None: other lines.

    What was left out is said too.

    In tables of weather and of oceans a # stands before the names, and perhaps the units.
    """
    if not any(map(_begins_with_numbers, lines[: _MOST_HEADER_LINES + 1])):
        return None
    rows = [line.lstrip("#").split() if line.startswith("#") else line.split() for line in lines]
    first = next((i for i, row in enumerate(rows) if _are_numbers(row)), len(rows))
    body = rows[first:]
    if not body or first > _MOST_HEADER_LINES or not all(map(_are_numbers, body)):
        return None
    if first == 0:
        return DelimitedRows(rows, numbers), []
    width = len(body[0])
    if width < 2 or any(len(row) != width for row in rows) or len(body) <= first:
        return None
    notes = [f'left out as units: line {numbers[i]} "{lines[i]}"' for i in range(1, first)]
    return DelimitedRows([rows[0], *body], [numbers[0], *numbers[first:]]), notes


def _begins_with_numbers(line: str) -> bool:
    """Told from its beginning: divided into words, a line of 200 MB takes gigabytes."""
    cells = line[:_LOOKED_AT_CHARACTERS].split()
    return _are_numbers(cells[:-1] if len(line) > _LOOKED_AT_CHARACTERS else cells)


def _are_numbers(cells: list[str]) -> bool:
    return all(is_number(c) or c in MISSING for c in cells) and any(map(is_number, cells))


def _labels_first(pairs: list[list[str]]) -> bool:
    """Whether every line starts with one of a few labels, as in TREC (`LABEL:sub text`)."""
    if len(pairs) < 4 or any(len(pair) < 2 for pair in pairs):
        return False
    if _are_marked(pairs):
        return True
    labels = [pair[0] for pair in pairs]
    few = len(set(labels)) <= max(2, 0.1 * len(labels))
    return few and all(map(_CLASS.fullmatch, labels))


def _are_marked(pairs: list[list[str]]) -> bool:
    """Whether most lines have labels of fastText, before their text or after it."""
    return sum(_ENDS.search(" ".join(pair)) is not None for pair in pairs) > len(pairs) / 2


def _marked(pair: list[str]) -> tuple[list[str], str]:
    """The labels with which a line of fastText begins or ends, and its text."""
    words = " ".join(pair)
    labels: list[str] = []
    for word in _ENDS.findall(words):
        labels += [label.strip(",;") for label in _MARKED.findall(word)]
    return labels, _ENDS.sub("", words).strip()


def _labelled(
    pairs: list[list[str]], numbers: list[int], origin: str, columns: Sequence[str] | None
) -> Table:
    notes = ["each line is a label, a space and a text; columns named label, text"]
    blank = numbers[-1] - numbers[0] + 1 - len(numbers)
    if blank:
        notes.append(f"blank lines, which have no label, left out: {blank:,}")
    marked = [_marked(pair) for pair in pairs] if _are_marked(pairs) else []
    if any(len(labels) > 1 for labels, _ in marked):
        notes.append("several labels in some lines: a list of labels in every row")
        frame = pd.DataFrame({"label": [list(labels) for labels, _ in marked]}, dtype=object)
        frame["text"] = [text for _, text in marked]
        return Table(select(frame, columns or (), origin), origin, tuple(notes), header=False)
    labels, texts = ([pair[place] for pair in pairs] for place in (0, 1))
    if marked:
        labels, texts = (
            [labels[0] if labels else "" for labels, _ in marked],
            [t for _, t in marked],
        )
    names = list(_LABELS)
    cells = [list(row) for row in zip(labels, texts, strict=True)]
    if all(":" in label for label in labels):
        coarse = [label.partition(":")[0] for label in labels]
        if len(set(coarse)) > 1:
            cells = [list(row) for row in zip(coarse, texts, labels, strict=True)]
            names = ["label", "text", "label_full"]
            notes = [
                f'each line is a label, a space and a text; labels such as "{labels[0]}" are'
                " divided: label is the part before the colon"
                " (all of it: --columns text,label_full)"
            ]
    wanted = list(columns or [])
    if len(wanted) == 2 and not set(wanted) & set(names):
        cells = [row[:2] for row in cells]
        names = wanted
    table = table_of(DelimitedRows([names, *cells], [0, *numbers]), origin, wanted or names, notes)
    return Table(table.frame, origin, table.notes, header=False)
