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
from seqlab.tasks.inputs.text_cells import not_texts
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
    rest = [str(name) for name in frame.columns if str(name) not in used]
    ways: list[Callable[[pd.DataFrame, Roles, str], ColumnChoice | None]]
    ways = [_by_alias, _by_language, _by_content]
    for way in ways:
        choice = way(frame[rest], roles, origin)
        if choice is not None:
            columns = {**roles, **choice.columns}
            return ColumnChoice(columns, choice.score, choice.why, choice.notes)
    kinds = ", ".join(f"{name} ({kind})" for name, kind in describe(frame).items())
    raise UserError(
        f'"{origin}": no columns of sources and targets among {kinds}',
        "name them: --columns src=…,tgt=…",
    )


def _by_alias(frame: pd.DataFrame, roles: Roles, origin: str) -> ColumnChoice | None:
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
    plain = {guess.normalised(name) for name in found.values()} <= PAIR_NAMES and len(found) == 2
    if plain and not free and frame[found["tgt"]].astype(str).nunique() > MOST_CLASSES:
        score, why = 0.92, "columns src and tgt, strings to strings: translate"
    notes = tuple(f'{role}: column "{pair[role]}" (by its name)' for role in found)
    return ColumnChoice(found, score, why, notes)


def _by_language(frame: pd.DataFrame, roles: Roles, origin: str) -> ColumnChoice | None:
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
    return ColumnChoice(found, 0.85, _told(frame, found), tuple(notes))


def _by_content(frame: pd.DataFrame, roles: Roles, origin: str) -> ColumnChoice | None:
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
    return ColumnChoice(found, score, _told(frame, found), notes)


def _free_form(frame: pd.DataFrame, found: Roles) -> bool:
    target = frame[found["tgt"]] if "tgt" in found else None
    if target is None:
        return True
    if pd.api.types.is_numeric_dtype(target.dtype) or not isinstance(target.iloc[:1].max(), str):
        return False
    return bool(target.nunique() >= FREE_FORM_SHARE * target.notna().sum())


def _told(frame: pd.DataFrame, found: Roles) -> str:
    columns = " and ".join(f'"{name}"' for name in found.values())
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
