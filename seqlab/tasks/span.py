"""Answering by span: which piece of a context answers a question.

    context "Ada wrote the first program in 1843."  question "When was it written?"  → "1843"

A model reads question, separator and context, and points at the answer's first and last token
(Wang and Jiang, 2017, "Machine comprehension using match-LSTM and answer pointer", boundary model).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.batching import plan_batches
from seqlab.data.examples import Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.data.tokens import Tokenizer
from seqlab.metrics.base import Metric
from seqlab.registry import registered
from seqlab.runs import read_json, write_json
from seqlab.tasks.base import (
    Confidence,
    DataSpec,
    Exhibit,
    Inputs,
    Loss,
    Predictions,
    Prepared,
    Sources,
    Task,
)
from seqlab.tasks.spans.answers import accepted, answers, spans_of
from seqlab.tasks.spans.exhibits import exhibits
from seqlab.tasks.spans.fitted import Fitted, fit_and_encode
from seqlab.tasks.spans.inspecting import inspect
from seqlab.tasks.spans.normalising import normalised
from seqlab.tasks.spans.reading import read, recognise, unanswered
from seqlab.tasks.spans.windows import logits_of, positions_read, windows_of
from seqlab.tasks.texts.reading import separator_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from seqlab.batch import Batch
    from seqlab.model.base import Model
    from seqlab.specs import ModelSpec

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
}


@registered
class Span(Task):
    """Predictions (n, 3): first and last position of the answer, and its probability."""

    row_by_row = True

    def __init__(self, fitted: Fitted, tokenizer: Tokenizer) -> None:
        self.fitted, self.tokenizer = fitted, tokenizer
        self.metrics = fitted.metrics

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of contexts, questions and answers."""
        return self.fitted.columns

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """Contexts, questions, and answers that are pieces of their contexts."""
        return recognise(table)

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        """Answers that do not fit, lengths, contexts shared by parts."""
        return inspect(sources, spec, seed)

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        """Split, then fit the tokeniser on the training part alone."""
        data = read(sources, spec)
        prepared = []
        for splits in data.divide(spec, seed):
            fitted, tokenizer, (train, valid, test), card = fit_and_encode(data, splits, spec)
            prepared.append(Prepared(cls(fitted, tokenizer), train, valid, test, card))
        return prepared

    # -- fitted, for models --------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        """Token ids of question, separator and context; an output for every position."""
        size = self.tokenizer.vocabulary_size + 1
        return Inputs("tokens", size, longest=self.fitted.window, per_position=True)

    def model(self, spec: ModelSpec) -> Model:
        """A model that tells question and context apart."""
        from seqlab.tasks.texts.pairs import PairModel

        separator = separator_of(self.tokenizer)
        model = PairModel(spec, tokens=self.inputs.size, separator=separator, per_position=True)
        model.head = self.head(model.head_width)
        return model

    def head(self, width: int) -> nn.Module:
        """Logits of a start and an end at each position."""
        from torch import nn

        return nn.Linear(width, 2)

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """Examples of similar length together; `begin` is where each context begins.

        What is longer than the window is read in several: `tasks/spans/windows.py`.
        """
        import torch

        from seqlab.batch import Batch, Context

        tokens = examples.arrays["tokens"]
        assert isinstance(tokens, Ragged)
        answer, begin = (np.asarray(examples.arrays[name]) for name in ("answer", "begin"))
        window, stride = self.fitted.window, self.fitted.stride
        read = positions_read(tokens.lengths, begin, window, stride)
        for rows in plan_batches(read, batch_size, batch_tokens, rng):
            ids, mask = tokens.padded(rows)
            real = torch.from_numpy(mask)
            first = torch.from_numpy(begin[rows])
            inside = real & (torch.arange(real.shape[1]) >= first.unsqueeze(1))
            extra = {"begin": first, "inside": inside}
            several = read[rows] > window
            if several.any():
                found = windows_of(tokens.lengths[rows], begin[rows], window, stride)
                extra |= {n: torch.from_numpy(v) for n, v in found._asdict().items()}
            yield Batch(
                torch.from_numpy(ids).long(),
                torch.from_numpy(answer[rows]),
                Context(None if mask.all() else real),
                rows,
                extra,
                positions=int(read[rows].sum()) if several.any() else None,
            )

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Mean cross-entropy of start and end over the positions that an answer may have."""
        from seqlab.tasks.losses import cross_entropy
        from seqlab.tasks.spans.decoding import restricted

        assert batch.targets is not None
        allowed = batch.extra["inside"]
        if self.fitted.unanswerable:
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

        from seqlab.tasks.spans.decoding import best_spans

        none = batch.extra["begin"] - 1 if self.fitted.unanswerable else None
        logits = logits_of(model, batch)
        found = best_spans(logits, batch.extra["inside"], self.fitted.longest_answer, none)
        return np.asarray(torch.stack([part.double() for part in found], dim=1).cpu().numpy())

    # -- fitted, for people --------------------------------------------------------------------

    def encode(self, table: Table) -> Examples:
        """New questions about contexts; their answers too, where the table has them."""
        questions, known = unanswered(table, dict(self.fitted.columns))
        return self.fitted.encode(self.tokenizer, questions, known)

    def statistics(self, metric: Metric, predictions: Predictions, examples: Examples) -> Any:
        """Texts are compared as SQuAD does: case, articles and punctuation do not count."""
        given: NDArray[Any] = np.array(
            [normalised(text) for text in answers(predictions, examples)], dtype=object
        )
        wanted: Any = accepted(examples)
        return metric.collect(given, wanted)

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """Contexts with both answers marked, quality by kind of question and by length."""
        return exhibits(predictions, examples)

    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """Question, answer, where it starts and ends in its context, and its probability."""
        spans = spans_of(predictions, examples)
        return pd.DataFrame(
            {
                "question": examples.frame["question"].to_numpy(),
                "answer": answers(predictions, examples),
                "start": spans[:, 0],
                "end": spans[:, 1],
                "probability": np.asarray(predictions)[:, 2],
                "context": examples.frame["context"].to_numpy(),
            }
        )

    def save(self, folder: Path) -> None:
        """`task.json` and `tokenizer.json`."""
        self.tokenizer.save(folder / "tokenizer.json")
        write_json(folder / "task.json", self.fitted.plain())

    @classmethod
    def load(cls, folder: Path) -> Span:
        """Read what `save` wrote."""
        stored = Fitted.read(read_json(folder / "task.json"), str(folder / "task.json"))
        return cls(stored, Tokenizer.load(folder / "tokenizer.json"))
