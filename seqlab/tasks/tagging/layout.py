"""Which columns hold tokens, tags and what belongs together, and how that was found.

Three layouts are read: a sequence a row, with lists (or words divided by spaces) in its cells; a
token a row, with a column that says which sequence it belongs to; a time step a row, with numbers
in its channels, likewise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from seqlab.data import columns as guess
from seqlab.data.columns import NUMERIC, ColumnKind, kind, normalised
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence
from seqlab.tasks.tagging.cells import as_list, as_tags

# The earlier name wins.
ALIASES = {
    "tokens": "tokens token words word form forms text sentence",
    "tags": "tags tag ner_tags ner upos pos_tags pos slots word_labels labels label activity",
    "sequence": "sequence sequence_id sentence_id sent_id sentence recording recording_id session"
    " unique_id series_id item_id doc_id experiment experiment_id trial",
    "time": "time timestamp ds datetime step t",
}
SAMPLE = 200  # rows that are looked at to tell a layout
_TIMES = (*NUMERIC, ColumnKind.DATE, ColumnKind.IDENTIFIER)
Form = Literal["lists", "tokens", "values"]


@dataclass(frozen=True)
class Layout:
    """How a table holds its sequences.

    form: lists (a sequence a row), tokens or values (a step a row). roles: role → column.
    """

    form: Form
    roles: dict[str, str]
    channels: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def layout_of(table: Table, given: dict[str, str], *, tagged: bool = True) -> Layout:
    """The layout of a table; `given` are roles that the user named.

    New data need no tags: `tagged` says whether they are asked for.
    """
    frame, origin = table.frame, table.origin
    roles = {role: guess.named(frame, name, origin) for role, name in given.items()}
    if "split" not in roles and "split" in frame.columns and names_parts(frame):
        roles["split"] = "split"
    notes: list[str] = []
    _find(frame, "sequence", roles, notes, _may_be_sequence)
    if "sequence" in roles:
        _find(frame, "time", roles, notes, lambda c: kind(c) in _TIMES)
    _find(frame, "tags", roles, notes, _may_be_tags)
    _find(frame, "tokens", roles, notes, _may_be_tokens)
    if tagged and "tags" not in roles:
        raise UserError(
            f'"{origin}": no column for the tags among {_listed(frame)}',
            "name the columns: --columns tokens=…,tags=…",
        )
    if "tokens" not in roles and "sequence" not in roles:
        roles |= _only_text(frame, roles)
    if "tokens" in roles:
        lists = "sequence" not in roles or kind(frame[roles["tokens"]]) is ColumnKind.LIST
        return Layout("lists" if lists else "tokens", roles, (), tuple(notes))
    channels = _channels(frame, roles)
    if not channels or "sequence" not in roles:
        raise UserError(
            f'"{origin}": no column for the tokens among {_listed(frame)}',
            "name the columns: --columns tokens=…,tags=…; for signals --columns sequence=…,tags=…",
        )
    notes.append(f"channels: {', '.join(channels)}")
    return Layout("values", roles, tuple(channels), tuple(notes))


def _find(
    frame: pd.DataFrame,
    role: str,
    roles: dict[str, str],
    notes: list[str],
    fits: Callable[[pd.Series], bool],
) -> None:
    """The first column with a name of the role that can play it, unless the user named one."""
    if role in roles:
        return
    by_name = {normalised(str(name)): str(name) for name in reversed(frame.columns)}
    for alias in ALIASES[role].split():
        name = by_name.get(alias)
        if name is not None and name not in roles.values() and fits(frame[name]):
            roles[role] = name
            notes.append(f'{role}: column "{name}" (by its name)')
            return


def _may_be_sequence(column: pd.Series) -> bool:
    """Whether values, short ones, stand for several rows each, or are given in the first only."""
    if kind(column) is ColumnKind.LIST:
        return False
    short = column.dropna().astype(str).head(SAMPLE).str.count(r"\S+").mean() <= 2
    return bool(short) and (column.nunique() < 0.8 * len(column) or bool(column.isna().any()))


def _may_be_tags(column: pd.Series) -> bool:
    return kind(column) not in (ColumnKind.NUMBER, ColumnKind.DATE, ColumnKind.EMPTY)


def _may_be_tokens(column: pd.Series) -> bool:
    kinds = (ColumnKind.LIST, ColumnKind.TEXT, ColumnKind.CATEGORY, ColumnKind.IDENTIFIER)
    return kind(column) in kinds and not pd.api.types.is_numeric_dtype(column.dtype)


def _only_text(frame: pd.DataFrame, roles: dict[str, str]) -> dict[str, str]:
    """The only column that is left for the tokens."""
    left = [str(n) for n in frame.columns if str(n) not in roles.values()]
    left = [name for name in left if _may_be_tokens(frame[name])]
    return {"tokens": left[0]} if len(left) == 1 else {}


def _channels(frame: pd.DataFrame, roles: dict[str, str]) -> list[str]:
    groups = guess.aliases("group")  # who it was is no signal
    others = [str(name) for name in frame.columns if str(name) not in roles.values()]
    others = [name for name in others if normalised(name) not in groups]
    return [name for name in others if pd.api.types.is_numeric_dtype(frame[name].dtype)]


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(f"{name} ({held})" for name, held in list(guess.describe(frame).items())[:12])


def recognise(table: Table) -> Confidence:
    """Lists of tokens and of tags; or a token, or a time step, a row with a tag that changes."""
    head = Table(table.frame.head(20 * SAMPLE), table.origin)
    if any(getattr(cell, "ndim", 0) > 1 for cell in head.frame.head(1).to_numpy(object).ravel()):
        return Confidence(0.0, "series or images in cells, not tokens")
    try:
        layout = layout_of(head, {})
    except UserError as error:
        return Confidence(0.0, error.message)
    tags = head.frame[layout.roles["tags"]]
    if layout.form == "lists":
        return _of_lists(head.frame[layout.roles["tokens"]], tags, layout.roles)
    changes = tags.groupby(head.frame[layout.roles["sequence"]].ffill()).nunique().gt(1).mean()
    named = f'"{layout.roles["tags"]}" within sequences of "{layout.roles["sequence"]}"'
    if changes < 0.3 or tags.nunique() > max(2, len(tags) / 2):
        return Confidence(0.0, f"no tags that change: {named}")
    if layout.form == "values":
        return Confidence(0.75, f"time steps with tags that change: {named}: tag")
    words = head.frame[layout.roles["tokens"]].dropna().astype(str).head(SAMPLE)
    if words.str.count(r"\S+").mean() > 1.2:
        return Confidence(0.0, f'texts, not tokens, in "{layout.roles["tokens"]}"')
    return Confidence(0.92, f"a token a row, its tags in {named}: tag")


def _of_lists(tokens: pd.Series, tags: pd.Series, roles: dict[str, str]) -> Confidence:
    """As many tags as tokens, in lists or divided by spaces."""
    counts = [len(as_list(cell) or ()) for cell in tokens[:SAMPLE]]
    own = [len(as_tags(b, n) or ()) for b, n in zip(tags[:SAMPLE], counts, strict=True)]
    pairs = list(zip(counts, own, strict=True))
    many = sum(count for _, count in pairs) >= 1.5 * len(pairs)
    named = f'"{roles["tokens"]}" and their tags in "{roles["tags"]}"'
    if kind(tokens) is ColumnKind.LIST and kind(tags) is ColumnKind.LIST:
        return Confidence(0.95, f"lists of tokens in {named}: tag")
    if not many or sum(a == b for a, b in pairs) < 0.95 * len(pairs):
        return Confidence(0.0, "no tags, one for each token")
    return Confidence(0.93, f"words in {named}, one for each: tag")
