"""Cells as texts, and which column is the second of two texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqlab.data.columns import normalised

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
