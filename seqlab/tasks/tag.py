"""Tagging: a tag for every token of a sentence, or for every step of a signal.

    ["book", "a", "table", "in", "Bonn"] → ["O", "O", "O", "O", "B-city"]

Batches hold (B, T, 1 + K) numbers of words and of their pieces, or (B, T, channels) values; the
head gives scores (B, T, C). Decoding never leaves the scheme of span tags (IOB1, IOB2, BIOES), with
or without a linear-chain CRF. A prediction is, per position, a tag's number and its probability.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from seqlab.batch import Batch, Context
from seqlab.data.batching import plan_batches
from seqlab.data.examples import Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.data.tokens import Tokenizer
from seqlab.metrics.base import Metric
from seqlab.model.base import Model
from seqlab.registry import registered
from seqlab.runs import read_json, write_json
from seqlab.specs import ModelSpec
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
from seqlab.tasks.losses import IGNORED, cross_entropy
from seqlab.tasks.tagging import exhibits as shown
from seqlab.tasks.tagging.inspecting import inspect
from seqlab.tasks.tagging.layout import recognise
from seqlab.tasks.tagging.network import SpellingModel, TagHead
from seqlab.tasks.tagging.preparing import SPECIAL, Fitted, fit_and_encode
from seqlab.tasks.tagging.tagged import tagged, untagged

CARD = {
    "roles": ["tokens", "tags", "sequence", "time", "group", "split"],
    "settings": [
        "split",
        "group",
        "folds",
        "keep_duplicates",
        "vocabulary",
        "max_tokens",
        "metric",
    ],
    "example": '["to", "Bonn"] → ["O", "B-city"]',
}


@registered
class Tag(Task):
    """Tokens or values in; per position a tag's number and its probability, (T, 2), out."""

    train_defaults: Mapping[str, Any] = MappingProxyType({"batch_size": 32})
    both_directions = True
    cuts = "targets too"

    def __init__(self, fitted: Fitted, tokenizer: Tokenizer | None = None) -> None:
        self.fitted, self.tokenizer = fitted, tokenizer
        if fitted.form == "tokens":  # large tables of words and pieces learn by heart
            self.model_defaults = MappingProxyType({"embedding_dropout": 0.3})
        self.metrics = fitted.metrics
        self.classes = fitted.classes

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of tokens, tags and what divides them."""
        return self.fitted.columns

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """As many tags as tokens, or tags that change within a sequence."""
        return recognise(table)

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        """Counts, balance, illegal steps, lengths, duplicates, contradictions."""
        return inspect(sources, spec, seed)

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        """Split, then fit vocabulary, tags or scale on the training part alone."""
        data = tagged(sources, spec)
        prepared = []
        for splits in data.divide(spec, seed):
            fitted, tokenizer, (train, valid, test), card = fit_and_encode(data, splits, spec)
            prepared.append(Prepared(cls(fitted, tokenizer), train, valid, test, card))
        return prepared

    # -- fitted, for models --------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        """Words or values of sequences that differ in length, with an output at each position."""
        longest = self.fitted.max_tokens
        if self.fitted.form == "values":
            return Inputs("values", len(self.fitted.channels), longest=longest, per_position=True)
        size = len(self.fitted.words) + SPECIAL
        return Inputs("tokens", size, longest=longest, per_position=True)

    def head(self, width: int) -> nn.Module:
        """Scores of the tags, and the linear chain over them."""
        fitted = self.fitted
        return TagHead(width, fitted.classes, fitted.scheme, fitted.options.crf)

    def model(self, spec: ModelSpec) -> Model:
        """A model that reads words with their spelling; of values, the usual one."""
        pieces = len(self.fitted.pieces) + 1
        if self.tokenizer is not None:
            pieces = self.tokenizer.vocabulary_size
        if self.fitted.form == "values" or pieces == 1:
            return super().model(spec)
        model = SpellingModel(spec, self.inputs.size, pieces)
        model.head = self.head(model.head_width)
        return model

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """Sequences of similar length together."""
        inputs, tags = examples.arrays["inputs"], examples.arrays["tags"]
        assert isinstance(inputs, Ragged)
        assert isinstance(tags, Ragged)
        only_words = inputs.values.ndim == 2 and inputs.values.shape[1] == 1
        for rows in plan_batches(inputs.lengths, batch_size, batch_tokens, rng):
            values, mask = inputs.padded(rows)
            read = torch.from_numpy(values)
            if self.fitted.form == "tokens":
                read = read.long()
                read = read[..., 0] if only_words else read
            targets = np.where(mask, tags.padded(rows)[0].astype(np.int64), IGNORED)
            full = None if mask.all() else torch.from_numpy(mask)
            yield Batch(read, torch.from_numpy(targets), Context(full), rows)

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Cross-entropy at every position, or −log p of whole tag sequences with a chain."""
        scores: Tensor = model(batch.inputs, batch.context)
        assert batch.targets is not None
        head = _head_of(model)
        if head.chain is None:
            value = cross_entropy(scores, batch.targets, batch.softening)
        else:
            value = head.chain.loss(scores, batch.targets, _mask_of(batch))
        return Loss(value, float((batch.targets != IGNORED).sum()))

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """Tag numbers and probabilities: Ragged, (T, 2) an example."""
        scores: Tensor = model(batch.inputs, batch.context)
        mask = _mask_of(batch)
        tags, probabilities = _head_of(model).decode(scores, mask)
        both = torch.stack((tags.double(), probabilities.double()), dim=-1)[mask].cpu().numpy()
        lengths = mask.sum(dim=1).cpu().numpy()
        return Ragged(both, np.concatenate(([0], lengths.cumsum())))

    # -- fitted, for people --------------------------------------------------------------------

    def encode(self, table: Table) -> Examples:
        """New sequences; their tags too, where the table has them."""
        fitted = self.fitted
        data = untagged(table, fitted.columns, fitted.form, fitted.options.named)
        return fitted.encode(data, self.tokenizer)

    def names(self, predictions: Predictions) -> list[list[str]]:
        """Predicted tags by name, a list an example."""
        chosen = predictions.values[:, 0].astype(np.int64)
        named = np.asarray(self.classes, dtype=object)[chosen]
        return [part.tolist() for part in np.split(named, predictions.offsets[1:-1])]

    def statistics(self, metric: Metric, predictions: Predictions, examples: Examples) -> Any:
        """Per-example statistics from predicted and given tags."""
        given: Any = [list(tags) for tags in examples.frame["tags"]]
        return metric.collect(cast(Any, self.names(predictions)), given)

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """Quality by tag, by length and for unknown words; marked-up sentences."""
        return shown.exhibits(self, predictions, examples)

    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """A row per token or step: its sequence and place from 1, the tag and its probability."""
        lengths = predictions.lengths
        frame = examples.frame
        places = np.arange(lengths.sum()) - np.repeat(predictions.offsets[:-1], lengths)
        columns: dict[str, Any] = {
            "sequence": np.repeat(frame["sequence"].to_numpy() + 1, lengths),
            "position": places + np.repeat(frame["start"].to_numpy() + 1, lengths),
        }
        if self.fitted.form == "tokens":
            columns["token"] = [token for tokens in frame["tokens"] for token in tokens]
        columns["predicted"] = [tag for tags in self.names(predictions) for tag in tags]
        columns["probability"] = predictions.values[:, 1]
        return pd.DataFrame(columns)

    def save(self, folder: Path) -> None:
        """`task.json`, and `tokenizer.json` where words are read by their BPE pieces."""
        if self.tokenizer is not None:
            self.tokenizer.save(folder / "tokenizer.json")
        write_json(folder / "task.json", self.fitted.plain())

    @classmethod
    def load(cls, folder: Path) -> Tag:
        """Read what `save` wrote."""
        fitted = Fitted.read(read_json(folder / "task.json"), str(folder / "task.json"))
        bpe = fitted.form == "tokens" and fitted.options.spelling == "bpe"
        return cls(fitted, Tokenizer.load(folder / "tokenizer.json") if bpe else None)


def _head_of(model: nn.Module) -> TagHead:
    assert isinstance(model.head, TagHead)
    return model.head


def _mask_of(batch: Batch) -> Tensor:
    if batch.context.mask is not None:
        return batch.context.mask
    return torch.ones(batch.inputs.shape[:2], dtype=torch.bool, device=batch.inputs.device)
