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
    try:
        rows = list(_rows(content))
    except (KeyError, TypeError, AttributeError) as error:
        missing = f"{error.args[0]} is missing" if isinstance(error, KeyError) else "wrong nesting"
        raise UserError(
            f'"{origin}": SQuAD\'s JSON is not complete: {missing}',
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
                    paragraph["context"],
                    asked["question"],
                    [answer["text"] for answer in found],
                    [int(answer.get("answer_start", -1)) for answer in found],
                )
