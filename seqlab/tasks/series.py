"""Classification of series: one class for the values of some channels over some steps.

    6 channels of a watch over 2,000 steps → "rowing"

A position of the sequence is a patch of steps, standardised by the training part. Each step is in
two patches, so that a pattern is seen whole wherever it falls. With `options.window` a model reads
windows of a series, and the series' class is the mean of what it says of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqlab.data.batching import plan_batches
from seqlab.data.examples import Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.inspection import as_finding
from seqlab.data.splits import Splits
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.registry import registered
from seqlab.tasks.base import (
    Confidence,
    DataSpec,
    Exhibit,
    Inputs,
    Predictions,
    Prepared,
    Sources,
)
from seqlab.tasks.classification.preparing import PARTS
from seqlab.tasks.series_classification import exhibits as shown
from seqlab.tasks.series_classification.classifier import (
    Classes,
    ValueClassifier,
    card_of,
    fit_classes,
)
from seqlab.tasks.series_classification.collection import Collection
from seqlab.tasks.series_classification.inspecting import findings_of, series_findings
from seqlab.tasks.series_classification.layouts import Layout, one_row_each
from seqlab.tasks.series_classification.reading import collect, collection_of, recognise
from seqlab.tasks.series_classification.scaling import Scaling, fit_scaling
from seqlab.tasks.series_classification.settings import RecordingOptions
from seqlab.tasks.series_classification.windows import Cutting, Windows, averaged

if TYPE_CHECKING:
    from torch import nn

    from seqlab.batch import Batch

CARD = {
    "roles": ["series", "time", "label", "group", "split"],
    "settings": ["split", "group", "folds", "label_weights", "metric"],
    "example": "150 steps of a hand's position → drawing a gun",
}


EXAMPLE = "example"  # in a batch of windows: which of the batch's examples each is of


class FittedSeries(Classes):
    """Classes, the scale of the values, and where the series stand in a table.

    steps: of every series, where all of the data are as long and are read whole; else 0.
    longest: the most steps that a model reads at once. cutting: the windows of series, if any.
    """

    scaling: Scaling
    layout: Layout
    transpose: bool
    channels: tuple[str, ...]
    steps: int
    longest: int
    cutting: Cutting | None = None

    def encode(self, data: Collection, rows: NDArray[np.int64]) -> Examples:
        """Standard values of some series, and their classes."""
        import pandas as pd

        values = Ragged.of([self.scaling.standard(data.values[row]) for row in rows])
        labels = [data.labels[row] for row in rows]
        frame = pd.DataFrame({"name": [data.names[row] for row in rows]}, dtype=object)
        return Examples({"values": values, "label": self.numbers(labels)}, frame)


@registered
class Series(ValueClassifier):
    """(B, positions, features) in, class probabilities (B, C) out."""

    fitted_type = FittedSeries
    fitted: FittedSeries

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        return recognise(table)

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        try:
            data, _ = collect(sources, spec)
        except UserError as error:
            return [as_finding(error)]
        return series_findings(data) + findings_of(data, sources, spec, seed)

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        data, layout = collect(sources, spec)
        options = RecordingOptions.read(spec.options, "options")
        return [
            cls._prepared(data, layout, options, splits, spec) for splits in data.divide(spec, seed)
        ]

    @classmethod
    def _prepared(
        cls,
        data: Collection,
        layout: Layout,
        options: RecordingOptions,
        splits: Splits,
        spec: DataSpec,
    ) -> Prepared:
        fitted, notes = _fit(data, layout, options, splits, spec)
        card = card_of(data, splits, fitted)
        card["notes"] = [*card["notes"], *notes]
        card |= {
            "channels": len(fitted.channels),
            "longest_series_in_steps": max(len(values) for values in data.values),
            "steps_read_as_one": fitted.scaling.average,
            "steps_a_position": fitted.scaling.patch,
            "missing_values": fitted.scaling.missing,
        }
        train, valid, test = (fitted.encode(data, getattr(splits, part)) for part in PARTS)
        return Prepared(cls(fitted), train, valid, test, card)

    @property
    def inputs(self) -> Inputs:
        """Patches of values; of one number where all series are as long."""
        fitted = self.fitted
        longest = int(fitted.scaling.positions(np.array(fitted.longest)))
        length = longest if fitted.steps else None
        return Inputs("values", fitted.scaling.features, length, longest)

    def lengths(self, examples: Examples) -> NDArray[np.int64]:
        steps, cutting = _values(examples).lengths, self.fitted.cutting
        if cutting is None:
            return self.fitted.scaling.positions(steps)
        return cutting.counts(steps) * self.fitted.scaling.positions(
            np.minimum(steps, cutting.steps)
        )

    def sequences(
        self, examples: Examples, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
        padded, _ = _values(examples).padded(rows)
        return self._read(padded.astype(np.float32, copy=False), _values(examples).lengths[rows])

    def _read(
        self, padded: NDArray[np.float32], steps: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
        """Standard values (B, T, channels) of so many steps as positions, and which are real."""
        sequences = self.fitted.scaling.sequences(padded)
        mask = np.arange(sequences.shape[1]) < self.fitted.scaling.positions(steps)[:, None]
        return sequences, None if mask.all() else mask

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """Of series; where they are cut, of windows to train on, or of all windows of series."""
        cutting = self.fitted.cutting
        if cutting is None:
            yield from super().batches(examples, batch_size, batch_tokens, rng)
        elif rng is not None:
            windows = cutting.windows(_values(examples).lengths, rng)
            positions = self.fitted.scaling.positions(windows.steps)
            for which in plan_batches(positions, batch_size, batch_tokens, rng):
                yield self._batch(examples, windows.take(which))
        else:
            for rows in plan_batches(self.lengths(examples), batch_size, batch_tokens):
                windows = cutting.windows(_values(examples).lengths[rows])
                yield self._batch(examples.take(rows), windows, rows)

    def _batch(
        self, examples: Examples, windows: Windows, whole: NDArray[np.int64] | None = None
    ) -> Batch:
        """A batch of windows; `whole`: of all windows of these examples, which are their rows."""
        import torch

        from seqlab.batch import Batch, Context

        values, mask = self._read(windows.cut(_values(examples)), windows.steps)
        return Batch(
            torch.from_numpy(values),
            torch.from_numpy(np.asarray(examples.arrays["label"])[windows.rows]),
            Context(None if mask is None else torch.from_numpy(mask)),
            windows.rows if whole is None else whole,
            {} if whole is None else {EXAMPLE: torch.from_numpy(windows.rows)},
        )

    def batch_count(self, examples: Examples, batch_size: int, batch_tokens: int) -> int:
        cutting = self.fitted.cutting
        if cutting is None:
            return super().batch_count(examples, batch_size, batch_tokens)
        steps = cutting.windows(_values(examples).lengths).steps
        return len(plan_batches(self.fitted.scaling.positions(steps), batch_size, batch_tokens))

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """Class probabilities (B, C); those of a series that is cut are its windows' mean."""
        answers = super().predict(model, batch)
        if EXAMPLE not in batch.extra:
            return answers
        return averaged(answers, batch.extra[EXAMPLE].cpu().numpy())

    def vectors(self, examples: Examples) -> list[NDArray[np.float32]]:
        values = _values(examples)
        return [np.asarray(values[row], dtype=np.float32) for row in range(len(examples))]

    def encode(self, table: Table) -> Examples:
        """New series; their labels too, where the table has them."""
        fitted = self.fitted
        rows = one_row_each(table, fitted.layout, transpose=fitted.transpose)
        data = collection_of(rows, fitted.layout, dict(fitted.columns), training=False)
        channels = data.values[0].shape[1]
        if channels != len(fitted.scaling.mean):
            raise UserError(
                f'"{table.origin}": {channels} channels, training had {len(fitted.scaling.mean)}',
                "expected the channels of the training data, in their order",
            )
        other = next((row for row, v in enumerate(data.values) if len(v) != fitted.steps), None)
        if fitted.steps and other is not None:
            raise UserError(
                f"{data.place(other)} has {len(data.values[other]):,} steps, all of the training"
                f" data have {fitted.steps:,}",
                "cut or fill it up to that length",
            )
        return fitted.encode(data, np.arange(len(data.values)))

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """Errors by length and class, confusions, series drawn with their class, the hardest."""
        labels, values = np.asarray(examples.arrays["label"]), _values(examples)
        wrong = predictions.argmax(axis=1) != labels

        def drawn(row: int) -> NDArray[np.float32]:
            return np.asarray(values[row], dtype=np.float32)

        channels = list(self.fitted.channels)
        return [
            *shown.by_length(wrong, values.lengths),
            *shown.shared_exhibits(predictions, labels, self.classes),
            shown.drawn(predictions, examples, self.classes, drawn, channels),
            shown.hardest_series(predictions, examples, self.classes, drawn),
        ]


