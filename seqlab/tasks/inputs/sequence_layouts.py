"""Which columns hold tokens or steps and what belongs together, and how that was found.

Three layouts are read: a sequence a row, with lists (or words divided by spaces) in its cells; a
token a row, with a column that says which sequence it belongs to; a time step a row, with numbers
in its channels, likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from seqlab.data import columns as guess
from seqlab.data.columns import NUMERIC, ColumnKind, normalised
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import Spec
from seqlab.tasks.parts import ColumnRequest
from seqlab.tasks.rows import dividing_columns

# The earlier name wins.
ALIASES = {
    "tokens": "tokens token words word form forms text sentence",
    "sequence": "sequence sequence_id sentence_id sent_id sentence recording recording_id session"
    " unique_id series_id item_id doc_id experiment experiment_id trial",
    "time": "time timestamp ds datetime step t",
}
SAMPLED_ROWS = 200  # rows that are looked at to tell a layout
# Whether a column, which holds values of a kind, can play a role.
Fits = Callable[[pd.Series, ColumnKind], bool]
_TIMES = (*NUMERIC, ColumnKind.DATE, ColumnKind.IDENTIFIER)
# Of a table of few rows the tokens may be all alike.
_LIKE_WORDS = (ColumnKind.LIST, ColumnKind.TEXT, ColumnKind.CATEGORY, ColumnKind.IDENTIFIER,
               ColumnKind.CONSTANT)  # fmt: skip


class SequenceLayout(Spec):
    """How a table holds its sequences.

    form: `lists` (a sequence a row), `tokens` or `values` (a token or a time step a row).
    channels: columns of numbers. dividing: columns that say of a whole sequence which group or part
    it is in. others: columns that have another role.
    """

    form: Literal["lists", "tokens", "values"]
    channels: tuple[str, ...] = ()
    dividing: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass
class _Search:
    """Columns that have been found, role → column, and each guess in a sentence."""

    frame: pd.DataFrame
    taken: list[str]
    roles: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def look_for(self, role: str, fits: Fits) -> None:
        """The first column with a name of the role that can play it, unless the user named one."""
        if role in self.roles:
            return
        name = by_name(self.frame, ALIASES[role], [*self.taken, *self.roles.values()], fits)
        if name is not None:
            self.roles[role] = name
            self.notes.append(f'{role}: column "{name}" (by its name)')

    def left(self) -> list[str]:
        """Columns without a role."""
        having = {*self.taken, *self.roles.values()}
        return [str(name) for name in self.frame.columns if str(name) not in having]


def find_layout(
    table: Table, request: ColumnRequest
) -> tuple[SequenceLayout, dict[str, str], tuple[str, ...]]:
    """The layout of a table, its columns by role, and each guess in a sentence."""
    frame, origin = table.frame, table.origin
    search = _Search(frame, request.others, _named(table, request.named))
    dividing = tuple(dividing_columns(table, dict(request.named))[0].values())
    search.look_for("sequence", may_be_sequence)
    if "sequence" in search.roles:
        search.look_for("time", lambda _, held: held in _TIMES)
    search.look_for("tokens", may_be_tokens)
    roles = search.roles
    if "tokens" not in roles and "sequence" not in roles:
        roles |= _only_text(frame, search.left())
    if "tokens" in roles:
        kinds = guess.describe(frame)
        if "sequence" not in roles or kinds[roles["tokens"]] is ColumnKind.LIST:
            notes = tuple(note for note in search.notes if note.startswith("tokens"))
            layout = SequenceLayout(form="lists", dividing=dividing, others=tuple(request.others))
            return layout, {"tokens": roles["tokens"]}, notes
        layout = SequenceLayout(form="tokens", dividing=dividing, others=tuple(request.others))
        return layout, roles, tuple(search.notes)
    channels = _channels(frame, search.left())
    if not channels or "sequence" not in roles:
        raise UserError(
            f'"{origin}": no column for the tokens among {guess.listed_columns(frame)}',
            "name the columns: --columns tokens=…,tags=…; for signals --columns sequence=…,tags=…",
        )
    layout = SequenceLayout(
        form="values", channels=channels, dividing=dividing, others=tuple(request.others)
    )
    return layout, roles, (*search.notes, f"channels: {', '.join(channels)}")


def by_name(frame: pd.DataFrame, aliases: str, taken: list[str], fits: Fits) -> str | None:
    """The column with the earliest of some names that fits and has no other role."""
    kinds = guess.describe(frame)
    names = {normalised(name): name for name in reversed(kinds)}
    for alias in aliases.split():
        name = names.get(alias)
        if name is not None and name not in taken and fits(frame[name], kinds[name]):
            return name
    return None


def _named(table: Table, named: Mapping[str, str]) -> dict[str, str]:
    return {
        role: guess.named(table.frame, named[role], table.origin)
        for role in ("tokens", "sequence", "time")
        if role in named
    }


def may_be_sequence(column: pd.Series, held: ColumnKind) -> bool:
    """Whether values, short ones, stand for several rows each, or are given in the first only."""
    if held is ColumnKind.LIST:
        return False
    short = column.dropna().astype(str).head(SAMPLED_ROWS).str.count(r"\S+").mean() <= 2
    return bool(short) and (column.nunique() < 0.8 * len(column) or bool(column.isna().any()))


def may_be_tokens(column: pd.Series, held: ColumnKind) -> bool:
    """Whether values are words; in a table of a few rows they may be all alike."""
    return held in _LIKE_WORDS and not pd.api.types.is_numeric_dtype(column.dtype)


def _only_text(frame: pd.DataFrame, left: list[str]) -> dict[str, str]:
    """The only column that is left for the tokens; one that changes comes before one that does
    not.
    """
    kinds, numeric = guess.describe(frame), guess.numeric_names(frame)
    words = [name for name in left if kinds[name] in _LIKE_WORDS and name not in numeric]
    words = [name for name in words if kinds[name] is not ColumnKind.CONSTANT] or words
    return {"tokens": words[0]} if len(words) == 1 else {}


def _channels(frame: pd.DataFrame, left: list[str]) -> tuple[str, ...]:
    groups = set(guess.aliases("group"))  # who it was is no signal
    numeric = guess.numeric_names(frame)
    return tuple(name for name in left if name in numeric and normalised(name) not in groups)
