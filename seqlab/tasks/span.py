"""Answering by span: which piece of a context answers a question.

    context "Ada wrote the first program in 1843."  question "When was it written?"  → "1843"

A model reads question, separator and context, and points at the answer's first and last token
(Wang and Jiang, 2017, "Machine comprehension using match-LSTM and answer pointer", boundary model).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples, Ragged
from seqlab.data.table import Table
from seqlab.registry import registered
from seqlab.tasks.base import Confidence, DataSpec, Loss, Predictions
from seqlab.tasks.inputs.context_windows import logits_of, positions_read, windows_of
from seqlab.tasks.inputs.question_context import QuestionContext
from seqlab.tasks.parts import Sequences
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.rows import StudyRows
from seqlab.tasks.targets.spans import Spans

if TYPE_CHECKING:
    from torch import Tensor, nn

    from seqlab.batch import Batch

CARD = {
    "roles": ["context", "question", "answer", "start", "end", "group", "split"],
    "settings": [
        "split",
        "group",
        "folds",
        "keep_duplicates",
        "tokenizer",
        "vocabulary",
        "max_tokens",
        "stride",
        "metric",
    ],
    "example": '"Ada wrote it in 1843." "When?" → 1843',
    "floor": False,  # a sentence that shares its words with the question may well answer it
}

SQUAD_COLUMNS = {"context", "question", "answers", "starts"}  # as SQuAD's JSON is read


@registered
class Span(RowTask):
    """Predictions (n, 3): first and last position of the answer, and its probability."""

    input_types = (QuestionContext,)
    target_type = Spans
    reader: QuestionContext
    target: Spans

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """Contexts, questions, and answers that are pieces of their contexts."""
        if set(table.frame.columns) >= SQUAD_COLUMNS:
            return Confidence(0.95, "contexts, questions and answers as in SQuAD: span")
        return super().recognise(table)

    @classmethod
    def learn(cls, train: Examples, study: StudyRows, spec: DataSpec) -> Self:
        """Answers are as long as those of the training part, in the input's tokens."""
        task = super().learn(train, study, spec)
        return cls(task.reader, task.target.as_long_as(task.encoded(train)), task.state)

    @classmethod
    def sample(cls, rows: int, seed: int) -> Table:
        """Who lives where, asked of one of two people."""
        rng = np.random.default_rng(seed)
        names, places = ["Ada", "Bob", "Cy", "Dee"], ["Rome", "Oslo", "Bern", "Lima", "Kyiv"]
        cells = []
        for n in range(rows):
            who, where = rng.permutation(names)[:2], rng.permutation(places)[:2]
            context = f"{who[0]} lives in {where[0]}, {who[1]} in {where[1]} at {n}."
            asked = int(rng.integers(2))
            cells.append((context, f"Where does {who[asked]} live?", where[asked]))
        frame = pd.DataFrame(cells, columns=["context", "question", "answer"])
        return Table(frame, "sample")

    def head(self, width: int) -> nn.Module:
        """Logits of a start and an end at each position."""
        from torch import nn

        return nn.Linear(width, 2)

    def batch(self, examples: Examples, read: Sequences, wanted: NDArray[Any] | Ragged) -> Batch:
        """`begin` is where each context begins, `inside` which positions are of a context.

        What is longer than the window is read in several: `tasks/inputs/context_windows.py`.
        """
        import torch

        batch, rows = super().batch(examples, read, wanted), read.rows
        mask = batch.context.mask
        real = torch.ones(batch.inputs.shape, dtype=torch.bool) if mask is None else mask
        lengths, begin = examples.ragged("tokens").lengths[rows], examples.array("begin")[rows]
        first = torch.from_numpy(begin)
        inside = real & (torch.arange(real.shape[1]) >= first.unsqueeze(1))
        extra = {"begin": first, "inside": inside}
        window, stride = self.reader.window, self.reader.stride
        positions = positions_read(lengths, begin, window, stride)
        if not (positions > window).any():
            return replace(batch, extra=extra)
        windows = windows_of(lengths, begin, window, stride)
        extra |= {name: torch.from_numpy(v) for name, v in windows._asdict().items()}
        return replace(batch, extra=extra, positions=int(positions.sum()))

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Mean cross-entropy of start and end over the positions that an answer may have."""
        from seqlab.tasks.losses import cross_entropy
        from seqlab.tasks.targets.span_decoding import restricted

        assert batch.targets is not None
        allowed = batch.extra["inside"]
        if self.target.unanswerable:
            allowed = allowed.scatter(1, batch.extra["begin"].unsqueeze(1) - 1, True)
        logits: Tensor = restricted(logits_of(model, batch), allowed)
        known = int((batch.targets[:, 0] >= 0).sum())
        if not known:  # none of the batch says its answer
            return Loss(logits.sum() * 0.0, 0.0)
        value = cross_entropy(
            logits.transpose(1, 2), batch.targets, batch.softening
        )  # (B, 2, T), (B, 2)
        return Loss(value, float(known))

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """(B, 3): first and last position of the best span, and its probability."""
        import torch

        from seqlab.tasks.targets.span_decoding import best_spans

        none = batch.extra["begin"] - 1 if self.target.unanswerable else None
        longest = self.target.longest_answer or 1
        logits = logits_of(model, batch)
        spans = best_spans(logits, batch.extra["inside"], longest, none)
        return np.asarray(torch.stack([part.double() for part in spans], dim=1).cpu().numpy())
