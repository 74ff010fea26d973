"""Cells as texts or as lists of values, and which column is the second of two texts."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data.columns import normalised
from seqlab.data.words import count_words

TEXT_DIVIDER = " ⏐ "  # between two texts, where people read them as one

# Names that only go together; the first is also an alias of a single text.
PAIR_COLUMNS = {
    "text1": "text2",
    "text_a": "text_b",
    "texta": "textb",
    "sentence1": "sentence2",
    "sentence_a": "sentence_b",
    "question1": "question2",
    "premise": "hypothesis",
    "text": "text2",
}


def as_texts(column: pd.Series) -> list[str]:
    """Values as texts; a missing one is empty."""
    return ["" if missing else str(v) for v, missing in zip(column, column.isna(), strict=True)]


def not_texts(column: pd.Series) -> pd.Series:
    """Why each cell is no text; empty where it is one."""

    def why(value: object) -> str:
        if isinstance(value, dict):
            return f'an object where "{column.name}" should hold a text'
        if isinstance(value, list | tuple | np.ndarray):
            return f'a list where "{column.name}" should hold a text'
        return ""

    return column.map(why).astype(object)


def second_text(frame: pd.DataFrame, first: str) -> str | None:
    """The column that its name makes the second of two texts, where the first is known."""
    by_name = {normalised(str(name)): str(name) for name in frame.columns}
    return by_name.get(PAIR_COLUMNS.get(normalised(first), ""))


def as_one(texts: Sequence[str], others: Sequence[str] | None) -> list[str]:
    """Two texts as people read them, and as duplicates are judged."""
    if others is None:
        return list(texts)
    return [f"{one}{TEXT_DIVIDER}{other}" for one, other in zip(texts, others, strict=True)]


def as_list(cell: Any) -> list[str] | None:
    """The values of a cell as strings, or None for a missing one."""
    if isinstance(cell, list | tuple | np.ndarray):
        return [_text(value) for value in cell]
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return None
    text = str(cell).strip()
    if text.startswith("[") and text.endswith("]"):
        parsed = _parsed(text)
        if isinstance(parsed, list):
            return [_text(value) for value in parsed]
    return text.split()


def count_values(cell: Any) -> int:
    """How many values `as_list` would find; a text is not divided for it."""
    if isinstance(cell, str) and not cell.lstrip().startswith("["):
        return count_words(cell)
    return len(as_list(cell) or ())


def is_nested(cell: Any) -> bool:
    """Whether a cell's list holds lists."""
    first = next(iter(cell), None) if isinstance(cell, list | tuple | np.ndarray) else None
    return isinstance(first, list | tuple | np.ndarray | dict)


def as_tags(cell: Any, count: int) -> list[str] | None:
    """The same for the tags of `count` tokens, which commas may divide too: O,B-PER."""
    if isinstance(cell, list | tuple | np.ndarray):
        return [v if isinstance(v, str) else _text(_whole(v)) for v in cell]
    tags = as_list(cell)
    if count > 1 and tags is not None and len(tags) == 1 and isinstance(cell, str):
        divided = [part.strip() for part in tags[0].split(",")]
        return divided if len(divided) == count else tags
    return tags


def count_tags(cell: Any, count: int) -> int:
    """How many tags `as_tags` would find."""
    values = count_values(cell)
    return len(as_tags(cell, count) or ()) if values == 1 else values


def _text(value: Any) -> str:
    """One value; a missing one is empty."""
    if isinstance(value, str):
        return value
    return "" if np.ndim(value) == 0 and pd.isna(value) else str(value)


def _whole(value: Any) -> Any:
    """1.0 as 1: a column of whole numbers holds such where a cell of it is empty."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
