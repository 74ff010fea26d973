"""Parallel files: a sentence a line, each file a language, line i of one saying what line i of the
others says.

    train.en  train.de  val.en  val.de  test.en  test.de     →  columns en, de, split
"""

from __future__ import annotations

from pathlib import Path, PurePath

import pandas as pd

from seqlab.data.columns import language
from seqlab.data.folders import join_splits, split_of
from seqlab.data.formats import COMPRESSIONS, decode, is_documentation, read_bytes
from seqlab.data.split_spec import SPLIT_NAMES
from seqlab.data.table import Table
from seqlab.errors import UserError

_SIDES = ("src", "tgt", "trg", "source", "target")

Files = dict[str, dict[str, Path]]  # by what they are called, then by language


def read_parallel_files(folder: Path) -> Table | None:
    """A folder whose files are all called `<part>.<language>`, two languages at least."""
    files = _files(folder)
    if files is None:
        return None
    languages = list(dict.fromkeys(name for found in files.values() for name in found))
    parts = {split_of(name) or name: found for name, found in files.items()}
    if len(languages) < 2 or (len(files) > 1 and "train" not in parts):
        return None
    if len(parts) < len(files) or (len(parts) > 1 and set(parts) - set(SPLIT_NAMES.values())):
        held = ", ".join(files)
        raise UserError(
            f'"{folder}" holds parallel files called {held}: which are train, valid and test?',
            "keep one of each, named after its part, as train.en and train.de",
        )
    tables = {part: _read(folder, found, languages) for part, found in parts.items()}
    note = f"parallel files: a line each in {', '.join(languages)}"
    if len(tables) == 1:
        (table,) = tables.values()
        return table.noting([note])
    joined = join_splits(tables, str(folder))
    return joined.noting([note, f"splits given: {', '.join(tables)}"])


def side_of(name: str) -> str | None:
    """The language or side that a file is named after; None: not after any."""
    return name if name in _SIDES else language(name)


def _files(folder: Path) -> Files | None:
    found: Files = {}
    for path in sorted(folder.iterdir()):
        if is_documentation(path.name):
            continue
        pure = PurePath(path.name)
        if pure.suffix.lower() in COMPRESSIONS:
            pure = PurePath(pure.stem)
        side = side_of(pure.suffix[1:])
        if side is None or path.is_dir():
            return None
        found.setdefault(pure.stem, {})[side] = path
    return found


def _read(folder: Path, files: dict[str, Path], languages: list[str]) -> Table:
    columns = {}
    for side in languages:
        if side not in files:
            known = next(iter(files.values())).name
            raise UserError(
                f'"{folder}": beside "{known}" there is no file in "{side}"',
                f"each part needs a file in each of {', '.join(languages)}",
            )
        path = files[side]
        text = decode(read_bytes(path)[1], str(path))
        columns[side] = [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]
    first, *others = languages
    for other in others:
        if len(columns[other]) != len(columns[first]):
            raise UserError(
                f'"{files[first]}" has {len(columns[first]):,} lines and "{files[other].name}"'
                f" {len(columns[other]):,}: parallel files have as many lines as each other",
                "line i of one must say what line i of the other says",
            )
    return Table(pd.DataFrame(columns, dtype="object"), str(folder))
