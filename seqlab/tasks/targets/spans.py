"""Spans: which piece of its context answers a question, as first and last position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data.examples import Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.metrics.base import Metric, metrics_of, primary_first
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Exhibit, Predictions, as_array
from seqlab.tasks.exhibits import spans as shown
from seqlab.tasks.inputs.cells import as_texts
from seqlab.tasks.inputs.question_context import no_column, roles_in
from seqlab.tasks.parts import (
    Arrays,
    ColumnChoice,
    ColumnRequest,
    Input,
    Target,
)
from seqlab.tasks.targets.span_texts import (
    Answers,
    accepted,
    answers,
    answers_in,
    normalised,
    spans_of,
)

METRICS = ("answer-f1", "exact-match")
UNKNOWN_POSITION = -1  # a position that is not known
SAMPLED_ROWS = 50
FITTING_SHARE = 0.8  # of the sampled rows, whose answers must be in their contexts


class SpanOptions(Spec):
    """unanswerable: whether a context may hold no answer (None: if the data has empty lists of
    answers, as in SQuAD 2). longest_answer: in tokens; None: the longest of the training part.
    """

    unanswerable: bool | None = None
    longest_answer: int | None = Field(None, ge=1)


class Spans(Target):
    """Positions (n, 2) of an answer's first and last token; the separator's for no answer.

    without_answer: questions of all parts whose context holds none. longest_answer: in tokens.
    A choice's layout is `options.unanswerable`; once settled, it is `without_answer`.
    """

    roles = ("answer", "start", "end", "context")
    options_type = SpanOptions

    without_answer: int
    longest_answer: int | None

    @property
    def unanswerable(self) -> bool:
        """Whether some contexts hold no answer."""
        return self.without_answer > 0

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        columns = roles_in(table, cls.roles, request.named, request.taken)
        if "answer" not in columns and "start" not in columns:
            raise no_column(table, "answer")
        if "answer" not in columns and "end" not in columns:
            raise UserError(
                f'"{table.origin}": column "{columns["start"]}" says where answers start, but no'
                " column says where they end or what they are",
                "name it with --columns answer=… or end=…",
            )
        own = ", ".join(f'"{columns[r]}"' for r in cls.roles if r in columns and r != "context")
        choice = ColumnChoice(
            columns, 0.95, f"answers in {own}", layout=request.options.unanswerable
        )
        flaws = cls.flaws(replace(table, frame=table.frame.head(SAMPLED_ROWS)), choice)
        if (flaws == "").mean() < FITTING_SHARE:
            why = f"columns {own}, but few answers are pieces of their context"
            return replace(choice, score=0.2, why=why)
        return choice

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        """Answers that are no pieces of their context, or are missing."""
        rows = answers_in(table.frame, choice.columns)
        flaws = [answer.why_unusable(choice.layout) for answer in rows]
        return pd.Series(flaws, index=table.frame.index, dtype=object)

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """`answers`, the accepted texts; `unfit`, why there are none; and the arrays `spans`, their
        characters (from, up to), and `moved`, how many were not where they were said to be.

        No accepted text: it is not known. An empty one: the context holds no answer.
        """
        contexts = as_texts(table.frame[choice.columns["context"]])
        if {"answer", "start"} & set(choice.columns):
            rows = answers_in(table.frame, choice.columns)
            unfit = [answer.why_unusable(choice.layout) for answer in rows]
            texts = [
                [] if why else answer.texts(context)
                for answer, why, context in zip(rows, unfit, contexts, strict=True)
            ]
        else:  # new questions
            rows = [Answers((), "", 0, False)] * len(contexts)
            unfit, texts = [""] * len(contexts), [[] for _ in contexts]
        spans = [np.array(answer.spans, dtype=np.int64).reshape(-1, 2) for answer in rows]
        moved = np.array([answer.moved for answer in rows], dtype=np.int64)
        frame = pd.DataFrame({"answers": pd.Series(texts, dtype=object), "unfit": unfit})
        return Examples({"spans": Ragged.of(list(spans)), "moved": moved}, frame)

    @classmethod
    def settled(cls, rows: Examples, choice: ColumnChoice) -> ColumnChoice:
        """Whether any context of any part holds no answer: training may have none of them."""
        return replace(choice, layout=int((rows.ragged("spans").lengths == 0).sum()))

    @classmethod
    def findings(cls, rows: Examples, choice: ColumnChoice) -> list[Finding]:
        """How long answers are, how many questions have several or none, and moved offsets."""
        counts = rows.ragged("spans").lengths
        texts = rows.frame["answers"]
        lengths = np.array([len(some[0].split()) for some in texts if some != [""]] or [0])
        several = sum(len(some) > 1 for some in texts)
        told = [
            Finding(
                "info",
                f"answers have {lengths.mean():.1f} words on average, {lengths.max():,} at most",
                f"{several:,} questions accept several answers",
            )
        ]
        if not counts.all():
            share = float((counts == 0).mean())
            told.append(
                Finding("info", f"questions without an answer in their context: {share:.0%}")
            )
        return [*told, *(Finding("warning", note) for note in _moved([rows]))]

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        return cls(
            columns=choice.columns,
            metrics=primary_first(spec.metric, metrics_of("span", METRICS)),
            without_answer=choice.layout,
            longest_answer=options.longest_answer,
        )

    # -- learned -------------------------------------------------------------------------------

    def as_long_as(self, train: Examples) -> Self:
        """With the longest answer of the encoded training part, unless the user set another."""
        if self.longest_answer is not None:
            return self
        return self.with_(longest_answer=int(np.diff(train.array("answer"), axis=1).max()) + 1)

    def choice_for(self, table: Table) -> ColumnChoice:
        """As far as they are there; the context is the one that is read."""
        known = super().choice_for(table).columns
        columns = roles_in(table, self.roles, known)
        if "answer" not in columns and not {"start", "end"} <= set(columns):
            columns = {"context": columns["context"]}
        return ColumnChoice(columns, 1.0, "as in training")

    def encode(self, rows: Examples) -> Arrays:
        """`answer` (n, 2): first and last position of the first answer, where it is known."""
        spans, offsets = rows.ragged("spans"), rows.ragged("offsets")
        begin, positions = (
            rows.array("begin"),
            np.full((len(rows), 2), UNKNOWN_POSITION, dtype=np.int64),
        )
        for row, texts in enumerate(rows.frame["answers"]):
            if len(spans[row]):
                start, end = spans[row][0]
                tokens = offsets[row]
                inside = np.flatnonzero((tokens[:, 1] > start) & (tokens[:, 0] < end))
                if len(inside):  # else there is nothing that the tokenizer keeps
                    positions[row] = begin[row] + inside[0], begin[row] + inside[-1]
            elif len(texts):
                positions[row] = begin[row] - 1
        return {"answer": positions}

    def known(self, examples: Examples) -> NDArray[np.bool_]:
        return np.asarray((examples.array("answer") >= 0).all(axis=1))

    def wanted(self, examples: Examples) -> NDArray[np.int64]:
        return examples.array("answer")

    def statistics(
        self, metric: Metric, predictions: Predictions, examples: Examples
    ) -> NDArray[np.float64]:
        """Texts are compared as SQuAD does: case, articles and punctuation do not count."""
        predicted = [normalised(text) for text in answers(predictions, examples)]
        return metric.collect(predicted, accepted(examples))

    def present(self, predictions: Predictions, examples: Examples) -> dict[str, Any]:
        """Answer, where it starts and ends in its context, its probability; why one is unscored."""
        spans = spans_of(predictions, examples)
        columns = {
            "answer": answers(predictions, examples),
            "start": spans[:, 0],
            "end": spans[:, 1],
            "probability": as_array(predictions)[:, 2],
        }
        unfit = examples.frame["unfit"].to_numpy()
        return {**columns, "not scored": unfit} if (unfit != "").any() else columns

    def exhibits(self, predictions: Predictions, examples: Examples, read: Input) -> list[Exhibit]:
        """Contexts with both answers marked, quality by kind of question and by length."""
        return shown.exhibits(predictions, examples, read)

    def card(self, train: Examples) -> dict[str, Any]:
        return {
            "questions_without_answer": self.without_answer,
            "longest_answer_in_tokens": self.longest_answer,
        }

    def notes(self, parts: Mapping[str, Examples]) -> list[str]:
        return _moved(list(parts.values()))


def _moved(parts: list[Examples]) -> list[str]:
    """A note that counts answers that were not where they were said to be."""
    count = sum(int(part.array("moved").sum()) for part in parts)
    return [f"offsets that did not fit their answer were moved to it: {count:,}"] if count else []
