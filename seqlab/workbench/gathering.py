"""From what a user names – files, frames, catalogue entries – to sources and a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.errors import UserError, unknown
from seqlab.tasks.base import Confidence, Sources

SURE = 0.5  # below this a task is asked for, not guessed


def gather(data: Any, valid: Any = None, test: Any = None, **options: Any) -> Sources:
    """The tables; `options` are delimiter, columns and encoding, as for `read_table`."""
    tables = [None if part is None else read_table(part, **options) for part in (data, valid, test)]
    assert tables[0] is not None
    return Sources(tables[0], tables[1], tables[2])


def choose_task(sources: Sources, name: str | None) -> tuple[str, str]:
    """The task's name and why it was chosen."""
    if name is not None:
        registry.card("tasks", name)
        return name, "as asked for"
    found = recognise(sources.train)
    task, best = max(found.items(), key=lambda item: item[1].score)
    if best.score < SURE:
        reasons = "; ".join(f"{name}: {c.why}" for name, c in found.items())
        raise UserError(
            f'"{sources.train.origin}": the task cannot be told from the data ({reasons})',
            f"say it with --task {'|'.join(found)}, and name the columns with --columns",
        )
    return task, best.why


def recognise(table: Table) -> dict[str, Confidence]:
    """What every task says of a table."""
    return {name: registry.load("tasks", name).recognise(table) for name in registry.names("tasks")}


def columns_of(
    given: str | Sequence[str] | dict[str, str] | None, roles: Sequence[str]
) -> tuple[list[str] | None, dict[str, str]]:
    """What `--columns` says: names in the file's order, or role=column pairs.

    Returns the names for the reader and the roles for the task; one of them is empty.
    """
    if given is None:
        return None, {}
    if isinstance(given, dict):
        return None, dict(given)
    parts = given.split(",") if isinstance(given, str) else list(given)
    parts = [part.strip() for part in parts if part.strip()]
    if not any("=" in part for part in parts):
        return parts, {}
    pairs = {}
    for part in parts:
        role, separator, column = part.partition("=")
        if not separator:
            raise UserError(
                f'--columns: "{part}" has no role, but others have',
                "write all as role=column, or none: --columns text,label",
            )
        if role not in roles:
            raise unknown("role in --columns", role, roles)
        pairs[role] = column
    return None, pairs


def default_folder(data: Any, task: str) -> Path:
    """`runs/<data>-<task>`."""
    name = Path(str(data)).name if isinstance(data, str | Path) else "frame"
    stem = name.partition(".")[0] or name
    return Path("runs") / f"{stem}-{task}"
