"""Series as the inputs of a regression: found and checked as those of classes are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import Spec
from seqlab.tasks.base import Inputs
from seqlab.tasks.series_classification.classifier import BATCHES, EPOCHS, SMALL, STEPS
from seqlab.tasks.series_classification.collection import Collection, Values
from seqlab.tasks.series_classification.layouts import Layout, find_layout, one_row_each
from seqlab.tasks.series_classification.reading import check, names_of
from seqlab.tasks.series_classification.scaling import Scaling, fit_scaling
from seqlab.tasks.series_classification.settings import SeriesOptions

SERIES_ROLES = ("series", "time")


class SeriesReading(Spec):
    """Where the values stand in a table, and how they are scaled, filled and cut into patches."""

    layout: Layout
    scaling: Scaling
    transpose: bool
    longest: int  # positions of the longest series of the training part

    def encode(self, series: Sequence[Values]) -> Ragged:
        """Standard values, (steps, channels) each."""
        standard: list[Array] = [self.scaling.standard(np.asarray(values)) for values in series]
        return Ragged.of(standard)

    def lengths(self, values: Ragged) -> NDArray[np.int64]:
        """Positions of each series."""
        return self.scaling.positions(values.lengths)

    def batch(
        self, values: Ragged, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """What a model reads of some series, (B, positions, features), and what of it is real."""
        padded, _ = values.padded(rows)
        read = self.scaling.sequences(padded.astype(np.float32, copy=False))
        real = np.arange(read.shape[1]) < self.lengths(values)[rows][:, None]
        return read, real

    @property
    def inputs(self) -> Inputs:
        """Values of each position; series may differ in length."""
        return Inputs("values", self.scaling.features, longest=self.longest)


def find_series(
    table: Table, given: dict[str, str], others: Sequence[str], options: SeriesOptions
) -> tuple[Table, Layout]:
    """The table with one row a series, its values in the column `series`, and where they stood."""
    named = {role: given[role] for role in SERIES_ROLES if role in given}
    layout = find_layout(table, named, others)
    return one_row_each(table, layout, transpose=options.transpose), layout


def series_of(
    rows: Table, layout: Layout, scaling: Scaling | None = None
) -> tuple[list[Values], list[str]]:
    """Checked series of a table that has one a row, and what each is called.

    `scaling` is that of the training part, whose channels new series must have.
    """
    values = [np.asarray(v, dtype=np.float32) for v in rows.frame["series"]]
    names = names_of(rows, layout)
    check(Collection(values, names, [None] * len(names), {}, (), rows.origin))
    if scaling is not None and values and values[0].shape[1] != len(scaling.mean):
        raise UserError(
            f'"{rows.origin}": series of {values[0].shape[1]} channels, those of training have'
            f" {len(scaling.mean)}",
            "expected the same channels in the same order",
        )
    return values, names


def fit_series(
    train: Sequence[Values], layout: Layout, options: SeriesOptions
) -> tuple[SeriesReading, list[str]]:
    """Scale and patches of the training part, and what was decided, in words."""
    scaling, notes = fit_scaling(train, options, max(map(len, train)))
    steps = np.array([max(len(values) for values in train)])
    longest = int(scaling.positions(steps)[0])
    reading = SeriesReading(
        layout=layout, scaling=scaling, transpose=options.transpose, longest=longest
    )
    return reading, notes


def defaults(examples: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """ModelSpec and TrainSpec fields: as for classes of series, of which there are few."""
    batch = BATCHES[0] if examples < SMALL else BATCHES[1]
    epochs = int(np.clip(-(-STEPS * batch // examples), *EPOCHS))
    return {"pooling": "mean"}, {"batch_size": batch, "epochs": epochs, "patience": None}


def vectors(examples: Examples) -> list[NDArray[np.float32]]:
    """Standard values of each example, (steps, channels), as baselines read them."""
    values = examples.arrays["values"]
    assert isinstance(values, Ragged)
    return [np.asarray(values[row], dtype=np.float32) for row in range(len(values))]
