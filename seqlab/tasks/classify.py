"""Text classification: one label, or several, for each text or pair of texts.

    "one long string of cliches" → "negative"
    "a man sleeps" + "a man is awake" → "contradiction"
    "too long, but funny" → "length", "humour"

Batches hold token ids (B, T); the head gives one logit a class, or a single one for two classes
(the sigmoid of textbooks: softmax over two logits is the same function with a spare parameter).
Where a text can have several labels each has a logit of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from seqlab.batch import Batch, Context
from seqlab.data.batching import plan_batches
from seqlab.data.examples import Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.partition import nested_subsets
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
from seqlab.tasks.classification import exhibits as shown
from seqlab.tasks.classification.inspecting import inspect
from seqlab.tasks.classification.labelled import (
    TOGETHER,
    Labelled,
    labelled,
    recognise,
    texts_of,
)
from seqlab.tasks.classification.preparing import Fitted, fit_and_encode
from seqlab.tasks.losses import binary_cross_entropy, cross_entropy
from seqlab.tasks.texts.reading import training

if TYPE_CHECKING:
    from seqlab.model.base import Model
    from seqlab.specs import ModelSpec

CARD = {
    "roles": ["text", "text2", "label", "group", "split"],
    "settings": [
        "split",
        "group",
        "folds",
        "keep_duplicates",
        "label_weights",
        "tokenizer",
        "vocabulary",
        "max_tokens",
        "metric",
    ],
    "example": '"a stirring, funny film" → positive',
}


@registered
class Classify(Task):
    """Text in, class probabilities (n, C) out; those of several labels do not add up to one."""

    # Most parameters are rows of the embedding, each trained by the few texts that hold its word.
    model_defaults: Mapping[str, Any] = MappingProxyType({"embedding_dropout": 0.3})

    row_by_row = True

    def __init__(self, fitted: Fitted, tokenizer: Tokenizer) -> None:
        self.fitted, self.tokenizer = fitted, tokenizer
        self.metrics = fitted.metrics
        self.classes = list(fitted.classes)
        weights = fitted.class_weights
        self.weights = torch.tensor(weights) if weights else None
        self.binary = len(self.classes) == 2 and not fitted.multi_label
        self.train_defaults = training(fitted.examples)
        self.cuts = None if fitted.reading.pair else "inputs"

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of texts and labels."""
        return self.fitted.columns

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """A column of texts and one of few, repeating values."""
        return recognise(table)

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        """Counts, balance, lengths, duplicates, leakage, suspected label noise."""
        return inspect(sources, spec, seed)

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        """Split, then fit the tokeniser on the training part alone."""
        data: Labelled = labelled(sources, spec)
        prepared = []
        for splits in data.divide(spec, seed):
            fitted, tokenizer, (train, valid, test), card = fit_and_encode(data, splits, spec)
            prepared.append(Prepared(cls(fitted, tokenizer), train, valid, test, card))
        return prepared

    # -- fitted, for models --------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        """Token ids of sequences that differ in length."""
        return self.fitted.reading.inputs(self.tokenizer)

    def model(self, spec: ModelSpec) -> Model:
        """Plain, of two texts, or of chunks, as the texts are read."""
        model = self.fitted.reading.model(spec, self.tokenizer)
        model.head = self.head(model.head_width)
        return model

    def head(self, width: int) -> nn.Module:
        """Logits: one a class or label; one in all for two classes."""
        return nn.Linear(width, 1 if self.binary else len(self.classes))

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """Texts of similar length together."""
        tokens, labels = examples.arrays["tokens"], examples.arrays["label"]
        assert isinstance(tokens, Ragged)
        assert isinstance(labels, np.ndarray)
        for rows in plan_batches(tokens.lengths, batch_size, batch_tokens, rng):
            ids, mask = tokens.padded(rows)
            full = None if mask.all() else torch.from_numpy(mask)
            targets = torch.from_numpy(labels[rows])
            yield Batch(torch.from_numpy(ids).long(), targets, Context(full), rows)

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Cross-entropy, weighted by class where that was asked for."""
        logits: Tensor = model(batch.inputs, batch.context)
        targets = batch.targets
        assert targets is not None
        weights = None if self.weights is None else self.weights.to(logits.device)
        if self.fitted.multi_label:
            value = binary_cross_entropy(logits, targets, batch.softening, positive_weight=weights)
        elif self.binary:
            value = binary_cross_entropy(logits.squeeze(-1), targets, batch.softening, weights)
        else:
            value = cross_entropy(logits, targets, batch.softening, weights)
        return Loss(value, len(targets))

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """Probabilities (B, C) of classes or labels."""
        logits: Tensor = model(batch.inputs, batch.context).double()
        if self.fitted.multi_label:
            return np.asarray(logits.sigmoid().cpu().numpy())
        if not self.binary:
            return np.asarray(logits.softmax(dim=-1).cpu().numpy())
        positive = logits.squeeze(-1).sigmoid()
        return np.asarray(torch.stack((1 - positive, positive), dim=-1).cpu().numpy())

    # -- fitted, for people --------------------------------------------------------------------

    def encode(self, table: Table) -> Examples:
        """New texts; their labels too, where the table has them."""
        found = texts_of(table, self.fitted.columns, self.fitted.several)
        return self.fitted.encode(self.tokenizer, *found)

    def statistics(self, metric: Metric, predictions: Predictions, examples: Examples) -> Any:
        """Per-example statistics from probabilities and labels."""
        return metric.collect(predictions, np.asarray(examples.arrays["label"], dtype=np.float64))

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """Errors by length and by class, confusions, reliability, the hardest examples."""
        return shown.exhibits(predictions, examples, self.classes)

    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """The texts, the predicted class (or labels), and the probability of each."""
        columns: dict[str, Any] = {
            name: examples.frame[name].to_numpy()
            for name in ("text", "text2")
            if name in examples.frame
        }
        names = np.asarray(self.classes, dtype=object)
        if self.fitted.multi_label:
            columns["predicted"] = [TOGETHER.join(names[row >= 0.5]) for row in predictions]
        else:
            columns["predicted"] = names[predictions.argmax(axis=1)]
            columns["probability"] = predictions.max(axis=1)
        columns |= {f"p({c})": predictions[:, i] for i, c in enumerate(self.classes)}
        return pd.DataFrame(columns)

    def subset(self, examples: Examples, size: int, seed: int) -> Examples:
        """Nested subsets, classes as in the whole."""
        if self.fitted.multi_label:
            return super().subset(examples, size, seed)
        rows = np.arange(len(examples))
        labels = np.asarray(examples.arrays["label"])
        return examples.take(nested_subsets(rows, [size], labels, seed)[size])

    def save(self, folder: Path) -> None:
        """`task.json` and `tokenizer.json`."""
        self.tokenizer.save(folder / "tokenizer.json")
        write_json(folder / "task.json", self.fitted.plain())

    @classmethod
    def load(cls, folder: Path) -> Classify:
        """Read what `save` wrote."""
        stored = Fitted.read(read_json(folder / "task.json"), str(folder / "task.json"))
        return cls(stored, Tokenizer.load(folder / "tokenizer.json"))
