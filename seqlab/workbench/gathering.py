"""From what a user names – files, frames, catalogue entries – to sources and a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.errors import UserError, unknown
from seqlab.progress import doing
from seqlab.tasks.base import Confidence, Sources

SURE_SCORE = 0.5  # below this a task is asked for, not guessed
NEAREST_TASKS = 3  # tasks whose reasons are told then


Columns = str | Sequence[str] | Mapping[str, str] | None  # names, or role=column pairs


class UnclearTaskError(UserError):
    """The data could be several tasks', or none's."""


def gather(
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    columns: Columns = None,
    settings: Mapping[str, Any],
    **reading: Any,
) -> tuple[Sources, dict[str, Any]]:
    """The tables, and the settings of the data with what `columns` adds to them.

    `settings` are fields of DataSpec; `reading` is delimiter and encoding, as for `read_table`.
    """
    names, given = columns_of(columns, roles())
    group = settings.get("group")
    if names and group and group not in names:
        names.append(group)
    tables = [
        None if part is None else read_table(part, columns=names, **reading)
        for part in (data, valid, test)
    ]
    assert tables[0] is not None
    declared = {**settings}
    if given:
        declared["columns"] = {**settings.get("columns", {}), **given}
    return Sources(tables[0], tables[1], tables[2]), declared


def choose_task(
    sources: Sources,
    name: str | None,
    settings: Mapping[str, Any],
    seen: Mapping[str, Confidence] | None = None,
) -> tuple[str, str]:
    """The task's name and why it was chosen: asked for, the only one that fits, or recognised.

    `seen` is what the tasks said of the training table, where they were asked before.
    """
    if name is not None:
        registry.card("tasks", name)
        strange = _foreign(name, settings)
        if strange:
            raise UserError(f"{strange} is not a setting of the task {name}", "leave it out")
        return name, "as asked for"
    fitting = [task for task in registry.names("tasks") if not _foreign(task, settings)]
    if not fitting:
        named = dict.fromkeys(_foreign(task, settings) for task in registry.names("tasks"))
        raise UserError(
            f"no task has all these settings: {', '.join(named)}",
            "leave out those of the other task",
        )
    if len(fitting) == 1:
        return fitting[0], "the only task with these settings"
    seen = recognise(sources.train) if seen is None else seen
    confidences = {name: c for name, c in seen.items() if name in fitting}
    task, best = max(confidences.items(), key=lambda item: item[1].score)
    if best.score < SURE_SCORE:
        if best.options:
            raise UnclearTaskError(
                f'"{sources.train.origin}": {best.why}', f"add --task {task} {best.options}"
            )
        nearest = sorted(confidences.items(), key=lambda item: -item[1].score)[:NEAREST_TASKS]
        reasons = "; ".join(f"{name}: {c.why}" for name, c in nearest)
        raise UnclearTaskError(
            f'"{sources.train.origin}": the task cannot be told from the data ({reasons})',
            f"say it with --task {'|'.join(confidences)}, and name the columns with --columns",
        )
    return task, best.why


def _foreign(task: str, settings: Mapping[str, Any]) -> str:
    """The first setting, or role of a column, that a task does not read; empty if there is none."""
    card = registry.card("tasks", task)
    for role in settings.get("columns", {}):
        if role not in card["roles"]:
            return f"{role} in --columns"
    known = card.get("settings")
    always = ("columns", "options")
    strange = [n for n in settings if known is not None and n not in (*known, *always)]
    return f"--{strange[0].replace('_', '-')}" if strange else ""


@doing("telling which task it is")
def recognise(table: Table) -> dict[str, Confidence]:
    """What every task says of a table."""
    return {name: registry.load("tasks", name).recognise(table) for name in registry.names("tasks")}


def roles() -> list[str]:
    """Every role that a column can be given."""
    cards = registry.cards("tasks").values()
    return list(dict.fromkeys(role for card in cards for role in card["roles"]))


def columns_of(given: Columns, roles: Iterable[str]) -> tuple[list[str] | None, dict[str, str]]:
    """What `--columns` says: names in the file's order, or role=column pairs.

    Returns the names for the reader and the roles for the task; one of them is empty.
    """
    if given is None:
        return None, {}
    if isinstance(given, Mapping):
        parts = [f"{role}={column}" for role, column in given.items()]
    else:
        parts = given.split(",") if isinstance(given, str) else list(given)
    parts = [part.strip() for part in parts if part.strip()]
    if not parts:
        raise UserError("--columns: no column is named", "name them as in --columns text,label")
    if not any("=" in part for part in parts):
        return parts, {}
    pairs = {}
    for part in parts:
        role, separator, column = (piece.strip() for piece in part.partition("="))
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
    stem = (name.partition(".")[0] or name).replace(":", "-")  # copy:100 is a synthetic set
    return Path("runs") / f"{stem}-{task}"
