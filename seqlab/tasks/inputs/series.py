"""Series of numbers as standard values in patches: whole, or in windows.

A position of the sequence is a patch of steps, standardised by the training part. Each step is in
two patches, so that a pattern is seen whole wherever it falls. With `options.window` a model reads
windows of a series, and a series' answer is the mean of what it says of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import PrivateAttr

from seqlab.data.batching import plan_batches
from seqlab.data.examples import Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.tasks.base import DataSpec, Inputs
from seqlab.tasks.exhibits.curves import sparkline
from seqlab.tasks.inputs.scaling import (
    MISSING_SHARE,
    Cutting,
    Scaling,
    SeriesOptions,
    SeriesWindows,
    fit_scaling,
)
from seqlab.tasks.inputs.series_rows import SeriesRows, by_row, flaw_of
from seqlab.tasks.parts import Arrays, ColumnChoice, Sequences

# Series (B, T, channels) of which the steps in (B, T) are real, to series of the same shape.
Vary = Callable[[NDArray[np.float32], NDArray[np.bool_]], NDArray[np.float32]]
NEVER_CHANGES = 1e-8  # standard deviation under which a channel is constant


class Series(SeriesRows):
    """One or more channels over some steps, one series an example.

    channels: their names. steps: of every series, where all are as long and are read whole; else
    0. longest: the most steps that a model reads at once. decided: what was settled, in words.
    """

    options_type = SeriesOptions

    options: SeriesOptions
    scaling: Scaling
    channels: tuple[str, ...]
    steps: int
    longest: int
    cutting: Cutting | None = None
    decided: tuple[str, ...] = ()
    _vary: Vary | None = PrivateAttr(None)

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def findings(cls, rows: Examples, labels: Sequence[str] | None) -> list[Finding]:
        """Counts, lengths, gaps, and channels or series that never change."""
        series = rows.ragged("series")
        return [
            _counts(series),
            *_gaps(series, rows.frame["name"]),
            *_constant(series, rows.frame["name"]),
        ]

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """Scale and patches from the training series."""
        layout, series, cutting = choice.layout, train.ragged("series"), options.cutting
        longest = min(layout.longest, options.window or layout.longest)
        seen = min(int(series.lengths.max()), longest)
        scaling, decided = fit_scaling([series[row] for row in range(len(series))], options, seen)
        if cutting is not None:  # what training reads are windows
            decided = [cutting.said(series.lengths), *decided]
        elif scaling.average > 1:
            decided.append(
                "where any stretch of a series tells its class, its windows are more to train on:"
                " --set options.window=STEPS"
            )
        count = series.values.shape[1]
        named = layout.channels if layout.kind == "long" else ()
        return cls(
            columns=choice.columns,
            layout=layout,
            options=options,
            scaling=scaling,
            channels=named or tuple(f"channel {c + 1}" for c in range(count)),
            steps=0 if cutting is not None else layout.steps,
            longest=longest,
            cutting=cutting,
            decided=tuple(decided),
        )

    # -- learned -------------------------------------------------------------------------------

    def unreadable(self, table: Table, choice: ColumnChoice) -> pd.Series:
        """Other channels than those of training, and other lengths where all were as long."""
        channels, flaws = len(self.scaling.mean), []
        for values in table.frame["series"]:
            flaw = flaw_of(values, channels, self.fewest_steps)
            if not flaw and self.steps and len(values) != self.steps:
                flaw = f"{len(values):,} steps, all of the training data have {self.steps:,}"
            flaws.append(flaw)
        return by_row(table, flaws)

    def encode(self, rows: Examples) -> Arrays:
        """`values`: standard values (steps, channels), gaps filled."""
        series = rows.ragged("series")
        return {
            "values": Ragged.of([self.scaling.standard(series[row]) for row in range(len(series))])
        }

    @property
    def inputs(self) -> Inputs:
        """Patches of values; of one number where all series are as long."""
        longest = int(self.scaling.positions(np.array(self.longest)))
        return Inputs("values", self.scaling.features, longest if self.steps else None, longest)

    def lengths(self, examples: Examples) -> NDArray[np.int64]:
        steps = examples.ragged("values").lengths
        if self.cutting is None:
            return self.scaling.positions(steps)
        read = self.scaling.positions(np.minimum(steps, self.cutting.steps))
        return self.cutting.counts(steps) * read

    def sequences(
        self, examples: Examples, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        values = examples.ragged("values")
        padded, _ = values.padded(rows)
        return self._positions(padded.astype(np.float32, copy=False), values.lengths[rows])

    def _positions(
        self, padded: NDArray[np.float32], steps: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Standard values (B, T, channels) of so many steps as positions, and which are real."""
        if self._vary is not None:
            padded = self._vary(padded, np.arange(padded.shape[1]) < steps[:, None])
        sequences = self.scaling.sequences(padded)
        return sequences, np.arange(sequences.shape[1]) < self.scaling.positions(steps)[:, None]

    def varying(self, vary: Vary) -> Self:
        """The same, but its batches are of changed series: patches are cut after the change."""
        changing = self.model_copy()
        changing._vary = vary
        return changing

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Sequences]:
        """Of series; where they are cut, of windows to train on, or of all windows of series."""
        cutting, lengths = self.cutting, examples.ragged("values").lengths
        if cutting is None:
            yield from super().batches(examples, batch_size, batch_tokens, rng)
        elif rng is not None:
            windows = cutting.windows(lengths, rng)
            positions = self.scaling.positions(windows.steps)
            for which in plan_batches(positions, batch_size, batch_tokens, rng):
                some = windows.take(which)
                yield Sequences(*self._windows(examples, some), some.rows)
        else:
            for rows in plan_batches(self.lengths(examples), batch_size, batch_tokens):
                windows = cutting.windows(lengths[rows])
                yield Sequences(*self._windows(examples.take(rows), windows), rows, windows.rows)

    def _windows(
        self, examples: Examples, windows: SeriesWindows
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        return self._positions(windows.cut(examples.ragged("values")), windows.steps)

    def batch_count(self, examples: Examples, batch_size: int, batch_tokens: int) -> int:
        if self.cutting is None:
            return super().batch_count(examples, batch_size, batch_tokens)
        steps = self.cutting.windows(examples.ragged("values").lengths).steps
        return len(plan_batches(self.scaling.positions(steps), batch_size, batch_tokens))

    def vectors(self, examples: Examples) -> list[NDArray[np.float32]]:
        """Standard values of each example, (steps, channels), as baselines read them."""
        values = examples.ragged("values")
        return [np.asarray(values[row], dtype=np.float32) for row in range(len(values))]

    def shown(self, examples: Examples, row: int) -> str:
        steps = int(examples.ragged("values").lengths[row])
        return f"series {examples.frame['name'].iloc[row]}, {steps:,} steps"

    def item(self, examples: Examples, row: int) -> dict[str, Any]:
        """Its name, and its first channel in small."""
        curve = sparkline(examples.ragged("values")[row][:, 0])
        return {**super().item(examples, row), "curve": curve}

    def lengths_shown(self, examples: Examples) -> tuple[NDArray[np.int64], str]:
        return examples.ragged("values").lengths, "steps in the series"

    def card(self, train: Examples) -> dict[str, Any]:
        return {
            "channels": len(self.channels),
            "longest_series_in_steps": self.layout.longest,
            "steps_read_as_one": self.scaling.average,
            "steps_a_position": self.scaling.patch,
            "missing_values": self.scaling.missing,
        }

    def notes(self, parts: Mapping[str, Examples]) -> list[str]:
        return list(self.decided)


def _counts(series: Ragged) -> Finding:
    lengths, channels = series.lengths, series.values.shape[1]
    steps = f"{lengths.min():,}" + (f" to {lengths.max():,}" if np.ptp(lengths) else "")
    return Finding(
        "info",
        f"{len(lengths):,} series of {steps} steps, {channels} channel"
        + ("s" if channels > 1 else ""),
        f"a median of {np.median(lengths):,.0f} steps" if np.ptp(lengths) else "",
    )


def _gaps(series: Ragged, names: pd.Series) -> list[Finding]:
    gaps = np.array([float(np.isnan(series[row]).mean()) for row in range(len(series))])
    if not gaps.any():
        return []
    worst = int(np.argmax(gaps))
    return [
        Finding(
            "warning" if gaps.mean() > MISSING_SHARE or gaps.max() > 0.5 else "info",
            f"missing values: {gaps.mean():.1%}, in {np.count_nonzero(gaps):,} series",
            f"most in series {names.iloc[worst]}: {gaps[worst]:.0%}",
            "filled in between neighbours, or marked: --set options.missing=interpolate|mask",
        )
    ]


def _constant(series: Ragged, names: pd.Series) -> list[Finding]:
    values = [np.asarray(series[row], dtype=np.float64) for row in range(len(series))]
    spread = np.array([np.nanmax(np.nanstd(one, axis=0)) for one in values])
    flat = np.flatnonzero(spread < NEVER_CHANGES)
    if not len(flat):
        return []
    return [
        Finding(
            "warning",
            f"series that never change: {len(flat):,}",
            f"the first is series {names.iloc[int(flat[0])]}",
            "if the sensor was off, remove them",
        )
    ]
