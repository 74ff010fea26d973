"""Columns of texts: their values, and the second of two texts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqlab.data.columns import normalised
from seqlab.errors import UserError

# Names that only go together; the first is also an alias of a single text.
PAIRS = {
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
    """Values as texts; a missing one is empty, and a list is none."""
    refuse_lists(column)
    return ["" if missing else str(v) for v, missing in zip(column, column.isna(), strict=True)]


def refuse_lists(column: pd.Series) -> None:
    """An error that names the first cell with a list, which is no text."""
    listed = [isinstance(value, list | tuple | np.ndarray | dict) for value in column]
    if any(listed):
        row = listed.index(True)
        what = "an object" if isinstance(column.iloc[row], dict) else "a list"
        raise UserError(
            f'column "{column.name}" row {row + 1}: {what} where a text is expected',
            "join its parts into one text, or name another column with --columns",
        )


def second_text(frame: pd.DataFrame, first: str) -> str | None:
    """The column that its name makes the second of two texts, where the first is known."""
    by_name = {normalised(str(name)): str(name) for name in frame.columns}
    return by_name.get(PAIRS.get(normalised(first), ""))
