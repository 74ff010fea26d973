"""Series on one scale, without gaps, and in patches: what was learned is from training alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data.examples import Ragged
from seqlab.errors import UserError
from seqlab.specs import Spec
from seqlab.tasks.inputs.series_layouts import ArrayOptions

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
    """Windows of `steps`, the next at most `stride` steps after the last one began.

    They never leave their recording: whatever divides recordings into parts divides windows too.
    """

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


MOST_WHOLE_STEPS = 512  # of the longest series, that are left where longer ones are averaged
MOST_POSITIONS = 64  # of the longest series, that patches make by default
MISSING_SHARE = 0.05  # share of values from which the gaps themselves may tell something
PATCHES_A_STEP = 2  # patches in which each step is: a pattern is then seen whole, wherever it falls

Floats = NDArray[np.float32]
Values = NDArray[Any]  # (steps, channels) of one series


class SeriesOptions(ArrayOptions):
    """How series are read.

    average: steps that become one by their mean and deviation; None: as many as leave 512.
    patch: (averaged) steps that become one position; None: as many as make 64 of the longest.
    missing: how gaps are filled: `interpolate` between their neighbours, or with the channel's
    mean, and channels that say where (`mask`). None: interpolate, unless much is missing.
    scale: values by the training part's mean and deviation, or each series by its own.
    window: steps of the windows that series are read in; None: each is read as a whole.
    stride: steps between the windows of a prediction; None: half a window.
    """

    average: int | None = Field(None, ge=1)
    patch: int | None = Field(None, ge=1)
    missing: Literal["interpolate", "mask"] | None = None
    scale: Literal["training", "each"] = "training"
    window: int | None = Field(None, ge=2)
    stride: int | None = Field(None, ge=1)

    @property
    def cutting(self) -> Cutting | None:
        """How series are cut into windows, if they are."""
        if self.window is None:
            if self.stride is not None:
                raise UserError(
                    f"options.stride = {self.stride} needs windows",
                    "give their length: --set options.window=STEPS",
                )
            return None
        stride = self.stride or max(1, self.window // 2)
        if stride > self.window:
            raise UserError(
                f"options.stride = {stride}: steps between windows of {self.window} are read by"
                " none",
                f"accepted: 1 to {self.window}",
            )
        return Cutting(steps=self.window, stride=stride)


class Scaling(Spec):
    """Standard values: (x − mean) / std of each channel, gaps filled, marks of gaps beside them.

    marked: channels whose gaps are marked by a channel of their own. average: steps that become
    one, by mean and deviation. patch: such steps that a position is apart from the next.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: Literal["training", "each"]
    missing: Literal["interpolate", "mask"]
    marked: tuple[int, ...]
    average: int
    patch: int

    @property
    def channels(self) -> int:
        """Channels of a step, marks of gaps included."""
        return len(self.mean) + len(self.marked)

    @property
    def window(self) -> int:
        """Steps that a position reads."""
        return self.patch * PATCHES_A_STEP if self.patch > 1 else 1

    @property
    def features(self) -> int:
        """Numbers that a position reads."""
        return self.channels * self.window * (2 if self.average > 1 else 1)

    def positions(self, steps: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions of series of so many steps."""
        left = -(-steps // self.average)
        return -(-left // self.patch)

    def standard(self, values: Values) -> Floats:
        """One series (steps, channels) as a model reads it, before it is cut into patches."""
        gaps = np.isnan(values)
        x = np.asarray(values, dtype=np.float64)
        if self.scale == "each":
            x = (x - _mean(x)) / _deviation(x)
        else:
            x = (x - np.asarray(self.mean)) / np.asarray(self.std)
        if gaps.any():
            x = np.where(gaps, 0.0, x) if self.missing == "mask" else interpolated(x)
        marks = gaps[:, list(self.marked)].astype(np.float64)
        return np.concatenate([x, marks], axis=1).astype(np.float32)

    def sequences(self, x: Floats) -> Floats:
        """Standard series (B, T, channels), padded with zeros, to (B, positions, features)."""
        return self._patches(self._averaged(x))

    def _averaged(self, x: Floats) -> Floats:
        if self.average == 1:
            return x
        B, T, C = x.shape
        whole = np.pad(x, ((0, 0), (0, -T % self.average), (0, 0)))
        blocks = whole.reshape(B, -1, self.average, C)
        return np.concatenate([blocks.mean(axis=2), blocks.std(axis=2)], axis=2)

    def _patches(self, x: Floats) -> Floats:
        """Position i reads the steps around its own: half a patch before them and half behind."""
        if self.patch == 1:
            return x
        B, T, C = x.shape
        count, before = -(-T // self.patch), (self.window - self.patch) // 2
        whole = np.zeros((B, (count - 1) * self.patch + self.window, C), dtype=np.float32)
        length = min(T, whole.shape[1] - before)
        whole[:, before : before + length] = x[:, :length]
        steps = np.arange(count)[:, None] * self.patch + np.arange(self.window)
        return whole[:, steps].reshape(B, count, self.window * C)


def fit_scaling(
    series: Sequence[Values], options: SeriesOptions, longest: int
) -> tuple[Scaling, list[str]]:
    """The scale of the training part, and what was decided, in words.

    longest: the most of their steps that a model reads at once.
    """
    steps = np.concatenate([np.asarray(x, dtype=np.float64) for x in series])
    gaps = np.isnan(steps)
    average = min(options.average or -(-longest // MOST_WHOLE_STEPS), longest)
    left = -(-longest // average)
    patch = min(options.patch or -(-left // MOST_POSITIONS), left)
    missing = options.missing or ("mask" if gaps.mean() > MISSING_SHARE else "interpolate")
    marked = np.flatnonzero(gaps.any(axis=0)).tolist() if missing == "mask" else []
    scaling = Scaling(
        mean=tuple(_mean(steps).tolist()),
        std=tuple(_deviation(steps).tolist()),
        scale=options.scale,
        missing=missing,
        marked=tuple(marked),
        average=average,
        patch=patch,
    )
    notes = []
    if average > 1:
        notes.append(
            f"{average} steps are read as one, by their mean and deviation; to change:"
            " --set options.average=STEPS"
        )
    if scaling.patch > 1:
        notes.append(
            f"{patch} steps make a position of {-(-left // patch)} at most; to"
            " change: --set options.patch=STEPS"
        )
    if gaps.any():
        how = "filled in between their neighbours" if missing == "interpolate" else "marked"
        notes.append(f"missing values of training: {gaps.mean():.1%}, {how}")
    return scaling, notes


def interpolated(x: NDArray[Any]) -> NDArray[np.float64]:
    """Gaps filled on a line between their neighbours; 0 in a channel without any value."""
    filled = np.array(x, dtype=np.float64)
    steps = np.arange(len(x))
    for channel in range(x.shape[1]):
        known = ~np.isnan(x[:, channel])
        values = x[known, channel]
        filled[:, channel] = np.interp(steps, steps[known], values) if known.any() else 0.0
    return filled


def _mean(x: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(x)
    return np.where(known, x, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _deviation(x: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(x)
    square = np.where(known, x - _mean(x), 0.0) ** 2
    deviation = np.sqrt(square.sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    return np.where(deviation > 1e-8, deviation, 1.0)
