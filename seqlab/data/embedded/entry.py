"""What the catalogue knows of a data set, and how its table is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from seqlab.data.packages import Archive


@dataclass(frozen=True)
class Entry:
    """A data set that needs no file of the user's.

    `build` makes the table from the archive's members by path; without an archive it gets none.
    `notes` are told with the data.
    """

    name: str
    task: str
    summary: str
    licence: str
    rows: int
    build: Callable[[dict[str, bytes]], pd.DataFrame]
    archive: Archive | None = None
    notes: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Where the data come from, for people."""
        if self.archive is None:
            return "in every Python installation"
        return f"package {self.archive.package} {self.archive.version}"
