"""Where data comes from: a path, a frame, a Hugging Face data set, a name in the catalogue."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from seqlab.data import catalogue
from seqlab.data.delimited import given
from seqlab.data.folders import join_splits, read_folder
from seqlab.data.formats import (
    ACCEPTED,
    DELIMITED,
    PARQUET,
    RECORDS,
    REFUSED,
    decode,
    read_bytes,
    suffix,
)
from seqlab.data.plain import read_plain
from seqlab.data.records import read_json, read_json_lines, read_parquet
from seqlab.data.table import Table
from seqlab.data.tabular import read_delimited, select
from seqlab.errors import UserError


def read_table(
    source: Any,
    *,
    delimiter: str | None = None,
    columns: Sequence[str] | None = None,
    encoding: str | None = None,
) -> Table:
    """A table from a path, a name in the catalogue, a pandas frame or a Hugging Face data set.

    `columns` selects the columns of data that names them and names those of data that does not.
    A file or folder goes before a catalogue entry of the same name.
    """
    if isinstance(source, Table):
        return source
    if not isinstance(source, str | Path):
        table = _in_memory(source)
        return _selected(table, columns)
    path = Path(source).expanduser()
    if path.is_dir():

        def read_file(file: Path) -> Table:
            return _read_file(file, delimiter, columns, encoding)

        try:
            return _selected_folder(read_folder(path, read_file, encoding), columns)
        except PermissionError as error:
            raise UserError(f'"{path}" cannot be read: {error.strerror}') from error
    if path.exists():
        return _read_file(path, delimiter, columns, encoding)
    if str(source) in catalogue.names():
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
    path: Path, delimiter: str | None, columns: Sequence[str] | None, encoding: str | None
) -> Table:
    origin = str(path)
    if suffix(path.name) in REFUSED:
        raise _refused(origin, suffix(path.name))
    name, content = read_bytes(path)
    ending = suffix(name)
    if ending in REFUSED:
        raise _refused(origin, ending)
    if ending in PARQUET:
        return Table(select(read_parquet(content, origin), columns or (), origin), origin)
    known = ending in (*DELIMITED, *RECORDS, ".txt", ".text")
    if not known and b"\0" in content[:8192] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused(origin, ending)
    text = decode(content, origin, encoding)
    if ending in RECORDS:
        reader = read_json if ending == ".json" else read_json_lines
        return Table(select(reader(text, origin), columns or (), origin), origin)
    if delimiter is not None:
        return read_delimited(text, origin, given(delimiter), columns)
    if ending in DELIMITED:
        return read_delimited(text, origin, None, columns, DELIMITED[ending])
    return read_plain(text, origin, columns)


def _in_memory(source: Any) -> Table:
    if isinstance(source, pd.DataFrame):
        return Table(_plain_frame(source), "frame")
    if isinstance(source, Mapping):  # a DatasetDict, or frames by split
        tables = {_split_name(str(name)): _in_memory(part) for name, part in source.items()}
        return join_splits(tables, "data set")
    if hasattr(source, "to_pandas") and hasattr(source, "features"):
        return Table(_hugging_face(source), str(getattr(source, "builder_name", "") or "data set"))
    raise UserError(
        f"data of type {type(source).__name__} cannot be read",
        "expected a path, a pandas frame or a Hugging Face data set",
    )


def _split_name(name: str) -> str:
    from seqlab.data.folders import split_of

    split = split_of(name)
    if split is None:
        raise UserError(f'unknown split "{name}"', "accepted: train, valid, test")
    return split


def _plain_frame(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:
        raise UserError("the frame is empty", "expected at least one row and one column")
    if frame.columns.nlevels > 1:
        raise UserError(
            "the frame's columns have several levels", "give each column one name before passing it"
        )
    names = [str(name) for name in frame.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(f'the frame has several columns "{repeated[0]}"', "rename all but one")
    plain = frame.set_axis(names, axis=1)
    if isinstance(plain.index, pd.DatetimeIndex):
        return plain.rename_axis(str(plain.index.name or "timestamp")).reset_index()
    return plain.reset_index(drop=True)


def _hugging_face(dataset: Any) -> pd.DataFrame:
    """A `datasets.Dataset` as a frame, its class numbers replaced by the classes' names."""
    frame = _plain_frame(dataset.to_pandas())
    for name, feature in dataset.features.items():
        names = getattr(feature, "names", None)
        if names and name in frame.columns:
            known = frame[name].where(frame[name] >= 0)  # -1 stands for "not given"
            frame[name] = known.map(dict(enumerate(names)))
    return frame


def _selected(table: Table, columns: Sequence[str] | None) -> Table:
    if not columns:
        return table
    kept = [*columns, *(["split"] if "split" in table.frame.columns else [])]
    frame = select(table.frame, list(dict.fromkeys(kept)), table.origin)
    return Table(frame, table.origin, table.notes, table.header)


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