def _fit(
    data: Collection, layout: Layout, options: RecordingOptions, splits: Splits, spec: DataSpec
) -> tuple[FittedSeries, list[str]]:
    """What is learned of the training part, and what was decided, in words."""
    lengths, cutting = np.array([len(values) for values in data.values]), options.cutting
    longest = min(int(lengths.max()), options.window or int(lengths.max()))
    seen = min(int(lengths[splits.train].max()), longest)
    scaling, notes = fit_scaling([data.values[row] for row in splits.train], options, seen)
    classes = fit_classes(data, splits, spec)
    if cutting is not None:  # what training reads are windows
        classes["examples"] = int(cutting.counts(lengths[splits.train]).sum())
        notes = [cutting.said(lengths[splits.train]), *notes]
    elif scaling.average > 1:
        notes.append(
            "where any stretch of a series tells its class, its windows are more to train on:"
            " --set options.window=STEPS"
        )
    count = data.values[0].shape[1]
    fitted = FittedSeries(
        **classes,
        scaling=scaling,
        layout=layout,
        transpose=options.transpose,
        channels=data.channels or tuple(f"channel {c + 1}" for c in range(count)),
        steps=longest if cutting is None and np.ptp(lengths) == 0 else 0,
        longest=longest,
        cutting=cutting,
    )
    return fitted, notes


def _values(examples: Examples) -> Ragged:
    values = examples.arrays["values"]
    assert isinstance(values, Ragged)
    return values
