"""What was learned from the training part, and how questions become positions with it.

A model reads [question, separator, context]; answers are positions of their first and last token.
The separator's own position stands for "there is no answer".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.splits import Splits
from seqlab.data.tokens import Tokenizer, train_tokenizer
from seqlab.errors import UserError, unknown
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec
from seqlab.tasks.spans.options import Options
from seqlab.tasks.spans.reading import Question, Reading
from seqlab.tasks.texts.reading import LONGEST, separator_of, token_spec

METRICS = ("answer-f1", "exact-match")
PARTS = ("train", "valid", "test")
NONE = -1  # a position that is not known

Offsets = NDArray[np.int32]


class Fitted(Spec):
    """window: the most positions that are read at once, of question, separator and context.

    stride: how many tokens further into a longer context the next window begins.
    """

    metrics: tuple[str, ...]
    columns: dict[str, str]
    window: int
    stride: int = Field(128, ge=1)
    longest_answer: int
    unanswerable: bool

    def encode(
        self, tokenizer: Tokenizer, questions: Sequence[Question], known: bool = True
    ) -> Examples:
        """tokens; begin, the context's first position; offsets, the characters (from, up to) of
        its tokens; answer (n, 2), first and last position; the texts and the accepted answers.
        """
        asked = tokenizer.encode_batch([q.question for q in questions])
        contexts = [tokenize(tokenizer, q.context) for q in questions]
        rows = [self._row(tokenizer, ids, *held) for ids, held in zip(asked, contexts, strict=True)]
        begin = np.array([len(ids) - len(held) for ids, held in rows], dtype=np.int64)
        answers = [
            answer_positions(q, held, int(first), known)
            for q, (_, held), first in zip(questions, rows, begin, strict=True)
        ]
        return Examples(
            {
                "tokens": Ragged.of([ids for ids, _ in rows]),
                "offsets": Ragged.of([held for _, held in rows]),
                "begin": begin,
                "answer": np.asarray(answers, dtype=np.int64).reshape(-1, 2),
            },
            pd.DataFrame(
                {
                    "context": [q.context for q in questions],
                    "question": [q.question for q in questions],
                    "answers": [q.answers if known else [] for q in questions],
                }
            ),
        )

    def _row(
        self, tokenizer: Tokenizer, asked: Array, context: Array, offsets: Offsets
    ) -> tuple[Array, Offsets]:
        """A question keeps at most half of the window; the context is whole."""
        question = asked[: max(1, self.window // 2)]
        separator = np.array([separator_of(tokenizer)], dtype=np.int32)
        return np.concatenate([question, separator, context]), offsets


def tokenize(tokenizer: Tokenizer, text: str) -> tuple[Array, Offsets]:
    """Token ids and the characters (from, up to) that each stands for, (T, 2)."""
    found = tokenizer.core.encode(text, add_special_tokens=False)
    return np.array(found.ids, dtype=np.int32), np.array(found.offsets, np.int32).reshape(-1, 2)


def answer_positions(
    question: Question, offsets: Offsets, begin: int, known: bool
) -> tuple[int, int]:
    """First and last position of the first answer; the separator's where the context holds none."""
    if not known:
        return NONE, NONE
    if not question.spans:
        return begin - 1, begin - 1
    start, end = question.spans[0]
    held = np.flatnonzero((offsets[:, 1] > start) & (offsets[:, 0] < end))
    if not len(held):  # nothing that the tokeniser keeps
        return NONE, NONE
    return begin + int(held[0]), begin + int(held[-1])


def fit_and_encode(
    data: Reading, splits: Splits, spec: DataSpec
) -> tuple[Fitted, Tokenizer, list[Examples], dict[str, Any]]:
    """The fitted state, the parts, and the data card."""
    options = Options.read(spec.options, "options")
    parts = {p: [data.questions[row] for row in getattr(splits, p)] for p in PARTS}
    train = parts["train"]
    contexts = list(dict.fromkeys(q.context for q in train))
    texts = [*contexts, *(q.question for q in train)]
    tokenizer = train_tokenizer(texts, token_spec(contexts, spec))
    lengths = _lengths(tokenizer, train)
    window = spec.max_tokens or min(LONGEST, int(np.quantile(lengths, 0.99, method="higher")))
    if window < 3:
        raise UserError(
            f"max_tokens = {window}: a question, the separator and a context need 3",
            "raise --set data.max_tokens=…",
        )
    if spec.stride is not None and spec.stride < 1:
        raise UserError(f"data.stride = {spec.stride}: expected a whole number from 1 on")
    fitted = Fitted(
        metrics=_metrics(spec.metric),
        columns=data.columns,
        window=window,
        stride=spec.stride or max(1, window // 4),
        longest_answer=1,
        unanswerable=data.unanswerable,
    )
    encoded = [fitted.encode(tokenizer, parts[part]) for part in PARTS]
    spread = np.diff(np.asarray(encoded[0].arrays["answer"]), axis=1) + 1
    fitted = fitted.with_(longest_answer=options.longest_answer or int(spread.max()))
    card = _card(data, splits, fitted, tokenizer, encoded)
    return fitted, tokenizer, encoded, card | {"longest_example_in_tokens": int(lengths.max())}


def _tokens(part: Examples) -> NDArray[np.int64]:
    tokens = part.arrays["tokens"]
    assert isinstance(tokens, Ragged)
    return tokens.lengths


def _lengths(tokenizer: Tokenizer, questions: Sequence[Question]) -> NDArray[np.int64]:
    asked = tokenizer.encode_batch([q.question for q in questions])
    contexts = tokenizer.encode_batch([q.context for q in questions])
    return np.array([len(a) + len(c) + 1 for a, c in zip(asked, contexts, strict=True)])


def _metrics(asked: str | None) -> tuple[str, ...]:
    primary = asked or METRICS[0]
    if primary not in METRICS:
        raise unknown("metric of span", primary, METRICS)
    return (primary, *(name for name in METRICS if name != primary))


def _card(
    data: Reading,
    splits: Splits,
    fitted: Fitted,
    tokenizer: Tokenizer,
    encoded: Sequence[Examples],
) -> dict[str, Any]:
    beyond = [int((_tokens(part) > fitted.window).sum()) for part in encoded]
    notes = [*data.notes, *splits.notes]
    if any(beyond):
        counts = ", ".join(f"{n:,} in {part}" for n, part in zip(beyond, PARTS, strict=True) if n)
        notes.append(
            f"questions whose context is longer than the {fitted.window} tokens that are read at"
            f" once: {counts}; read in windows that begin {fitted.stride} tokens apart"
        )
    return {
        "parts": {part: len(getattr(splits, part)) for part in PARTS},
        "questions_without_answer": sum(not q.spans for q in data.questions),
        "longest_answer_in_tokens": fitted.longest_answer,
        "tokenizer": tokenizer.spec.plain(),
        "vocabulary": tokenizer.vocabulary_size,
        "tokens_read_of_each_example": fitted.window,
        "split": splits.how,
        "columns": data.columns,
        "notes": notes,
        "duplicates_removed": 0 if splits.overlap is None else len(splits.overlap.removed),
    }
