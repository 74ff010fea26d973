"""SQuAD's JSON (Rajpurkar et al., 2016, 2018) as a table: a question a row.

{"data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question", "answers":
[{"text", "answer_start"}], "is_impossible"}]}]}]}
→ columns title, context, question, answers (a list of texts), starts (a list of offsets).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from seqlab.errors import UserError

COLUMNS = ("id", "title", "context", "question", "answers", "starts")


def is_squad(content: Any) -> bool:
    """Whether parsed JSON has SQuAD's outer shape."""
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        return False
    data = content["data"]
    return bool(data) and isinstance(data[0], dict) and "paragraphs" in data[0]


def squad_frame(content: dict[str, Any], origin: str) -> pd.DataFrame:
    """The questions of all articles; one that cannot be answered has no answers."""
    rows: list[tuple[Any, ...]] = []
    try:
        for row in _rows(content):
            rows.append(row)  # one by one: how many were read tells where an error is
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        missing = f"{error.args[0]} is missing" if isinstance(error, KeyError) else "wrong nesting"
        raise UserError(
            f'"{origin}": SQuAD\'s JSON is not complete: '
            f"{error if isinstance(error, ValueError) else missing}, at question {len(rows) + 1}",
            "expected data → paragraphs → context and qas → question and answers → text and"
            " answer_start",
        ) from None
    if not rows:
        raise UserError(f'"{origin}": SQuAD\'s JSON holds no questions', "expected some in qas")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(content: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for article in content["data"]:
        for paragraph in article["paragraphs"]:
            for asked in paragraph["qas"]:
                found = asked.get("answers") or []
                yield (
                    str(asked.get("id", "")),
                    str(article.get("title", "")),
                    _text(paragraph["context"], "context"),
                    _text(asked["question"], "question"),
                    [_text(answer["text"], "text") for answer in found],
                    [_offset(answer.get("answer_start", -1)) for answer in found],
                )


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"its {field} is a {type(value).__name__}, not a text")
    return value


def _offset(value: Any) -> int:
    if isinstance(value, float | int) and value == value and abs(value) < 2**63:
        return int(value)
    raise ValueError(f'its answer_start "{str(value)[:40]}" is not a whole number')
