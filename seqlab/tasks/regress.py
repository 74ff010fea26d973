"""Numbers from texts or series: one for each text, pair of texts or series, or several at once.

    "one long string of cliches" → −2.1
    the accelerations of a walk, 50 a second → 78.5 (the weight of who walks)

Models predict in standard deviations from the training part's mean; people and metrics read the
target's own units (with several targets, metrics read standard deviations).
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
from seqlab.tasks.regression import exhibits as shown
from seqlab.tasks.regression.fitted import Fitted, fit_and_encode, standard
from seqlab.tasks.regression.inspecting import inspect
from seqlab.tasks.regression.reading import read, targets_of, texts_of
from seqlab.tasks.regression.recognition import recognise
from seqlab.tasks.regression.series import defaults, series_of
from seqlab.tasks.series_classification.layouts import one_row_each
from seqlab.tasks.texts.reading import training

if TYPE_CHECKING:
    from torch import nn

    from seqlab.batch import Batch
    from seqlab.model.base import Model
    from seqlab.specs import ModelSpec

CARD = {
    "roles": ["text", "text2", "series", "time", "target", "group", "split"],
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
    "example": '"a stirring, funny film" → 2.7',
}


@registered
class Regress(Task):
    """Texts or series in, numbers (n, K) out, in the targets' own units."""

    def __init__(self, fitted: Fitted, tokenizer: Tokenizer | None) -> None:
        self.fitted, self.tokenizer = fitted, tokenizer
        self.metrics = fitted.metrics
        self.targets = fitted.targets
        self.row_by_row = fitted.series is None
        single = fitted.text is not None and not fitted.text.pair
        self.cuts = "inputs" if single else None
        self.train_defaults = training(fitted.examples)
        if fitted.series is not None:
            self.model_defaults, self.train_defaults = defaults(fitted.examples)

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of texts and targets."""
        return self.fitted.columns

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """Texts or series, and a column of many numbers, not all whole."""
        return recognise(table)

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        """The targets' spread, outliers and skew; lengths, duplicates, leakage."""
        return inspect(sources, spec, seed)

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        """Split, then fit the tokeniser and the targets' scale on the training part alone."""
        data = read(sources, spec)
        prepared = []
        for splits in data.divide(spec, seed):
            fitted, tokenizer, (train, valid, test), card = fit_and_encode(data, splits, spec)
            prepared.append(Prepared(cls(fitted, tokenizer), train, valid, test, card))
        return prepared

    # -- fitted, for models --------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        """Token ids, or values of patches, of sequences that differ in length."""
        if self.fitted.series is not None:
            return self.fitted.series.inputs
        assert self.fitted.text is not None
        assert self.tokenizer is not None
        return self.fitted.text.inputs(self.tokenizer)

    def model(self, spec: ModelSpec) -> Model:
        """Plain, of two texts, or of chunks, as texts are read."""
        if self.fitted.text is None:
            return super().model(spec)
        assert self.tokenizer is not None
        model = self.fitted.text.model(spec, self.tokenizer)
        model.head = self.head(model.head_width)
        return model

    def head(self, width: int) -> nn.Module:
        """A number for each target."""
        from torch import nn

        return nn.Linear(width, len(self.targets))

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """Inputs of similar length together; targets standardised."""
        import torch

        from seqlab.batch import Batch, Context

        targets = standard(np.asarray(examples.arrays["target"]), self.fitted).astype(np.float32)
        for rows in plan_batches(self._lengths(examples), batch_size, batch_tokens, rng):
            inputs, mask = self._sequences(examples, rows)
            full = None if mask.all() else torch.from_numpy(mask)
            wanted = torch.from_numpy(targets[rows])
            yield Batch(torch.from_numpy(inputs), wanted, Context(full), rows)

    def batch_count(self, examples: Examples, batch_size: int, batch_tokens: int) -> int:
        """Counted without gathering inputs."""
        return len(plan_batches(self._lengths(examples), batch_size, batch_tokens))

    def _lengths(self, examples: Examples) -> NDArray[np.int64]:
        series = self.fitted.series
        held = examples.arrays["tokens" if series is None else "values"]
        assert isinstance(held, Ragged)
        return held.lengths if series is None else series.lengths(held)

    def _sequences(
        self, examples: Examples, rows: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        series = self.fitted.series
        held = examples.arrays["tokens" if series is None else "values"]
        assert isinstance(held, Ragged)
        if series is not None:
            return series.batch(held, rows)
        ids, mask = held.padded(rows)
        return ids.astype(np.int64), mask

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Absolute, squared or Huber loss over the known targets."""
        from torch.nn import functional as F

        wanted = batch.targets
        assert wanted is not None
        known = ~wanted.isnan()
        predicted = model(batch.inputs, batch.context)[known]
        measure = {
            "absolute": F.l1_loss,
            "squared": F.mse_loss,
            "huber": F.smooth_l1_loss,
        }[self.fitted.loss]
        return Loss(measure(predicted, wanted[known]), float(known.sum()))

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """(B, K) in the targets' own units."""
        found = model(batch.inputs, batch.context).double().cpu().numpy()
        return np.asarray(found * np.asarray(self.fitted.std) + np.asarray(self.fitted.mean))

    # -- fitted, for people --------------------------------------------------------------------

    def encode(self, table: Table) -> Examples:
        """New texts or series; their numbers too, where the table has them."""
        fitted, columns = self.fitted, dict(self.fitted.columns)
        if fitted.series is not None:
            rows = one_row_each(table, fitted.series.layout, transpose=fitted.series.transpose)
            series, called = series_of(rows, fitted.series.layout, fitted.series.scaling)
            return fitted.encode_series(series, called, targets_of(rows.frame, self.targets))
        assert self.tokenizer is not None
        targets = targets_of(table.frame, self.targets)
        return fitted.encode_texts(self.tokenizer, *texts_of(table, columns), targets)

    def statistics(self, metric: Metric, predictions: Predictions, examples: Examples) -> Any:
        """Of one target in its own units; of several in standard deviations."""
        predicted, wanted = np.asarray(predictions), np.asarray(examples.arrays["target"])
        if len(self.targets) > 1:
            predicted, wanted = (standard(v, self.fitted) for v in (predicted, wanted))
        return metric.collect(predicted, np.asarray(wanted, dtype=np.float64))

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """Predicted against true, residuals by predicted value, the hardest examples."""
        spread = np.asarray(self.fitted.std)
        return shown.exhibits(np.asarray(predictions), examples, self.targets, spread)

    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """The texts, or the series' names, and a predicted number for each target."""
        table = examples.frame.reset_index(drop=True)
        for k, name in enumerate(self.targets):
            table[f"predicted {name}"] = np.asarray(predictions)[:, k]
        return table

    def save(self, folder: Path) -> None:
        """`task.json`, and `tokenizer.json` where texts are read."""
        if self.tokenizer is not None:
            self.tokenizer.save(folder / "tokenizer.json")
        write_json(folder / "task.json", self.fitted.plain())

    @classmethod
    def load(cls, folder: Path) -> Regress:
        """Read what `save` wrote."""
        stored = Fitted.read(read_json(folder / "task.json"), str(folder / "task.json"))
        return cls(
            stored, None if stored.text is None else Tokenizer.load(folder / "tokenizer.json")
        )
