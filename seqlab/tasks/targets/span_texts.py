"""Answers as cells write them, and predicted positions as pieces of their contexts.

Answers are compared as SQuAD does (Rajpurkar et al., 2016, "SQuAD: 100,000+ Questions for Machine
Comprehension of Text"): case, articles, punctuation and spacing do not count.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.tasks.base import Predictions, as_array
from seqlab.tasks.inputs.cells import as_texts

Span = tuple[int, int]  # characters of the context: from, and up to but without


@dataclass(frozen=True)
class Answers:
    """What one row says of its answers.

    spans: those that are pieces of the context. flaw: why none is, in words, or empty. moved: how
    many were not where they were said to be. listed: whether the cell can hold several, or none.
    """

    spans: tuple[Span, ...]
    flaw: str
    moved: int
    listed: bool

    def why_unusable(self, unanswerable: bool | None) -> str:
        """Why the row cannot be used, or empty; `unanswerable`: see SpanOptions."""
        accepts_none = self.listed if unanswerable is None else unanswerable
        if self.spans or (not self.flaw and accepts_none):
            return ""
        return self.flaw or "there is no answer"

    def texts(self, context: str) -> list[str]:
        """The accepted answers, each once; an empty one where the context holds none."""
        return list(dict.fromkeys(context[a:b] for a, b in self.spans)) or [""]


def answers_in(frame: pd.DataFrame, columns: dict[str, str]) -> list[Answers]:
    """The answers of each row."""
    rows: list[Answers] = []
    for row, context in enumerate(as_texts(frame[columns["context"]])):
        texts, starts, ends, listed = _cells(frame, columns, row)
        rows.append(Answers(*_spans(context, texts, starts, ends), listed))
    return rows


def _cells(
    frame: pd.DataFrame, roles: dict[str, str], row: int
) -> tuple[list[str | None], list[int | None], list[int | None], bool]:
    """A row's answers by text, start and end, None where it does not say; and if as lists."""
    texts: list[Any] | None = None
    starts: list[Any] | None = None
    ends: list[Any] | None = None
    answer = frame[roles["answer"]].iloc[row] if "answer" in roles else None
    listed = isinstance(answer, list | tuple | np.ndarray | dict)
    if isinstance(answer, dict):  # as in data sets of Hugging Face
        texts, starts = _listed(answer.get("text")), _listed(answer.get("answer_start"))
    elif answer is not None:
        texts = [t for t in _listed(answer) if str(t).strip()]
    if "start" in roles:
        starts = _listed(frame[roles["start"]].iloc[row])
    if "end" in roles:
        ends = _listed(frame[roles["end"]].iloc[row])
    count = max(len(values) if values is not None else 0 for values in (texts, starts, ends))
    if texts is not None:
        count = len(texts)
    return _padded(texts, count), _padded(starts, count), _padded(ends, count), listed


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list | tuple | np.ndarray):
        return list(value)
    missing = value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA
    return [] if missing else [value]


def _padded(values: list[Any] | None, count: int) -> list[Any]:
    known = list(values or ())[:count]
    return known + [None] * (count - len(known))


def _spans(
    context: str, texts: list[str | None], starts: list[int | None], ends: list[int | None]
) -> tuple[tuple[Span, ...], str, int]:
    """The answers' spans, why there is none, and how many were not where they were said to be."""
    spans: list[Span] = []
    reason, moved = "", 0
    for text, start, end in zip(texts, map(_whole, starts), map(_whole, ends), strict=True):
        if text is not None:
            span = _nearest(context, str(text), start or 0)
            why = "the answer is not in the context"
        elif start is None or end is None:
            continue
        else:
            span = (start, end) if 0 <= start < end <= len(context) else None
            why = "the offsets are outside of the context"
        if span is None:
            reason = reason or why
        else:
            spans.append(span)
            moved += start is not None and span[0] != start
    return tuple(spans), "" if spans else reason, moved


def _nearest(context: str, text: str, start: int) -> Span | None:
    """Where a text stands in the context, the place nearest to `start`."""
    places = [match.start() for match in re.finditer(f"(?={re.escape(text)})", context)]
    if not places:
        return None
    near = min(places, key=lambda place: abs(place - start))
    return near, near + len(text)


def _whole(value: Any) -> int | None:
    try:
        return None if value is None or value != value else int(value)
    except (TypeError, ValueError):
        return -1  # no offset at all: outside of every context


_ARTICLES = re.compile(r"\b(a|an|the)\b")
_MARKS = str.maketrans("", "", string.punctuation)


def normalised(answer: str) -> str:
    """An answer in lower case without punctuation, articles and spare spaces."""
    return " ".join(_ARTICLES.sub(" ", answer.lower().translate(_MARKS)).split())


def spans_of(predictions: Predictions, examples: Examples) -> NDArray[np.int64]:
    """Characters of the context (from, up to), (n, 2); −1 and −1 for no answer."""
    positions = as_array(predictions)[:, :2].astype(np.int64)
    begin, offsets = examples.array("begin"), examples.ragged("offsets")
    spans = np.full((len(examples), 2), -1, dtype=np.int64)
    for row, (first, last) in enumerate(positions - begin[:, None]):
        if first >= 0:
            tokens = offsets[row]
            spans[row] = int(tokens[first, 0]), int(tokens[last, 1])
    return spans


def answers(predictions: Predictions, examples: Examples) -> list[str]:
    """The predicted pieces; empty where no answer is predicted."""
    contexts = examples.frame["context"]
    return [
        str(context)[start:end] if start >= 0 else ""
        for context, (start, end) in zip(contexts, spans_of(predictions, examples), strict=True)
    ]


def accepted(examples: Examples) -> list[list[str]]:
    """The accepted answers of each example, normalised; [""] where there is no answer."""
    return [[normalised(str(text)) for text in texts] for texts in examples.frame["answers"]]
