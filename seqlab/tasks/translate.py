"""String to string: sentences into another language, spelling into sound, documents into summaries.

    "A dog runs."  →  "Ein Hund rennt."          "about"  →  "AH0 B AW1 T"

Batches hold token ids of sources (B, S) and of what was written before each target token (B, T); a
model of encoder and decoder gives logits for the tokens that follow. Predictions are ragged ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from seqlab import registry
from seqlab.batch import Batch, Context
from seqlab.data.batching import plan_batches
from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.data.tokens import PAD, UNKNOWN
from seqlab.metrics.base import Metric
from seqlab.model.base import Model
from seqlab.model.decoding import Decoding, decode
from seqlab.model.encoder_decoder import EncoderDecoder
from seqlab.registry import registered
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
from seqlab.tasks.translation import exhibits as shown
from seqlab.tasks.translation.fitted import Fitted
from seqlab.tasks.translation.inspecting import inspect
from seqlab.tasks.translation.pairs import new_pairs, pairs_of, recognise
from seqlab.tasks.translation.preparing import fit_and_encode

CARD = {
    "roles": ["src", "tgt", "group", "split"],
    "settings": [
        "split",
        "group",
        "folds",
        "keep_duplicates",
        "tokenizer",
        "vocabulary",
        "max_tokens",
        "metric",
    ],
    "causal": "decoder",
    "example": '"A dog runs." → "Ein Hund rennt."',
}

SILENT = (PAD, UNKNOWN)  # ids that are never written


@registered
class Translate(Task):
    """Token ids in, ragged token ids out."""

    row_by_row = True

    train_defaults: Mapping[str, Any] = MappingProxyType({"batch_size": 64})

    def __init__(self, fitted: Fitted) -> None:
        self.fitted = fitted
        self.metrics = fitted.settings.metrics

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of sources and targets."""
        return self.fitted.settings.columns

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """Two columns of texts, the second free in form."""
        return recognise(table)

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        """Counts, lengths against each other, copies, repetitions, leakage."""
        return inspect(sources, spec, seed)

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        """Split, then learn both vocabularies from the training part alone."""
        data = pairs_of(sources, spec)
        prepared = []
        for splits in data.divide(spec, seed):
            fitted, (train, valid, test), card = fit_and_encode(data, splits, spec, seed)
            prepared.append(Prepared(cls(fitted), train, valid, test, card))
        return prepared

    # -- fitted, for models --------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        """Token ids; positions serve the longer of both sides."""
        limits = self.fitted.settings.limits
        return Inputs(
            "tokens", self.fitted.source.size, longest=max(limits.source, limits.target + 1)
        )

    def head(self, width: int) -> nn.Module:
        """Nothing: a decoder's output is its table of tokens."""
        return nn.Identity()

    def model(self, spec: ModelSpec) -> Model:
        """An encoder and a decoder of the spec's blocks."""
        return EncoderDecoder(spec, self.fitted.source.size, self.fitted.target.size)

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """Pairs of similar length together; both sides count."""
        sources, targets = _ragged(examples, "source"), _ragged(examples, "target")
        end = self.fitted.target.end
        lengths = sources.lengths if rng is None else sources.lengths + targets.lengths + 1
        for rows in plan_batches(lengths, batch_size, batch_tokens, rng):
            ids, mask = sources.padded(rows)
            written, known = targets.padded(rows)
            previous = np.pad(written, ((0, 0), (1, 0)), constant_values=end)
            real = np.pad(known, ((0, 0), (1, 0)), constant_values=True)
            wanted = np.pad(np.where(known, written, IGNORED), ((0, 0), (0, 1)))
            wanted[:, -1] = IGNORED
            wanted[np.arange(len(rows)), targets.lengths[rows]] = end
            yield Batch(
                torch.from_numpy(ids).long(),
                torch.from_numpy(wanted).long(),
                Context(None if mask.all() else torch.from_numpy(mask)),
                rows,
                {
                    "previous": torch.from_numpy(previous).long(),
                    "real": torch.from_numpy(real),
                },
            )

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Cross-entropy of the target tokens and their end, given those before them."""
        coder = cast(EncoderDecoder, model)
        assert batch.targets is not None
        hidden = coder.hidden(batch.inputs, batch.context, batch.extra["previous"])
        real = batch.extra["real"]  # the output is wide: padding is not worth it
        return Loss(
            cross_entropy(coder.logits(hidden[real]), batch.targets[real], batch.softening),
            float(real.sum()),
        )

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """What is written for each source, without its end."""
        options = self.fitted.settings.options
        return self.written(model, batch, options.beam, options.length_penalty)

    def written(self, model: nn.Module, batch: Batch, beam: int, length_penalty: float) -> Ragged:
        """What is written for each source by a beam of some width, without its end."""
        end = self.fitted.target.end
        how = Decoding(
            begin=end,
            end=end,
            limit=self.fitted.settings.limits.written(batch.inputs.shape[1]),
            beam=min(beam, self.fitted.target.size - len(SILENT)),
            length_penalty=length_penalty,
            forbidden=SILENT,
        )
        ids = decode(cast(EncoderDecoder, model), batch.inputs, batch.context, how)
        return _until(ids.cpu().numpy().astype(np.int32), end)

    # -- fitted, for people --------------------------------------------------------------------

    def encode(self, table: Table) -> Examples:
        """New sources; their targets too, where the table has them."""
        return self.fitted.encode(*new_pairs(table, self.fitted.settings.columns))

    def texts(self, predictions: Predictions) -> list[str]:
        """Predictions as strings."""
        decoded = self.fitted.target.decode
        return [decoded(predictions[row].tolist()) for row in range(len(predictions))]

    def statistics(self, metric: Metric, predictions: Predictions, examples: Examples) -> Any:
        """Per-example statistics of texts or of their tokens, as the metric wants them."""
        written, wanted = self.texts(predictions), examples.frame["target"].tolist()
        if metric.space == "tokens":
            return metric.collect(*(self._tokens(side) for side in (written, wanted)))
        return metric.collect(written, wanted)  # type: ignore[arg-type]

    def _tokens(self, texts: Sequence[str]) -> Any:
        """What error rates count: characters, or what stands between blanks."""
        spelled = self.fitted.target.kind == "character"
        return [list(text) if spelled else text.split() for text in texts]

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """Translations side by side, quality by length."""
        metric: Metric = registry.load("metrics", self.metrics[0])()
        statistics = self.statistics(metric, predictions, examples)
        return shown.exhibits(self.texts(predictions), examples, metric, statistics)

    def model_exhibits(self, model: nn.Module, examples: Examples) -> list[Exhibit]:
        """The attention between what is written and its source."""
        coder = cast(EncoderDecoder, model.eval())

        def read(row: int) -> tuple[list[str], list[str], NDArray[np.float64]] | None:
            one = np.array([row])
            with torch.inference_mode():
                (batch,) = self.batches(examples.take(one), 1, 1, None)
                ids = self.predict(coder, batch)[0]
                previous = torch.tensor([[self.fitted.target.end, *ids.tolist()]])
                weights = coder.attention(batch.inputs, batch.context, previous)
            if weights is None:
                return None
            source = self.fitted.source.labels(batch.inputs[0].tolist())
            written = [*self.fitted.target.labels(ids.tolist()), "(end)"]
            found = np.asarray(weights[0].double().numpy())
            return written, source or ["?"], found

        return shown.attentions(read, examples)

    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """Source and what was written for it."""
        return pd.DataFrame(
            {"source": examples.frame["source"], "predicted": self.texts(predictions)}
        )

    def save(self, folder: Path) -> None:
        """Settings and both vocabularies."""
        self.fitted.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Translate:
        """Read what `save` wrote."""
        return cls(Fitted.load(folder))


def _ragged(examples: Examples, name: str) -> Ragged:
    found = examples.arrays[name]
    assert isinstance(found, Ragged)
    return found


def _until(ids: NDArray[np.int32], end: int) -> Ragged:
    """Rows (B, T) up to their first end."""
    rows: list[Array] = []
    for row in ids:
        stops = np.flatnonzero(row == end)
        rows.append(row[: stops[0]] if len(stops) else row)
    return Ragged.of(rows)
