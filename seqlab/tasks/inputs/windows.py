"""Long recordings, read in windows: trained on each of them, their answers averaged.

Windows never leave their recording: whatever divides recordings into parts divides windows too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Ragged
from seqlab.specs import Spec

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class SeriesWindows:
    """Windows of some series: the row each is of, its first step, and its steps."""

    rows: Numbers
    starts: Numbers
    steps: Numbers

    def take(self, which: Numbers) -> SeriesWindows:
        """Some of them, in the given order."""
        return SeriesWindows(self.rows[which], self.starts[which], self.steps[which])

    def cut(self, values: Ragged) -> NDArray[np.float32]:
        """(B, steps, channels), padded with zeros."""
        longest = int(self.steps.max())
        out = np.zeros((len(self.rows), longest, *values.values.shape[1:]), dtype=np.float32)
        for number, (row, start, steps) in enumerate(
            zip(self.rows, self.starts, self.steps, strict=True)
        ):
            out[number, :steps] = values[row][start : start + steps]
        return out


class Cutting(Spec):
    """Windows of `steps`, the next at most `stride` steps after the last one began."""

    steps: int
    stride: int

    def counts(self, lengths: Numbers) -> Numbers:
        """Windows of series of so many steps: as few as reach from the first to the last."""
        return 1 + np.ceil(np.maximum(lengths - self.steps, 0) / self.stride).astype(np.int64)

    def said(self, lengths: Numbers) -> str:
        """What is done, for the data card."""
        return (
            f"series are read in windows of {self.steps:,} steps, the next {self.stride:,} steps"
            f" further at most: {self.counts(lengths).sum():,} of {len(lengths):,} series to train"
            " on; predictions are the mean over a series' windows"
        )

    def windows(self, lengths: Numbers, rng: np.random.Generator | None = None) -> SeriesWindows:
        """All windows of series of so many steps.

        Evenly from the first step to the last; with a generator as many, each beginning anywhere,
        so that training never reads the same ones twice.
        """
        counts = self.counts(lengths)
        rows = np.repeat(np.arange(len(lengths)), counts)
        steps = np.minimum(lengths, self.steps)[rows]
        room = lengths[rows] - steps  # the last step at which a window may begin
        if rng is not None:
            return SeriesWindows(rows, rng.integers(0, room + 1), steps)
        number = np.arange(len(rows)) - np.repeat(counts.cumsum() - counts, counts)
        share = number / np.maximum(counts[rows] - 1, 1)
        return SeriesWindows(rows, np.round(share * room).astype(np.int64), steps)
