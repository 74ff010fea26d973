"""What of a test part is independent of what: examples, groups of them, or stretches of time.

A mean over M examples is as exact as M independent ones only where they are independent. Rows of
one subject move together, and so do forecast windows that overlap, that follow on each other, or
that lie in the same days of different series. Each such way of moving together is a `Clustering`;
the variance of a mean is a sum over clusters (Cameron, Gelbach and Miller, 2011, for two ways).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from seqlab.compare.contestants import IntArray, check_enough
from seqlab.data.in_time import InTime
from seqlab.metrics.base import Array

MANY_SERIES = 20  # from here on the series are a sample of more; fewer are all that matter
HORIZONS_IN_A_BLOCK = 3  # at least, since windows that overlap share what they are scored on
BIAS = 0.12  # of a variance over blocks, that may be left by what ties neighbouring blocks together
MOST_BIAS = 0.5
LEAST_BLOCKS = 5  # fewer say nothing of how far chance goes between them
SURE = float(norm.ppf(0.9))  # an autocorrelation below so many standard errors is none


@dataclass(frozen=True, eq=False)
class Clustering:
    """Test examples that move together: a cluster number from 0 on for each, and what one is."""

    labels: IntArray
    unit: str = "test example"

    @property
    def count(self) -> int:
        """How many clusters there are."""
        return int(self.labels.max()) + 1 if len(self.labels) else 0

    def sums(self, values: Array) -> Array:
        """Sums over the clusters: (…, examples) → (…, clusters)."""
        order = np.argsort(self.labels, kind="stable")
        starts = np.flatnonzero(np.diff(self.labels[order], prepend=-1))
        return np.asarray(np.add.reduceat(values[..., order], starts, axis=-1))


@dataclass(frozen=True, eq=False)
class Ways:
    """How a test part's examples move together.

    first   the clusters whose variance is counted
    second  another way, and the cells of both, whose variance is counted twice otherwise
    short   why nothing can be decided on this test part; "" if it can
    bias    the share of a variance over blocks that is missed, estimated
    """

    first: Clustering
    second: tuple[Clustering, Clustering] | None = None
    short: str = ""
    bias: float = 0.0

    @property
    def unit(self) -> str:
        """What is independent, in words."""
        return self.first.unit


def ways_of(units: IntArray | InTime | None, examples: int) -> Ways | None:
    """The clusters where they are known beforehand; None for windows, whose errors must be seen.

    `units` gives a block number per example, or says that examples are windows.
    """
    if isinstance(units, InTime):
        return None
    if units is None:
        check_enough(examples, "test example")
        return Ways(Clustering(np.arange(examples)))
    assert units.shape == (examples,), "one block number for each test example"
    blocks = Clustering(_numbered(units), "test block")
    check_enough(blocks.count, blocks.unit)
    return Ways(blocks)


def ways_in_time(windows: InTime, pulls: Array) -> Ways:
    """The clusters of forecast windows, from how the contestants' errors follow on each other.

    `pulls` (n, windows) is how far each window moves each contestant's mean.
    """
    series = _numbered(windows.series)
    count = int(series.max()) + 1
    whole = Clustering(series, "series")
    if count >= MANY_SERIES and not windows.calendar:
        return Ways(whole)
    stretch, length, bias = _stretches(windows, pulls)
    cells = Clustering(_numbered(stretch + series * (int(stretch.max()) + 1)), "stretch")
    stretches = Clustering(stretch, "stretch") if windows.calendar else cells
    short = _too_short(stretches.count, length) if stretches.count < LEAST_BLOCKS else ""
    if count < MANY_SERIES:
        return Ways(stretches, short=short, bias=bias)
    return Ways(whole, (stretches, cells), short, bias)


def _too_short(stretches: int, length: int) -> str:
    return (
        f"the test part is too short to decide: neighbouring errors depend on each other, and it"
        f" holds {stretches} independent {'stretch' if stretches == 1 else 'stretches'} of"
        f" {length:,} steps where {LEAST_BLOCKS} are needed"
    )


def _stretches(windows: InTime, pulls: Array) -> tuple[IntArray, int, float]:
    """A stretch of time for each window, its length in steps, and the bias that is left."""
    steps, place = np.unique(windows.step, return_inverse=True)
    apart = int(np.median(np.diff(steps))) if len(steps) > 1 else 1  # steps between windows
    moves = Clustering(place.astype(np.int64)).sums(pulls)  # (n, distinct steps)
    overlap = -(-windows.horizon // apart)
    memory = _memory(moves, overlap)
    length = max(HORIZONS_IN_A_BLOCK * overlap, int(np.ceil(memory / BIAS)))
    count = max(len(steps) // length, 1)
    bias = min(memory / length, MOST_BIAS)
    stretch = np.minimum(place // length, count - 1).astype(np.int64)  # the last takes the rest
    return stretch, length * apart, bias


def _numbered(labels: IntArray) -> IntArray:
    """The same clusters, numbered from 0 on without gaps."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _memory(moves: Array, overlap: int) -> float:
    """How far errors reach, in steps: Σ|k|ρ_k / Σρ_k of the contrast of contestants that reaches
    farthest, by its own autocorrelation ρ; at least as far as windows overlap.

    A variance over stretches of L steps misses this divided by L. Autocorrelations count until
    the first that is none, and with falling weight until twice as far (Politis and White, 2004);
    what the sample's own mean takes from them, about Σρ/T, is put back.
    """
    least = (overlap - 1 / overlap) / 3
    contrasts = moves - moves.mean(axis=0) if len(moves) > 1 else moves
    contrasts = contrasts - contrasts.mean(axis=1, keepdims=True)
    steps = contrasts.shape[1]
    contrasts = contrasts[np.square(contrasts).sum(axis=1) > 0]
    if steps < LEAST_BLOCKS or not len(contrasts):
        return least
    bound = SURE / np.sqrt(steps / overlap)
    return max(least, *(_reach(one, bound) for one in _autocorrelations(contrasts)))


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
