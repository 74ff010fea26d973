"""Formats with a reader of their own: one line here, one file beside it.

An entry names `module:function`, imported when a file or folder asks for it.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from seqlab.data.table import Table

# Endings → reader(content: bytes, origin: str) -> Table, or None where the content turns out to be
# something else. The content is decompressed.
FILES: dict[str, str] = {
    ".conll": "seqlab.data.conll:read_conll",
    ".conllu": "seqlab.data.conll:read_conllu",
    ".bio": "seqlab.data.conll:read_conll",
    ".iob": "seqlab.data.conll:read_conll",
    ".iob2": "seqlab.data.conll:read_conll",
    ".bioes": "seqlab.data.conll:read_conll",
    ".ts": "seqlab.data.ts_format:read_ts",
    ".npz": "seqlab.data.npz:read_npz",
    ".npy": "seqlab.data.npz:read_npy",
    ".png": "seqlab.data.image_folders:read_image",
    ".jpg": "seqlab.data.image_folders:read_image",
    ".jpeg": "seqlab.data.image_folders:read_image",
    # These mostly hold other things: the reader gives them back.
    ".tsv": "seqlab.data.conll:read_if_conll",
    ".txt": "seqlab.data.conll:read_if_conll",
}

# reader(folder: Path) -> Table | None, tried in order before a folder is read file by file; None
# where the folder holds something else.
FOLDERS: tuple[str, ...] = (
    "seqlab.data.tag_folders:read_parallel",
    "seqlab.data.parallel_files:read_parallel_files",
    "seqlab.data.ts_format:read_ts_folder",
    "seqlab.data.npz:read_npy_folder",
    "seqlab.data.image_folders:read_image_folder",
    "seqlab.data.shards:read_shards",
)


def read_special(ending: str, content: bytes, origin: str) -> Table | None:
    """A file whose ending has a reader of its own, else None."""
    entry = FILES.get(ending)
    return None if entry is None else _function(entry)(content, origin)


def read_special_folder(folder: Path) -> Table | None:
    """A folder that one of the readers knows, else None."""
    for entry in FOLDERS:
        table: Table | None = _function(entry)(folder)
        if table is not None:
            return table
    return None


def _function(entry: str) -> Any:
    module, _, name = entry.partition(":")
    return getattr(importlib.import_module(module), name)
