"""Folders of parallel files: a sentence a line in one, its tags in the other (seq.in, seq.out)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from seqlab.data.folders import join_splits, split_of
from seqlab.data.formats import decode, is_documentation, read_bytes, stem
from seqlab.data.table import Table
from seqlab.errors import UserError

# How files are called: of tokens, of tags, and of a label for the whole sentence.
_NAMES = (("seq.in", "seq.out"), ("tokens.txt", "tags.txt"), ("words.txt", "tags.txt"))
_LABELS = ("label", "label.txt", "labels.txt")

Files = dict[str, Path]  # by name without compression


def read_parallel(folder: Path) -> Table | None:
    """`seq.in` and `seq.out` of a folder, of its subfolders by split, or `train.seq.in` and so on.

    A file `label` beside them becomes a column, with the sentence as `text`, so that the same
    folder serves for classification.
    """
    files = _files(folder)
    pair = _pair(files)
    if pair is not None:
        return _read(files, pair, folder)
    parts = {
        split: (_files(inner), inner)
        for inner in sorted(folder.iterdir())
        if inner.is_dir() and (split := split_of(inner.name)) is not None
    }
    if not parts:
        parts = {split: (found, folder) for split, found in _by_prefix(files).items()}
    pairs = {split: _pair(found) for split, (found, _) in parts.items()}
    if "train" not in pairs or not all(pairs.values()):
        return None
    tables = {
        split: _read(found, pair, inner)
        for split, (found, inner) in parts.items()
        if (pair := pairs[split]) is not None
    }
    return join_splits(tables, str(folder)).noting([f"splits given: {', '.join(tables)}"])


def _files(folder: Path) -> Files:
    return {
        stem(path.name): path
        for path in sorted(folder.iterdir())
        if path.is_file() and not is_documentation(path.name)
    }


def _by_prefix(files: Files) -> dict[str, Files]:
    """`train.seq.in` is the file `seq.in` of the part train."""
    found: dict[str, Files] = {}
    for name, path in files.items():
        prefix, _, rest = name.partition(".")
        split = split_of(prefix)
        if split is not None and rest:
            found.setdefault(split, {})[rest] = path
    return found


def _pair(files: Files) -> tuple[str, str] | None:
    return next((pair for pair in _NAMES if set(pair) <= set(files)), None)


def _read(files: Files, pair: tuple[str, str], folder: Path) -> Table:
    texts, tags = (_lines(files[name]) for name in pair)
    _same_length(texts, tags, files, pair)
    columns: dict[str, list[object]] = {
        "tokens": [line.split() for line in texts],
        "tags": [line.split() for line in tags],
    }
    name = next((name for name in _LABELS if name in files), None)
    notes = [f"parallel files: tokens from {pair[0]}, tags from {pair[1]}"]
    if name is not None:
        labels = _lines(files[name])
        _same_length(texts, labels, files, (pair[0], name))
        columns |= {"text": list(texts), "label": list(labels)}
        notes.append(f"label of each sentence from {name}")
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    return Table(frame, str(folder), tuple(notes))


def _lines(path: Path) -> list[str]:
    _, content = read_bytes(path)
    return [line.strip() for line in decode(content, str(path)).removesuffix("\n").split("\n")]


def _same_length(first: list[str], second: list[str], files: Files, names: tuple[str, str]) -> None:
    if len(first) != len(second):
        raise UserError(
            f'"{files[names[0]]}" has {len(first):,} lines, "{files[names[1]].name}"'
            f" {len(second):,}",
            "expected the same sentences, a line each, in both",
        )
