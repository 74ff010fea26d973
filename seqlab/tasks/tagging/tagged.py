"""Raw tables to sequences with tags, checked one by one, and their division into parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data.examples import Array
from seqlab.data.split_spec import SPLIT_NAMES, SplitSpec
from seqlab.data.splits import Rows, Splits, folds, split
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.tagging.cells import as_list, as_tags
from seqlab.tasks.tagging.layout import Layout, layout_of
from seqlab.tasks.tagging.options import Options


@dataclass(frozen=True)
class Tagged:
    """Sequences with their tags, and what divides them.

    steps: of each sequence its tokens, or its values (T, channels). tags: a tag for each step, or
    None where they are not known. names: what messages call each sequence.
    """

    layout: Layout
    steps: list[Any]
    tags: list[list[str] | None]
    names: list[str]
    notes: tuple[str, ...] = ()
    groups: Sequence[Any] | None = None
    given: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def texts(self) -> list[str] | None:
        """Sentences as texts; None for values."""
        if self.layout.form == "values":
            return None
        return [" ".join(tokens) for tokens in self.steps]

    def divide(self, spec: DataSpec, seed: int) -> list[Splits]:
        """One division, or one per fold."""
        wanted = SplitSpec.parse(
            spec.split, folds=spec.folds or 0, keep_duplicates=spec.keep_duplicates
        )
        rows = Rows(len(self), None, self.texts, self.groups, None, self.given)
        return folds(rows, wanted, seed) if wanted.folds else [split(rows, wanted, seed)]


def tagged(sources: Sources, spec: DataSpec) -> Tagged:
    """The sequences of all given tables; what cannot be used is an error that names it."""
    table = sources.joined()
    given = dict(spec.columns) | ({"group": spec.group} if spec.group else {})
    if not len(table.frame):
        raise UserError(f'"{table.origin}": no rows', "bring sequences with a tag for each token")
    layout = layout_of(table, given)
    names = Options.read(spec.options, "options").named
    data = _complete(_renamed(sequences(table, layout), names), table.origin)
    missing = [name for name, tags in zip(data.names, data.tags, strict=True) if tags is None]
    if missing:
        more = f" ({len(missing):,} have none)" if len(missing) > 1 else ""
        raise UserError(
            f"{missing[0]}: no tags{more}",
            "tag it or take it out; sequences to be predicted belong in a file of their own",
        )
    kinds = {tag for tags in data.tags for tag in tags or ()}
    if len(kinds) < 2:
        raise UserError(
            f'"{table.origin}": column "{layout.roles["tags"]}" has one tag only'
            f' ("{"".join(kinds)}")',
            "a comparison needs at least two tags; name their column: --columns tokens=…,tags=…",
        )
    return replace(data, notes=(*table.notes, *layout.notes, *data.notes))


def untagged(table: Table, columns: dict[str, str], form: str, names: Sequence[str] = ()) -> Tagged:
    """New data in any layout that holds the same kind of sequences, with tags where it has some.

    `names` are those of tags that are numbers.
    """
    given = {role: name for role, name in columns.items() if name in table.frame.columns}
    given.pop("split", None)
    layout = layout_of(table, given, tagged=False)
    if (layout.form == "values") != (form == "values"):
        held, wanted = ("values", "tokens") if layout.form == "values" else ("tokens", "values")
        raise UserError(f'"{table.origin}" holds {held}, the model reads {wanted}')
    return _complete(_renamed(sequences(table, layout), names), table.origin)


def _renamed(data: Tagged, names: Sequence[str]) -> Tagged:
    """With names in the place of numbers; tags that are no numbers stay."""
    if not names:
        return data

    def name(tag: str, where: str) -> str:
        if not tag.isdecimal():
            return tag
        if int(tag) >= len(names):
            raise UserError(
                f"{where}: tag {tag} has no name in options.tag_names, which has {len(names)}",
                f"expected 0 to {len(names) - 1}",
            )
        return names[int(tag)]

    tags = [
        None if some is None else [name(tag, where) for tag in some]
        for some, where in zip(data.tags, data.names, strict=True)
    ]
    return replace(data, tags=tags)


def sequences(table: Table, layout: Layout) -> Tagged:
    """Every sequence of a table, in order, empty ones too."""
    return _of_rows(table, layout) if layout.form == "lists" else _of_steps(table, layout)


def _of_rows(table: Table, layout: Layout) -> Tagged:
    """A sequence a row."""
    frame, roles = table.frame, layout.roles
    column = roles["tokens"]
    names = [f'"{table.origin}" row {row + 1}' for row in range(len(frame))]
    for role in {"tokens", "tags"} & set(roles):
        _refuse_nesting(frame[roles[role]], names)
    tokens = [as_list(cell) or [] for cell in frame[column]]
    tags: list[list[str] | None] = [None] * len(frame)
    if "tags" in roles:
        cells = zip(frame[roles["tags"]], tokens, strict=True)
        tags = [as_tags(cell, len(some)) for cell, some in cells]
    for name, some, own in zip(names, tokens, tags, strict=True):
        if own is not None and len(own) != len(some):
            raise UserError(
                f'{name}: {len(some):,} tokens in "{column}", {len(own):,} tags in'
                f' "{roles["tags"]}"',
                "expected a tag for every token",
            )
        _refuse_empty_tag(name, own)
    return Tagged(layout, tokens, tags, names, **_division(frame, roles))


def _refuse_nesting(column: pd.Series, names: Sequence[str]) -> None:
    for name, cell in zip(names, column, strict=True):
        inner = next(iter(cell), None) if isinstance(cell, list | tuple | np.ndarray) else None
        if isinstance(inner, list | tuple | np.ndarray | dict):
            raise UserError(
                f'{name}: a list within the list in "{column.name}"',
                "expected one list of words, or of tags, a sequence",
            )


def _of_steps(table: Table, layout: Layout) -> Tagged:
    """A token or a time step a row; rows of one sequence need not stand together."""
    roles, origin = layout.roles, table.origin
    keys, notes = _keys(table, roles)
    codes, values = pd.factorize(keys)
    order = np.argsort(codes, kind="stable")
    if "time" in roles:
        moments = table.frame[roles["time"]].to_numpy()
        order = np.lexsort((moments, codes))
    frame = table.frame.iloc[order]
    ends = np.cumsum(np.bincount(codes, minlength=len(values)))[:-1]
    names = [f'"{origin}" sequence {value}' for value in values]
    tags: list[list[str] | None] = [None] * len(values)
    if "tags" in roles:
        tags = [
            _tags_of(part, name)
            for part, name in zip(
                np.split(frame[roles["tags"]].to_numpy(object), ends), names, strict=True
            )
        ]
    if layout.form == "tokens":
        words = frame[roles["tokens"]].fillna("").astype(str).to_numpy(object)
        steps: list[Any] = [part.tolist() for part in np.split(words, ends)]
    else:
        steps = np.split(_numbers(frame, layout.channels, origin), ends)
    first = frame.iloc[np.concatenate(([0], ends)).astype(int)]
    return Tagged(layout, steps, tags, names, notes, **_division(first, roles))


def _keys(table: Table, roles: dict[str, str]) -> tuple[pd.Series, tuple[str, ...]]:
    """Which sequence each row belongs to. What is of several groups is several sequences."""
    column = roles["sequence"]
    keys = table.frame[column].ffill()  # some files name it in its first row only
    if keys.isna().any():
        raise UserError(
            f'"{table.origin}" row 1: column "{column}" is empty',
            "say which sequence each row belongs to",
        )
    group = roles.get("group")
    if group in (None, column) or table.frame[group].groupby(keys).nunique().max() < 2:
        return keys, ()
    both = keys.astype(str) + f" of {group} " + table.frame[group].astype(str)
    note = f'values of "{column}" return with every "{group}": each of both is a sequence'
    return both, (note,)


def _numbers(frame: pd.DataFrame, channels: Sequence[str], origin: str) -> Array:
    missing = [name for name in channels if name not in frame.columns]
    if missing:
        raise UserError(
            f'"{origin}" has no column "{missing[0]}"', f"the model reads {', '.join(channels)}"
        )
    return frame[list(channels)].to_numpy(dtype=np.float64)


def _tags_of(values: Array, name: str) -> list[str] | None:
    """The tags of a sequence, or None where all are missing."""
    missing = pd.isna(values)
    if missing.all():
        return None
    tags = ["" if absent else _plain(v) for v, absent in zip(values, missing, strict=True)]
    _refuse_empty_tag(name, tags)
    return tags


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _refuse_empty_tag(name: str, tags: list[str] | None) -> None:
    if tags is not None and "" in tags:
        raise UserError(
            f"{name}: token {tags.index('') + 1} has no tag", "expected a tag for every token"
        )


def _division(frame: pd.DataFrame, roles: dict[str, str]) -> dict[str, Any]:
    given = None
    if "split" in roles:
        parts = frame[roles["split"]]
        given = [SPLIT_NAMES.get(str(part).strip().lower(), str(part)) for part in parts]
    groups = frame[roles["group"]].tolist() if "group" in roles else None
    return {"groups": groups, "given": given}


def _complete(data: Tagged, origin: str) -> Tagged:
    """Without empty sequences, which are counted."""
    kept = [i for i, steps in enumerate(data.steps) if len(steps)]
    if len(kept) == len(data):
        return data
    if not kept:
        raise UserError(
            f'"{origin}": all sequences are empty', "name the columns: --columns tokens=…,tags=…"
        )
    empty = next(i for i in range(len(data)) if not len(data.steps[i]))
    note = f"empty sequences left out: {len(data) - len(kept):,} (the first: {data.names[empty]})"

    def of(values: Sequence[Any] | None) -> Any:
        return None if values is None else [values[i] for i in kept]

    return Tagged(
        data.layout,
        of(data.steps),
        of(data.tags),
        of(data.names),
        (*data.notes, note),
        of(data.groups),
        of(data.given),
    )
