"""One cell with many values: lists as such, as JSON or Python writes them, or divided by spaces."""

from __future__ import annotations

import ast
import json
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data.words import count_words


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
