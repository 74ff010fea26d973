"""What the catalogue knows of a data set, and how its table is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from seqlab.data.packages import Archive
from seqlab.errors import UserError

LONGEST_SEQUENCE = 10_000


@dataclass(frozen=True)
class EmbeddedData:
    """A data set that needs no file of the user's.

    `build` makes the table from the archive's members by path; without an archive it gets none.
    What is made rather than stored has `sized` in its place, which makes a table of sequences of
    a length; `length` is that of the bare name, `copy:100` says another one.
    `notes` are told with the data.
    """

    name: str
    task: str
    summary: str
    licence: str
    rows: int
    build: Callable[[dict[str, bytes]], pd.DataFrame] | None = None
    sized: Callable[[int], pd.DataFrame] | None = None
    length: int = 0
    archive: Archive | None = None
    notes: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Where the data come from, for people."""
        if self.sized is not None:
            return "made on the spot"
        if self.archive is None:
            return "in every Python installation"
        return f"package {self.archive.package} {self.archive.version}"

    def table(self, members: dict[str, bytes], length: str) -> pd.DataFrame:
        """The data; `length` is what follows the name's colon, if anything does."""
        if self.sized is None:
            assert self.build is not None
            if length:
                raise UserError(f'data set "{self.name}" has no length', f"name it {self.name}")
            return self.build(members)
        if not length:
            return self.sized(self.length)
        if not length.isdecimal() or not 1 <= int(length) <= LONGEST_SEQUENCE:
            raise UserError(
                f'data set "{self.name}:{length}": the length must be 1 … {LONGEST_SEQUENCE:,}',
                f"such as {self.name}:{self.length}",
            )
        return self.sized(int(length))
