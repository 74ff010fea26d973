"""A long file of rows, read piece by piece: memory holds one piece, however long the file is."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import IO, Any

from seqlab.data.delimited import given
from seqlab.data.formats import DELIMITED, PARQUET, as_path, printable, suffix
from seqlab.data.opening import opened
from seqlab.data.readers import read_special
from seqlab.data.records import read_json_lines
from seqlab.data.shards import parquet_pieces
from seqlab.data.sources import read_table, recorded
from seqlab.data.table import Table
from seqlab.data.tabular import read_delimited

LINE_FORMATS = (".jsonl", ".ndjson")
SENTENCES = (".conll", ".conllu", ".bio", ".iob", ".iob2", ".bioes")
PIECE_CHARACTERS = 32_000_000
PACKED = 10  # times smaller than its values a file of Parquet may well be
MOST_QUOTED_LINES = 10_000  # that a cell may reach over; more, and a quote is just a character


def in_pieces(
    source: Any,
    *,
    delimiter: str | None = None,
    columns: Sequence[str] | None = None,
    encoding: str | None = None,
    characters: int = PIECE_CHARACTERS,
    known: Sequence[str] = (),
) -> Iterator[Table]:
    """The tables of a file's rows, in order; one table for what cannot be divided by lines.

    CSV, TSV and JSON lines are divided, plain or compressed with xz, gz or bz2; the first piece
    tells header and delimiter for all. So are Parquet files, and sentences in CoNLL's layout.
    """
    told: dict[str, Any] = {"columns": columns, "encoding": encoding, "known": known}
    path = as_path(source) if isinstance(source, str | Path) else None
    ending = suffix(path.name) if path is not None else ""
    if path is not None and ending in PARQUET and _is_long(path, characters // PACKED):
        yield from parquet_pieces(path, columns, characters)
        return
    if path is not None and ending in SENTENCES and _is_long(path, characters):
        yield from _sentences(path, ending, encoding, characters)
        return
    lines = ending in (*DELIMITED, *LINE_FORMATS) and path is not None and path.is_file()
    if path is None or not lines or path.suffix.lower() == ".zip":
        yield read_table(source, delimiter=delimiter, **told)
        return
    texts = _texts(path, encoding, characters, whole=ending in LINE_FORMATS)
    first = next(texts, "")
    if len(first) < characters:  # a short file is read as any other
        texts.close()
        yield read_table(path, delimiter=delimiter, **told)
        return
    origin = printable(path)
    if ending in LINE_FORMATS:
        for text in chain([first], texts):
            yield recorded(read_json_lines(text, origin), path, columns)
        return
    chosen = given(delimiter) if delimiter is not None else None
    table = read_delimited(first, origin, chosen, columns, DELIMITED[ending], known)
    yield table
    head = first[: first.index("\n") + 1] if table.header else ""
    names = columns or ([] if table.header else [str(name) for name in table.frame.columns])
    for text in texts:
        piece = read_delimited(head + text, origin, chosen, names, DELIMITED[ending])
        yield replace(piece, notes=())


def _is_long(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size >= size


def _sentences(path: Path, ending: str, encoding: str | None, characters: int) -> Iterator[Table]:
    """A file of sentences with blank lines between them, some sentences at a time."""
    held: list[str] = []
    size, begun = 0, 1

    def table() -> Table:
        where = printable(path) if begun == 1 else f"{printable(path)}, from line {begun:,} on,"
        read = read_special(ending, "".join(held).encode(), where)
        assert read is not None, f"{ending} has no other reader"
        return read if begun == 1 else replace(read, notes=())

    with opened(path, encoding) as text:
        for number, line in enumerate(text, start=1):
            held.append(line)
            size += len(line)
            if size >= characters and not line.strip():
                yield table()
                held, size, begun = [], 0, number + 1
    if any(line.strip() for line in held):
        yield table()


def _texts(
    path: Path, encoding: str | None, characters: int, *, whole: bool
) -> Generator[str, None, None]:
    """Stretches of whole records, `characters` long or a little more; `whole`: each line is one."""
    with opened(path, encoding) as text:
        yield from _stretches(text, characters, whole=whole)


def _stretches(lines: IO[str], characters: int, *, whole: bool) -> Iterator[str]:
    """Lines until there are enough characters, and until no quoted cell is open."""
    held: list[str] = []
    size, quotes, beyond = 0, 0, 0
    for line in lines:
        held.append(line)
        size += len(line)
        quotes += line.count('"')
        if size < characters:
            continue
        beyond += 1
        if whole or quotes % 2 == 0 or beyond > MOST_QUOTED_LINES:
            yield "".join(held)
            held, size, quotes, beyond = [], 0, 0, 0
    if held:
        yield "".join(held)
