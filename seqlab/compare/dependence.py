"""What of a test part is independent of what: examples, groups of them, or stretches of time.

A mean over M examples is as exact as M independent ones only where they are independent. Rows of
one subject move together, and so do forecast windows that overlap, that follow on each other, or
that lie in the same days of different series. A way of moving together says how what single
examples contribute to a mean adds up: its *terms*, whose squares add up to the mean's variance.

Groups: a term is the sum over a group. Time: a term is a slow wave of the contributions along the
calendar – the first cosines, each an independent estimate of the variance over long stretches
(Müller, 2007; Lazarus, Lewis, Stock and Watson, 2018). As many waves are used as are slow beside
the errors' own memory, so that they are fewer, and intervals wider, the longer that is. Many
series: both, and what is common counted once (Cameron, Gelbach and Miller, 2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtri

from seqlab.compare.contestants import IntArray, check_enough
from seqlab.data.dependence import InGroups, InTime
from seqlab.metrics.base import Array

MANY_SERIES = 20  # from here on the series are a sample of more; fewer are all that matter
HORIZONS_IN_A_STRETCH = 3  # at least, since windows that overlap share what they are scored on
BIAS = 0.05  # of a variance from waves, that may be missed since they are not infinitely slow
FEWEST_WAVES = 5  # fewer say nothing of how far chance goes from one stretch to the next
SURE = float(ndtri(0.9))  # an autocorrelation below so many standard errors is none
CAUTION = 2.0  # standard errors, about, by which the memory of errors is taken to be longer


class Way(Protocol):
    """How examples move together."""

    @property
    def unit(self) -> str:
        """What is independent, in words."""

    @property
    def count(self) -> int:
        """How many independent terms there are."""

    def terms(self, pulls: Array) -> Array:
        """(…, examples) → (…, terms): the sum of their squares is the variance of Σ pulls."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """Groups of examples that move together: a number from 0 on for each example."""

    labels: IntArray
    unit: str = "test example"

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.labels.max()) + 1

    @property
    def freedom(self) -> int:
        """Degrees of freedom of a variance over them."""
        return max(self.count - 1, 1)

    def terms(self, pulls: Array) -> Array:
        """Sums over the groups; the factor is for their mean, which was estimated."""
        count = self.count
        if count == len(self.labels) and (np.diff(self.labels) == 1).all():
            summed = pulls
        else:
            order = np.argsort(self.labels, kind="stable")
            starts = np.flatnonzero(np.diff(self.labels[order], prepend=-1))
            summed = np.add.reduceat(pulls[..., order], starts, axis=-1)
        return np.asarray(summed * np.sqrt(count / max(count - 1, 1)))


@dataclass(frozen=True, eq=False)
class Waves:
    """The first cosines along a calendar, of all examples together or of each series' own.

    place   each example's place on the calendar, from 0 on
    series  whose each example is; None: all together
    """

    place: IntArray
    waves: int
    series: IntArray | None = None
    unit: str = "stretch"

    @property
    def count(self) -> int:
        """Independent stretches that the waves tell apart: one more than they are."""
        return self.freedom + 1

    @property
    def freedom(self) -> int:
        """How many waves there are in all."""
        own = 1 if self.series is None else int(self.series.max()) + 1
        return own * self.waves

    def terms(self, pulls: Array) -> Array:
        """Coefficients of the waves: √(2/B) Σ_t pull(t) cos(πj(t + ½)/T) for j = 1 … B."""
        steps = int(self.place.max()) + 1
        moments = np.arange(steps) + 0.5
        waves = np.cos(np.pi * moments[:, None] * np.arange(1, self.waves + 1) / steps)
        waves *= np.sqrt(2 / self.waves)
        if self.series is None:
            return _added(pulls, self.place, steps) @ waves
        count = int(self.series.max()) + 1
        cells = self.series * steps + self.place
        return np.stack(
            [
                (_added(row, cells, count * steps).reshape(count, steps) @ waves).reshape(-1)
                for row in pulls.reshape(-1, pulls.shape[-1])
            ]
        ).reshape(*pulls.shape[:-1], -1)


def _added(values: Array, labels: IntArray, count: int) -> Array:
    """Sums by label, (…, examples) → (…, count)."""
    rows = values.reshape(-1, values.shape[-1])
    summed: Array = np.stack([np.bincount(labels, row, count) for row in rows]).astype(np.float64)
    return summed.reshape(*values.shape[:-1], count)


@dataclass(frozen=True, eq=False)
class Ways:
    """How a test part's examples move together.

    first   the way whose variance is counted
    second  another way, and the cells of both, whose variance is counted twice otherwise
    short   why nothing can be decided on this test part; "" if it can
    missed  the share of a variance from waves that they miss, estimated
    """

    first: Clusters | Waves
    second: tuple[Waves, Waves] | None = None
    short: str = ""
    missed: float = 0.0


def ways_of(units: IntArray | InGroups | None, examples: int) -> Ways:
    """Single examples, or groups of them."""
    if units is None:
        check_enough(examples, "test example")
        return Ways(Clusters(np.arange(examples)))
    groups = units if isinstance(units, InGroups) else InGroups(units)
    assert groups.group.shape == (examples,), "one number for each test example"
    blocks = Clusters(_numbered(groups.group), groups.noun)
    check_enough(blocks.count, blocks.unit)
    return Ways(blocks)


def ways_in_time(windows: InTime, pulls: Array) -> Ways:
    """How forecast windows move together, from how the contestants' errors follow on each other.

    `pulls` (n, windows) is how far each window moves each contestant's mean.
    """
    series = _numbered(windows.series)
    count = int(series.max()) + 1
    whole = Clusters(series, "series")
    if count >= MANY_SERIES and not windows.calendar:
        return Ways(whole)
    steps, place = np.unique(windows.step, return_inverse=True)
    place = place.astype(np.int64)
    apart = int(np.median(np.diff(steps))) if len(steps) > 1 else 1  # steps between windows
    overlap = -(-windows.horizon // apart)
    memory = _memory(_added(pulls, place, len(steps)), overlap)
    most = len(steps) // (HORIZONS_IN_A_STRETCH * overlap)
    waves = max(1, min(most, int(np.sqrt(3 * BIAS) / np.pi * len(steps) / max(memory, 1e-9))))
    missed = min((waves * np.pi * memory / len(steps)) ** 2 / 3, 0.5)
    together, cells = Waves(place, waves), Waves(place, waves, series)
    way = together if windows.calendar or count == 1 else cells
    short = _too_short(len(steps) * apart, waves) if way.freedom < FEWEST_WAVES else ""
    if count < MANY_SERIES:
        return Ways(way, short=short, missed=missed)
    return Ways(whole, (together, cells), short, missed)


def stretches_at_most(windows: InTime) -> int:
    """The independent stretches (or series) of windows whose errors remember no longer than they
    overlap: what a plan can count on at most.
    """
    series, steps = _numbered(windows.series), np.unique(windows.step)
    count = int(series.max()) + 1
    if count >= MANY_SERIES and not windows.calendar:
        return count
    apart = int(np.median(np.diff(steps))) if len(steps) > 1 else 1
    stretches = 1 + len(steps) // (HORIZONS_IN_A_STRETCH * -(-windows.horizon // apart))
    return stretches if windows.calendar or count == 1 else count * stretches


def _too_short(steps: int, waves: int) -> str:
    return (
        "the test part is too short to decide: neighbouring errors depend on each other, and its"
        f" {steps:,} steps are worth {waves + 1} independent stretches of time, where"
        f" {FEWEST_WAVES + 1} are needed"
    )


def _memory(moves: Array, overlap: int) -> float:
    """How far errors reach, in steps: Σ|k|ρ_k / Σρ_k of the contrast of contestants that reaches
    farthest, by its own autocorrelation ρ; at least as far as windows overlap.

    For ρ_k = ρ^|k|, Σk²ρ_k / Σρ_k, the curvature of the spectrum that waves see, is about twice its
    square; for windows that overlap 1.5 times. Autocorrelations count until the first that is none,
    and with falling weight until twice as far (Politis and White, 2004); what the sample's own mean
    takes from them, about Σρ/T, is put back.
    """
    least = (overlap - 1 / overlap) / 3
    contrasts = moves - moves.mean(axis=0) if len(moves) > 1 else moves
    contrasts = contrasts - contrasts.mean(axis=1, keepdims=True)
    steps = contrasts.shape[1]
    contrasts = contrasts[np.square(contrasts).sum(axis=1) > 0]
    if steps <= FEWEST_WAVES or not len(contrasts):
        return least
    bound = SURE / np.sqrt(steps / overlap)
    seen = max(least, *(_reach(one, bound) for one in _autocorrelations(contrasts)))
    # It was estimated on no more than so many independent stretches; too little is the worse error.
    return seen * (1 + CAUTION / np.sqrt(max(steps / (2 * seen + 1), 1.0)))


def _autocorrelations(series: Array) -> Array:
    """Autocorrelations at lags 0 to half the length, (n, lags)."""
    steps = series.shape[1]
    spectrum = np.fft.rfft(series, 2 * steps, axis=1)
    products = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, : steps // 2 + 1]
    return np.asarray(products / products[:, :1])


def _reach(correlation: Array, bound: float) -> float:
    """Σ|k|ρ_k / Σρ_k over the lags that count."""
    lags = np.arange(len(correlation))
    none = np.flatnonzero(correlation < bound)
    last = int(none[0]) if len(none) else len(correlation)
    weights = np.clip(2 - lags / max(last, 1), 0, 1)
    total = 2 * float(weights[1:] @ correlation[1:]) + 1
    whole = correlation + total * (1 - correlation) / (2 * len(correlation))
    total = 2 * float(weights[1:] @ whole[1:]) + 1
    return 2 * float((weights * lags) @ whole) / total if total > 0 else 0.0


def _numbered(labels: IntArray) -> IntArray:
    """The same clusters, numbered from 0 on without gaps."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)
