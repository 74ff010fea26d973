"""Which stored studies and trained models this version reads, and what it says of the others.

1  all before the format had a number
2  tasks of rows are stored as an input and a target; a CRF's weights are plain arrays
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqlab.errors import UserError

FORMAT = 2  # that is written; raise it when a file changes that older versions would misread
OLDEST = 2  # that is read; raise it to FORMAT when what older ones wrote cannot be read any more


def check_format(stored: Any, path: Path) -> None:
    """Refuse what a newer version made, and what is older than this one reads.

    `stored` is the content of `path`, the file of the folder that holds its format's number.
    """
    number = format_of(stored)
    if not isinstance(number, int) or number < 1:
        raise UserError(f"{path}: damaged, format = {number!r}", _AGAIN)
    if number > FORMAT:
        raise UserError(
            f"{path}: made by a newer seqlab (format {number}; this one reads up to {FORMAT})",
            "update seqlab: pip install --upgrade seqlab",
        )
    if number < OLDEST:
        raise older(path, number)


def format_of(stored: Any) -> Any:
    """The number that a file holds, 1 where it holds none."""
    return stored.get("format", 1) if isinstance(stored, Mapping) else 1


def older(path: Path, number: int) -> UserError:
    """The error for what an older version made and this one cannot read."""
    return UserError(
        f"{path}: made by an older seqlab (format {number}; this one writes {FORMAT})", _AGAIN
    )


_AGAIN = "make it again from its data: seqlab compare DATA -o NEW_FOLDER"
