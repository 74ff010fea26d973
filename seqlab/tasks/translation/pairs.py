"""Raw tables to pairs of strings: which columns hold them, and which rows cannot be used."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind, describe, language
from seqlab.data.splits import Rows, Splits
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence, DataSpec, Sources
from seqlab.tasks.rows import Origins, divide, dropped, parts_of
from seqlab.tasks.texts.columns import refuse_lists

FREE_FORM = 0.5  # from this share of different targets on they are no classes
Roles = dict[str, str]


@dataclass(frozen=True)
class Found:
    """Which columns play the roles, how sure that is (0…1) and how it was found, in words."""

    roles: Roles
    score: float
    why: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pairs:
    """Every usable row of every given table: two strings and what divides the rows."""

    sources: Sequence[str]
    targets: Sequence[str]
    columns: Roles
    notes: tuple[str, ...]
    origin: str
    groups: Sequence[Any] | None = None
    given: Sequence[str] | None = None

    def divide(self, spec: DataSpec, seed: int) -> list[Splits]:
        """One division, or one per fold; duplicates are judged by their sources."""
        rows = Rows(len(self.sources), None, self.sources, self.groups, None, self.given)
        return divide(rows, spec, seed, self.origin)


CLASSES = 20  # different targets up to which they are rather classes
PLAIN = {"src", "tgt", "trg"}  # names that nothing but a pair of strings has


def recognise(table: Table) -> Confidence:
    """Whether a table holds pairs of strings."""
    try:
        found = roles_of(table, {})
    except UserError as error:
        named = [name for name in table.frame.columns if language(str(name))]
        score = 0.8 if len(named) > 2 else 0.0  # languages, but which two
        return Confidence(score, error.message)
    return Confidence(found.score, found.why)


def roles_of(table: Table, given: Roles) -> Found:
    """Which columns hold source, target, group and split."""
    frame, origin = table.frame, table.origin
    roles = {role: guess.named(frame, name, origin) for role, name in given.items()}
    notes = []
    if "split" not in roles and "split" in frame.columns and names_parts(frame):
        roles["split"] = "split"
        notes.append('split: column "split"')
    rest = [str(name) for name in frame.columns if str(name) not in roles.values()]
    if {"src", "tgt"} <= set(roles):
        return Found(roles, 1.0, "as named: translate", tuple(notes))
    ways: list[Callable[[pd.DataFrame, Roles, str], Found | None]]
    ways = [_by_alias, _by_language, _by_content]
    for way in ways:
        found = way(frame[rest], roles, origin)
        if found is not None:
            return Found({**roles, **found.roles}, found.score, found.why, (*notes, *found.notes))
    held = ", ".join(f"{name} ({kind})" for name, kind in describe(frame).items())
    raise UserError(
        f'"{origin}": no columns of sources and targets among {held}',
        "name them: --columns src=…,tgt=…",
    )


def _by_alias(frame: pd.DataFrame, roles: Roles, origin: str) -> Found | None:
    found: Roles = {}
    for role in ("src", "tgt"):
        if role in roles:
            continue
        column = guess.find(frame, role, exclude=tuple(found.values()), origin=origin)
        if column is None:
            return None
        found[role] = column.column
    pair = {**roles, **found}
    sure = all(guess.normalised(name) in guess.ALIASES[r][0].split() for r, name in found.items())
    why, free = _told(frame, found), _free_form(frame, found)
    score = 0.85 if sure and free else 0.7 if free else 0.3
    plain = {guess.normalised(name) for name in found.values()} <= PLAIN and len(found) == 2
    if plain and not free and frame[found["tgt"]].astype(str).nunique() > CLASSES:
        score, why = 0.92, "columns src and tgt, strings to strings: translate"
    notes = tuple(f'{role}: column "{pair[role]}" (by its name)' for role in found)
    return Found(found, score, why, notes)


def _by_language(frame: pd.DataFrame, roles: Roles, origin: str) -> Found | None:
    named = [str(name) for name in frame.columns if language(str(name))]
    missing = [role for role in ("src", "tgt") if role not in roles]
    if len(named) < len(missing):
        return None
    if len(named) > len(missing):
        raise UserError(
            f'"{origin}": which of {", ".join(named)} is translated into which?',
            f"say it with --columns src={named[0]},tgt={named[1]}",
        )
    found = dict(zip(missing, named, strict=True))
    notes = [f'{role}: column "{name}" (a language)' for role, name in found.items()]
    if len(missing) == 2:
        notes.append(f"for the other direction: --columns src={named[1]},tgt={named[0]}")
    return Found(found, 0.85, _told(frame, found), tuple(notes))


def _by_content(frame: pd.DataFrame, roles: Roles, origin: str) -> Found | None:
    kinds = describe(frame)
    texts = [name for name, kind in kinds.items() if kind is ColumnKind.TEXT]
    missing = [role for role in ("src", "tgt") if role not in roles]
    if len(texts) != len(missing):
        return None
    found = dict(zip(missing, texts, strict=True))
    plain = (ColumnKind.IDENTIFIER, ColumnKind.TEXT, ColumnKind.CONSTANT, ColumnKind.EMPTY)
    alone = all(kind in plain for kind in kinds.values())
    score = 0.65 if alone and _free_form(frame, found) else 0.3
    notes = tuple(f'{role}: column "{name}" (in their order)' for role, name in found.items())
    return Found(found, score, _told(frame, found), notes)


def _free_form(frame: pd.DataFrame, found: Roles) -> bool:
    target = frame[found["tgt"]] if "tgt" in found else None
    if target is None:
        return True
    if pd.api.types.is_numeric_dtype(target.dtype) or not isinstance(target.iloc[:1].max(), str):
        return False
    return bool(target.nunique() >= FREE_FORM * target.notna().sum())


def _told(frame: pd.DataFrame, found: Roles) -> str:
    columns = " and ".join(f'"{name}"' for name in found.values())
    return f"two text columns, free-form targets ({columns}): translate"


def pairs_of(sources: Sources, spec: DataSpec) -> Pairs:
    """The pairs of all given tables; rows without a source or a target are left out and listed."""
    table = sources.joined()
    given = dict(spec.columns) | ({"group": spec.group} if spec.group else {})
    found = roles_of(table, given)
    frame, roles = table.frame, found.roles
    if not len(frame):
        raise UserError(f'"{table.origin}": no rows', "bring a table with sources and targets")
    sides = [as_strings(frame[roles[role]]) for role in ("src", "tgt")]
    notes = [*table.notes, *found.notes]
    empty = [np.array([not text.strip() for text in side]) for side in sides]
    for role, blank in zip(("src", "tgt"), empty, strict=True):
        if blank.all():
            raise UserError(
                f'"{table.origin}": column "{roles[role]}" is empty in every row',
                "name the columns of sources and targets: --columns src=…,tgt=…",
            )
        if blank.any():
            what = "source" if role == "src" else "target"
            notes.append(dropped(np.flatnonzero(blank), f"an empty {what}"))
    kept = np.flatnonzero(~(empty[0] | empty[1]))
    if not len(kept):
        raise UserError(f'"{table.origin}": no row has both a source and a target')
    taken = frame.iloc[kept]
    return Pairs(
        [sides[0][row] for row in kept],
        [sides[1][row] for row in kept],
        roles,
        tuple(notes),
        Origins.of(sources).tables[0][0],
        taken[roles["group"]].tolist() if "group" in roles else None,
        parts_of(taken[roles["split"]]) if "split" in roles else None,
    )


def new_pairs(table: Table, roles: Roles) -> tuple[list[str], list[str | None]]:
    """The sources of new data, and their targets or None where it has none."""
    frame = table.frame
    source = roles["src"]
    if source not in frame.columns:
        if len(frame.columns) != 1:
            source = roles_of(table, {}).roles["src"]
        else:
            source = str(frame.columns[0])
    sources = as_strings(frame[source])
    if roles["tgt"] not in frame.columns or roles["tgt"] == source:
        return sources, [None] * len(sources)
    return sources, [text if text.strip() else None for text in as_strings(frame[roles["tgt"]])]


def as_strings(column: pd.Series) -> list[str]:
    """Values as strings in one form of Unicode; a missing one is empty, 7.0 is 7."""
    refuse_lists(column)
    missing = column.isna()
    return [
        "" if lost else unicodedata.normalize("NFC", _plain(value)).strip()
        for value, lost in zip(column, missing, strict=True)
    ]


def _plain(value: Any) -> str:
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)
