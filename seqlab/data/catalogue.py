"""Data sets that ride in public packages, by name."""

from __future__ import annotations

from seqlab.data.table import Table
from seqlab.errors import unknown


def names() -> list[str]:
    """The names of the embedded data sets."""
    return []


def load(name: str) -> Table:
    """An embedded data set as a table."""
    raise unknown("data set", name, names())
