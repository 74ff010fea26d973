"""Frames to text without an alignment: longer input, shorter string of characters (CTC).

    log-mel frames of someone who says "yes", (96, 40)  →  "yes"

Batches hold steps (B, T, features); the head gives a score for every character and the blank at
every step. Predictions are ragged ids of characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab import registry
from seqlab.batch import Batch, Context
from seqlab.data.batching import plan_batches
from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.metrics.base import Metric
from seqlab.registry import registered
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
from seqlab.tasks.transcription.ctc import BLANK, greedy, prefix_beam
from seqlab.tasks.transcription.exhibits import exhibits
from seqlab.tasks.transcription.fitted import Fitted, fit_and_encode
from seqlab.tasks.transcription.inspecting import inspect
from seqlab.tasks.transcription.recordings import new_recordings, recognise, recordings_of

CARD = {
    "roles": ["text", "series", "time", "group", "split"],
    "settings": ["split", "group", "folds", "vocabulary", "metric"],
    "example": 'log-mel frames of a word → "yes"',
}


@registered
class Transcribe(Task):
    """Frames in, ragged ids of characters out."""

    train_defaults: Mapping[str, Any] = MappingProxyType({"batch_size": 16, "epochs": 20})

    def __init__(self, fitted: Fitted) -> None:
        self.fitted = fitted
        self.metrics = fitted.settings.metrics

    @property
    def columns(self) -> Mapping[str, str]:
        """The column of texts, and those that say which rows are a recording."""
        return self.fitted.settings.columns

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """Arrays, or channels by id, beside texts."""
        return recognise(table)

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        """Counts, frames against characters, what is missing, repeated texts."""
        return inspect(sources, spec, seed)

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        """Split, then learn characters and scale from the training part alone."""
        data = recordings_of(sources, spec)
        prepared = []
        for splits in data.divide(spec, seed):
            fitted, (train, valid, test), card = fit_and_encode(data, splits, spec)
            prepared.append(Prepared(cls(fitted), train, valid, test, card))
        return prepared

    # -- fitted, for models --------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        """Values at steps that differ in number; an output for each."""
        longest = self.fitted.settings.longest
        return Inputs("values", self.fitted.features, longest=longest, per_position=True)

    def head(self, width: int) -> nn.Module:
        """Scores of the blank, the unknown and every character."""
        return nn.Linear(width, self.fitted.characters.end)

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """Recordings of similar length together."""
        steps, targets = _ragged(examples, "steps"), _ragged(examples, "target")
        for rows in plan_batches(steps.lengths, batch_size, batch_tokens, rng):
            x, mask = steps.padded(rows)
            wanted, known = targets.padded(rows)
            yield Batch(
                torch.from_numpy(np.asarray(x, dtype=np.float32)),
                torch.from_numpy(wanted).long(),
                Context(None if mask.all() else torch.from_numpy(mask)),
                rows,
                {
                    "steps": torch.from_numpy(steps.lengths[rows]),
                    "characters": torch.from_numpy(known.sum(axis=1)),
                },
            )

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """−log of the summed probability of all alignments, per character."""
        scores: Tensor = model(batch.inputs, batch.context)
        assert batch.targets is not None
        characters = batch.extra["characters"]
        value = F.ctc_loss(
            scores.log_softmax(dim=-1).transpose(0, 1),  # (T, B, C)
            batch.targets,
            batch.extra["steps"],
            characters,
            blank=BLANK,
            zero_infinity=True,  # a text that stacking left too few steps
        )
        return Loss(value, float(characters.sum()))

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """The characters of each recording."""
        scores = model(batch.inputs, batch.context).log_softmax(dim=-1).cpu().numpy()
        lengths = batch.extra["steps"].tolist()
        beam = self.fitted.settings.beam
        found: list[Array] = [
            greedy(one[:length]) if beam == 1 else prefix_beam(one[:length], beam)
            for one, length in zip(scores, lengths, strict=True)
        ]
        return Ragged.of(found)

    # -- fitted, for people --------------------------------------------------------------------

    def encode(self, table: Table) -> Examples:
        """New recordings; their texts too, where the table has them."""
        return self.fitted.encode(*new_recordings(table, self.fitted.settings.columns))

    def texts(self, predictions: Predictions) -> list[str]:
        """Predictions as strings."""
        decoded = self.fitted.characters.decode
        return [decoded(predictions[row].tolist()) for row in range(len(predictions))]

    def statistics(self, metric: Metric, predictions: Predictions, examples: Examples) -> Any:
        """Per-example statistics of texts, or of their words."""
        sides: Any = (self.texts(predictions), examples.frame["target"].tolist())
        if metric.space == "tokens":
            sides = [[text.split() for text in side] for side in sides]
        return metric.collect(*sides)

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """Texts side by side, errors by length."""
        metric: Metric = registry.load("metrics", self.metrics[0])()
        statistics = self.statistics(metric, predictions, examples)
        return exhibits(self.texts(predictions), examples, metric, statistics)

    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """Each recording with its text."""
        frame = examples.frame
        return pd.DataFrame({"recording": frame["recording"], "predicted": self.texts(predictions)})

    def save(self, folder: Path) -> None:
        """Settings and characters."""
        self.fitted.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Transcribe:
        """Read what `save` wrote."""
        return cls(Fitted.load(folder))


def _ragged(examples: Examples, name: str) -> Ragged:
    found = examples.arrays[name]
    assert isinstance(found, Ragged)
    return found
