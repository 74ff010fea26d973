"""Several labels an example: in one cell with a delimiter or as a list, or a column of 0/1 each.

"funny|sad"     ["funny", "sad"]     funny,sad,long          → the labels funny and sad
"funny,sad"     {'funny', 'sad'}     1,1,0
                (funny, sad)
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data.class_names import as_seen
from seqlab.data.columns import ColumnKind, aliases, describe, kind, normalised
from seqlab.data.findings import Finding
from seqlab.data.inspection import MIN_ROWS_PER_CLASS

# Delimiters that are recognised; another is named by options.delimiter.
GUESSED_DELIMITERS = ("|", ";", ",")
# Where names may hold the delimiter too: with more it is rather a part of the names.
MOST_LABELS_A_COMBINATION = 0.75
LISTED_NAMES = 8  # in a note
LISTS, FLAGS = "lists", "flags"  # forms of several labels; any other form is a delimiter

_BRACKETS = ("[]", "()", "{}")
_QUOTED = re.compile(r"""["'\[\](){}]""" + r"(?!$)(?<!^.)")  # a quote or bracket within brackets

Labels = tuple[str, ...]


def form_of(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """How columns hold several labels: `flags`, `lists`, a delimiter; empty where they do not."""
    if len(columns) > 1:
        return FLAGS
    column = frame[columns[0]]
    if kind(column) is ColumnKind.LIST:
        return LISTS
    if pd.api.types.is_numeric_dtype(column.dtype):
        return ""
    values = [str(v).strip() for v in column.dropna()]
    if values and all(v[:1] + v[-1:] in _BRACKETS for v in values):
        return LISTS if all(_list(v) is not None for v in values[:1000]) else ""
    return next((mark for mark in GUESSED_DELIMITERS if _divides(values, mark)), "")


def _divides(values: Sequence[str], mark: str) -> bool:
    """Whether a mark makes few labels of many combinations, and not parts of names."""
    whole = set(values)
    counts = Counter(part for value in whole for part in _split(value, mark))
    if sum(mark in value for value in values) < 2 or not 1 < len(counts) < len(whole):
        return False
    # Commas stand in names too: there each part has to recur in other combinations.
    combined = {part for value in whole if mark in value for part in _split(value, mark)}
    recur = all(counts[part] > 1 for part in combined)
    return mark != "," or (recur and len(counts) <= MOST_LABELS_A_COMBINATION * len(whole))


def flags_in(frame: pd.DataFrame, taken: Sequence[str]) -> list[str]:
    """Two or more columns of 0 and 1, if no other column can be the label."""
    left = [str(name) for name in frame.columns if str(name) not in taken]
    labels = set(aliases("label"))
    if any(normalised(name) in labels for name in left):
        return []
    flags = [name for name in left if _is_flag(frame[name])]
    kinds = describe(frame)
    others = set(left) - set(flags)
    words = any(kinds[name] is ColumnKind.CATEGORY for name in others)
    return [] if len(flags) < 2 or words else flags


def _is_flag(column: pd.Series) -> bool:
    if not (pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column)):
        return False
    if isinstance(column.dtype, pd.api.extensions.ExtensionDtype) and column.isna().any():
        return False
    values = column.to_numpy("f8")
    return bool(((values == 0) | (values == 1)).all())


def sets_of(frame: pd.DataFrame, columns: Sequence[str], form: str) -> list[Labels | None]:
    """The labels of each row, each once, in the order in which they stand there; None: unreadable.

    A missing cell holds no labels.
    """
    if form == FLAGS:
        return _from_flags(frame, columns)
    return [
        None if names is None else tuple(dict.fromkeys(name for name in names if name))
        for names in (_parsed(value, form) for value in frame[columns[0]])
    ]


def why_unreadable(frame: pd.DataFrame, columns: Sequence[str], form: str, row: int) -> str:
    """What is wrong with a row whose labels are None."""
    if form != FLAGS:
        return f'"{frame[columns[0]].iloc[row]}" in "{columns[0]}" is no list of labels'
    for name in columns:
        value = pd.to_numeric(frame[name].iloc[[row]], errors="coerce").iloc[0]
        if value not in (0, 1):
            return f'"{frame[name].iloc[row]}" in "{name}", expected 0 or 1'
    raise AssertionError("a readable row")


def _parsed(value: Any, form: str) -> list[str] | None:
    if isinstance(value, list | tuple | np.ndarray):
        return [as_seen(str(v)) for v in value]
    if value is None or value != value:
        return []
    return _list(str(value)) if form == LISTS else _split(str(value), form)


def _split(value: str, mark: str) -> list[str]:
    return [as_seen(part) for part in value.split(mark) if part.strip()]


def _list(text: str) -> list[str] | None:
    """A list as JSON writes it, a list, tuple or set as Python does, or words between brackets."""
    text = text.strip() or "[]"
    if text[0] == "{":  # a set of Python, whose order is kept so, or an array of PostgreSQL
        if ":" in text:
            return None
        text = f"[{text[1:-1]}]"
    for read in (json.loads, ast.literal_eval):
        try:
            parsed = read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(parsed, list | tuple):
            return [as_seen(str(v)) for v in parsed]
    bare = text[:1] + text[-1:] in _BRACKETS and not _QUOTED.search(text)
    return _split(text[1:-1], ",") if bare else None


def _from_flags(frame: pd.DataFrame, columns: Sequence[str]) -> list[Labels | None]:
    values = np.stack(
        [pd.to_numeric(frame[name], errors="coerce").to_numpy("f8") for name in columns], axis=1
    )
    readable = [set(row) <= {0.0, 1.0} for row in values]
    names = np.asarray(columns, dtype=object)
    return [
        tuple(names[row == 1]) if good else None for row, good in zip(values, readable, strict=True)
    ]


def set_findings(sets: Sequence[Labels], form: str) -> list[Finding]:
    """How labels are written, and how often each of several holds."""
    how = {"lists": "lists", "flags": "columns of 0 and 1"}.get(form, f'divided by "{form}"')
    none, mean = sum(not labels for labels in sets), sum(map(len, sets)) / len(sets)
    counts = Counter(label for labels in sets for label in labels)
    shares = [f"{name} {count / len(sets):.1%}" for name, count in counts.most_common(LISTED_NAMES)]
    more = f" and {len(counts) - LISTED_NAMES} more" if len(counts) > LISTED_NAMES else ""
    findings = [
        Finding(
            "info",
            f"several labels per example ({how}): {mean:.2f} on average, {none:,} rows have none",
        ),
        Finding("info", f"{len(counts)} labels", ", ".join(shares) + more),
    ]
    rare = [name for name, count in counts.items() if count < MIN_ROWS_PER_CLASS]
    if rare:
        findings.append(
            Finding(
                "warning",
                f"labels with fewer than {MIN_ROWS_PER_CLASS} examples: {len(rare)}",
                ", ".join(rare[:LISTED_NAMES]),
                "merge them or add examples: scores of so few are mostly chance",
            )
        )
    return findings
