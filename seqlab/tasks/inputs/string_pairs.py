"""Which two columns hold strings and what they become, and cells as strings."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind, describe, language
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.inputs.cells import not_texts
from seqlab.tasks.parts import ColumnChoice

FREE_FORM_SHARE = 0.5  # from this share of different targets on they are no classes
SIDES = ("src", "tgt")
Roles = dict[str, str]

MOST_CLASSES = 20  # different targets up to which they are rather classes
PAIR_NAMES = {"src", "tgt", "trg"}  # names that nothing but a pair of strings has


def pair_of_columns(table: Table, named: Mapping[str, str], taken: Sequence[str]) -> ColumnChoice:
    """The columns of source and target: as named, by name, by language, or the only two texts."""
    frame, origin = table.frame, table.origin
    roles = {r: guess.named(frame, named[r], origin) for r in SIDES if r in named}
    if len(roles) == len(SIDES):
        return ColumnChoice(roles, 1.0, "as named: translate")
    used = (*roles.values(), *taken)
    ways: list[Callable[[Table, Roles, Sequence[str]], ColumnChoice | None]]
    ways = [_by_alias, _by_language, _by_content]
    for way in ways:
        choice = way(table, roles, used)
        if choice is not None:
            columns = {**roles, **choice.columns}
            return ColumnChoice(columns, choice.score, choice.why, choice.notes)
    raise UserError(
        f'"{origin}": no columns of sources and targets among {guess.listed_columns(frame)}',
        "name them: --columns src=…,tgt=…",
    )


def _by_alias(table: Table, roles: Roles, used: Sequence[str]) -> ColumnChoice | None:
    frame = table.frame
    own: Roles = {}
    for role in ("src", "tgt"):
        if role in roles:
            continue
        taken = (*used, *own.values())
        column = guess.find(frame, role, exclude=taken, origin=table.origin)
        if column is None:
            return None
        own[role] = column.column
    pair = {**roles, **own}
    sure = all(guess.normalised(name) in guess.ALIASES[r][0].split() for r, name in own.items())
    why, free = _told(frame, own), _free_form(frame, own)
    score = 0.85 if sure and free else 0.7 if free else 0.3
    plain = {guess.normalised(name) for name in own.values()} <= PAIR_NAMES and len(own) == 2
    if plain and not free and frame[own["tgt"]].astype(str).nunique() > MOST_CLASSES:
        score, why = 0.92, "columns src and tgt, strings to strings: translate"
    notes = tuple(f'{role}: column "{pair[role]}" (by its name)' for role in own)
    return ColumnChoice(own, score, why, notes)


def _by_language(table: Table, roles: Roles, used: Sequence[str]) -> ColumnChoice | None:
    frame, origin = table.frame, table.origin
    named = [name for name in map(str, frame.columns) if language(name) and name not in used]
    missing = [role for role in ("src", "tgt") if role not in roles]
    if len(named) < len(missing):
        return None
    if len(named) > len(missing):
        raise UserError(
            f'"{origin}": which of {", ".join(named)} is translated into which?',
            f"say it with --columns src={named[0]},tgt={named[1]}",
        )
    own = dict(zip(missing, named, strict=True))
    notes = [f'{role}: column "{name}" (a language)' for role, name in own.items()]
    if len(missing) == 2:
        notes.append(f"for the other direction: --columns src={named[1]},tgt={named[0]}")
    return ColumnChoice(own, 0.85, _told(frame, own), tuple(notes))


def _by_content(table: Table, roles: Roles, used: Sequence[str]) -> ColumnChoice | None:
    frame = table.frame
    kinds = {name: kind for name, kind in describe(frame).items() if name not in used}
    texts = [name for name, kind in kinds.items() if kind is ColumnKind.TEXT]
    missing = [role for role in ("src", "tgt") if role not in roles]
    if len(texts) != len(missing):
        return None
    columns = dict(zip(missing, texts, strict=True))
    plain = (ColumnKind.IDENTIFIER, ColumnKind.TEXT, ColumnKind.CONSTANT, ColumnKind.EMPTY)
    alone = all(kind in plain for kind in kinds.values())
    score = 0.65 if alone and _free_form(frame, columns) else 0.3
    notes = tuple(f'{role}: column "{name}" (in their order)' for role, name in columns.items())
    return ColumnChoice(columns, score, _told(frame, columns), notes)


def _free_form(frame: pd.DataFrame, roles: Roles) -> bool:
    target = frame[roles["tgt"]] if "tgt" in roles else None
    if target is None:
        return True
    if pd.api.types.is_numeric_dtype(target.dtype) or not isinstance(target.iloc[:1].max(), str):
        return False
    return bool(target.nunique() >= FREE_FORM_SHARE * target.notna().sum())


def _told(frame: pd.DataFrame, roles: Roles) -> str:
    columns = " and ".join(f'"{name}"' for name in roles.values())
    return f"two text columns, free-form targets ({columns}): translate"


def empty_cells(column: pd.Series, what: str) -> pd.Series:
    """Why each cell is no string; empty where it is one."""
    flaws = not_texts(column)
    empty = pd.Series([not text.strip() for text in as_strings(column)], column.index)
    return flaws.mask((flaws == "") & empty, f"an empty {what}")


def as_strings(column: pd.Series) -> list[str]:
    """Values as strings in one form of Unicode; a missing one is empty, 7.0 is 7."""
    missing = column.isna()
    return [
        "" if lost else unicodedata.normalize("NFC", _plain(value)).strip()
        for value, lost in zip(column, missing, strict=True)
    ]


def _plain(value: Any) -> str:
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)
