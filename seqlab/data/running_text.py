"""A long text, read stretch by stretch: memory holds one stretch, however long the text is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from seqlab.data.folders import text_files
from seqlab.data.formats import (
    DELIMITED,
    PARQUET,
    PLAIN,
    RECORDS,
    REFUSED,
    as_path,
    is_binary,
    printable,
    stem,
    suffix,
)
from seqlab.data.opening import opened
from seqlab.data.pieces import in_pieces
from seqlab.data.plain import read_plain
from seqlab.data.readers import FILES, read_special
from seqlab.data.table import Table

STRETCH_CHARACTERS = 1_000_000
NO_TEXT_ENDINGS = {*DELIMITED, *RECORDS, *PARQUET, *REFUSED, *FILES} - set(PLAIN)


def in_stretches(
    source: Any,
    *,
    characters: int = STRETCH_CHARACTERS,
    encoding: str | None = None,
    **reading: Any,
) -> Iterator[Table]:
    """Tables whose `documents` are stretches of texts, in order.

    Their column `ends` says which of them end a text. That is what text files give, plain or
    compressed with xz, gz or bz2, and folders of them. What is short, or turns out to be a table,
    comes as from `in_pieces`.
    """
    path = as_path(source) if isinstance(source, str | Path) else None
    files = [] if path is None or reading.get("delimiter") else _files(path, encoding, characters)
    if not files:
        yield from in_pieces(source, encoding=encoding, **reading)
    for file in files:
        yield from _document(file, encoding, characters)


def _files(path: Path, encoding: str | None, characters: int) -> list[Path]:
    """The files of a long text; none where it is short or no text."""
    if path.is_dir():
        files = text_files(path)
        return files if sum(file.stat().st_size for file in files) > characters else []
    ending = suffix(path.name)
    if not path.is_file() or ending in NO_TEXT_ENDINGS or path.suffix.lower() == ".zip":
        return []
    with path.open("rb") as raw:
        if is_binary(path.name, raw.read(8192)):
            return []
    first = next(_stretches(path, encoding, characters), "")
    if len(first) < characters // 2:
        return []
    origin = printable(path)
    table = read_special(ending, first.encode(), origin) or read_plain(first, origin, None)
    return [path] if table.documents is not None else []


def _document(path: Path, encoding: str | None, characters: int) -> Iterator[Table]:
    """A text file as one document that goes on from table to table."""
    name, held = stem(path.name), None
    for text in _stretches(path, encoding, characters):
        if held is not None:
            yield _stretch(path, name, held, ends=False)
        held = text
    if held is not None:
        yield _stretch(path, name, held, ends=True)


def _stretch(path: Path, name: str, text: str, *, ends: bool) -> Table:
    documents = pd.DataFrame({"name": [name], "text": [text], "ends": [ends]})
    return Table(documents[["text"]], printable(path), documents=documents)


def _stretches(path: Path, encoding: str | None, characters: int) -> Iterator[str]:
    """A file's text with plain line ends, divided after lines, or before blanks in a long line."""
    with opened(path, encoding, newline="") as file:
        yield from _divided(file, characters)


def _divided(file: io.TextIOBase, characters: int) -> Iterator[str]:
    held, returns = "", ""
    while more := file.read(characters):
        more += file.read(1) if more.endswith("\r") else ""
        more = more.replace("\r\n", "\n")
        returns = returns or (" " if "\n" in more else "\n")  # what a lone one stands for
        held += more.replace("\r", returns)
        blank = held.rfind(" ")  # which belongs to the word after it
        end = held.rfind("\n") + 1 or (blank if blank > 0 else len(held))
        yield held[:end]
        held = held[end:]
    if held:
        yield held
