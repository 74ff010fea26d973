"""Where data comes from: a path, a frame, a Hugging Face data set, a name in the catalogue."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from seqlab.data import catalogue
from seqlab.data.class_names import with_class_names
from seqlab.data.delimited import given
from seqlab.data.folders import join_splits, read_folder
from seqlab.data.formats import (
    ACCEPTED,
    DELIMITED,
    PARQUET,
    RECORDS,
    REFUSED,
    as_path,
    decode,
    is_binary,
    printable,
    read_bytes,
    suffix,
)
from seqlab.data.frames import from_memory
from seqlab.data.plain import read_plain
from seqlab.data.plain_cells import with_plain_cells
from seqlab.data.readers import FILES, read_special, read_special_folder
from seqlab.data.records import CHANGED_ATTRIBUTE, read_json, read_json_lines, read_parquet
from seqlab.data.table import Table
from seqlab.data.tabular import read_delimited, select
from seqlab.errors import UserError
from seqlab.progress import doing


def read_table(
    source: Any,
    *,
    delimiter: str | None = None,
    columns: Sequence[str] | None = None,
    encoding: str | None = None,
    known: Sequence[str] = (),
) -> Table:
    """A table from a path, a name in the catalogue, a pandas frame or a Hugging Face data set.

    `columns` selects the columns of data that names them and names those of data that does not.
    `known` are names that columns of such data have: a first line made of them is a header.
    A file or folder goes before a catalogue entry of the same name.
    """
    if isinstance(source, Table):
        return source
    if not isinstance(source, str | Path):
        with doing("reading the data"):
            return _selected(from_memory(source), columns)
    with doing(f"reading {source}"):
        return _named(source, delimiter, columns, encoding, known)


def _named(
    source: str | Path,
    delimiter: str | None,
    columns: Sequence[str] | None,
    encoding: str | None,
    known: Sequence[str],
) -> Table:
    path = as_path(source)
    if path.is_dir():

        def read_file(file: Path) -> Table:
            return _read_file(file, delimiter, columns, encoding, known)

        try:
            special = read_special_folder(path)
            if special is not None:
                return _selected(special, columns)
            return _selected_folder(read_folder(path, read_file, encoding), columns)
        except PermissionError as error:
            origin = printable(path)
            raise UserError(f'"{origin}" cannot be read: {error.strerror}') from error
    if path.exists():
        return _read_file(path, delimiter, columns, encoding, known)
    if catalogue.knows(str(source)):
        return _selected(catalogue.load(str(source)), columns)
    raise _missing(path)


def read_splits(train: Any, valid: Any = None, test: Any = None, **options: Any) -> Table:
    """One table from separate sources, with a column `split`; options as for `read_table`."""
    sources = {"train": train, "valid": valid, "test": test}
    tables = {
        split: read_table(source, **options)
        for split, source in sources.items()
        if source is not None
    }
    if len(tables) == 1:
        return tables["train"]
    return join_splits(tables, tables["train"].origin)


def _read_file(
    path: Path,
    delimiter: str | None,
    columns: Sequence[str] | None,
    encoding: str | None,
    known: Sequence[str] = (),
) -> Table:
    origin = printable(path)
    if suffix(path.name) in REFUSED and suffix(path.name) not in FILES:
        raise _refused(origin, suffix(path.name))
    name, content = read_bytes(path)
    ending = suffix(name)
    special = read_special(ending, content, origin)
    if special is not None:
        return _selected(special, columns)
    if ending in REFUSED:
        raise _refused(origin, ending)
    if ending in PARQUET:
        return recorded(read_parquet(content, origin), path, columns)
    if is_binary(name, content):
        raise _refused(origin, ending)
    text = decode(content, origin, encoding)
    del content  # it may be large
    if ending in RECORDS:
        reader = read_json if ending == ".json" else read_json_lines
        return recorded(reader(text, origin), path, columns)
    if delimiter is not None:
        return read_delimited(text, origin, given(delimiter), columns, known=known)
    if ending in DELIMITED:
        return read_delimited(text, origin, None, columns, DELIMITED[ending], known)
    return read_plain(text, origin, columns, known)


def recorded(frame: pd.DataFrame, path: Path, columns: Sequence[str] | None) -> Table:
    """A table of a file's records, with the names of classes that are stored as numbers."""
    origin, changed = printable(path), frame.attrs.pop(CHANGED_ATTRIBUTE, [])
    frame, notes = with_plain_cells(frame, origin)
    frame, replaced = with_class_names(frame, path)
    return Table(select(frame, columns or (), origin), origin, (*changed, *notes, *replaced))


def _selected(table: Table, columns: Sequence[str] | None) -> Table:
    if not columns:
        return table
    return replace(table, frame=select(table.frame, columns, table.origin))


def _selected_folder(table: Table, columns: Sequence[str] | None) -> Table:
    """Files in a folder have their columns chosen as they are read; only lines have not."""
    held = set(table.frame.columns) - {"split"}
    return table if not columns or held == set(columns) else _selected(table, columns)


def _refused(origin: str, ending: str) -> UserError:
    hint = REFUSED.get(ending, "")
    return UserError(
        f'"{origin}": unknown format "{ending or "none"}"',
        f"expected {ACCEPTED}" + (f"; {hint}" if hint else ""),
    )


def _missing(path: Path) -> UserError:
    folder = path.parent
    siblings = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    near = difflib.get_close_matches(path.name, [*siblings, *catalogue.names()], n=1, cutoff=0.6)
    suggestion = f'; did you mean "{near[0]}"?' if near else ""
    return UserError(
        f'no file or folder "{path}"{suggestion}',
        "embedded data sets that need no file: " + ", ".join(catalogue.names()),
    )
