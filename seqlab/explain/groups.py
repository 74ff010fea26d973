"""Whom a contestant fails: errors, false positives and negatives, calibration by group.

Every group is held against all other rows. The intervals of all differences of one measure hold
together, and the level is shared by the measures, so that many groups are no reason for alarms.
Groups of few rows are named and not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.compare.simultaneous import Joint
from seqlab.compare.variation import Part, Variation, granted_variance
from seqlab.explain.intervals import LEVEL, Estimate

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
FEWEST_ROWS = 30  # below which nothing is said of a group
MOST_GROUPS = 50
TOO_FEW = "too few to say"


@dataclass(frozen=True)
class Measure:
    """A value of each row that counts (NaN where it does not), whose means are compared."""

    name: str
    values: Array


@dataclass(frozen=True)
class Compared:
    """One measure of one group. difference: from all other rows; None: too few rows to say."""

    group: str
    measure: str
    rows: int
    value: float
    difference: Estimate | None

    @property
    def apart(self) -> bool:
        """Whether the group is shown to differ from the others."""
        d = self.difference
        return d is not None and (d.above or d.below)

    @property
    def sentence(self) -> str:
        """A finding in words."""
        d = self.difference
        if d is None:
            return f"{self.group}: {self.measure} of {self.rows:,} rows: {TOO_FEW}"
        side = "higher" if d.value > 0 else "lower"
        return (
            f"{self.group}: {self.measure} is {abs(100 * d.value):.1f} points {side} than of all"
            f" other rows (95 %: {100 * d.low:+.1f} to {100 * d.high:+.1f})"
        )


def class_measures(probabilities: Array, wanted: NDArray[np.int64], positive: int) -> list[Measure]:
    """Of class probabilities (n, C): errors, those of the positive class, scores, calibration."""
    predicted = probabilities.argmax(axis=1)
    is_positive, said = wanted == positive, predicted == positive
    score = probabilities[:, positive]
    nothing = np.full(len(wanted), np.nan)
    return [
        Measure("error rate", (predicted != wanted).astype(float)),
        Measure("false-positive rate", np.where(is_positive, nothing, said)),
        Measure("false-negative rate", np.where(is_positive, ~said, nothing)),
        Measure("mean score", score),
        Measure("score above truth", score - is_positive),
    ]


def number_measures(predicted: Array, wanted: Array) -> list[Measure]:
    """Of numbers in standard deviations of the truth: how far off, and to which side."""
    scale = float(np.nanstd(wanted)) or 1.0
    away = (predicted - wanted) / scale
    return [Measure("absolute error", np.abs(away)), Measure("too high", away)]


def by_group(groups: Sequence[str], measures: Sequence[Measure], seed: int = 0) -> list[Compared]:
    """Every measure of every group, groups in the order of their size."""
    names, numbers, counts = np.unique(
        np.array(groups, dtype=object).astype(str), return_inverse=True, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    level = LEVEL / max(len(measures), 1)
    found = []
    for measure in measures:
        members = [(numbers == g) & np.isfinite(measure.values) for g in order]
        differences = _differences(measure.values, members, level, seed)
        for g, mine, difference in zip(order, members, differences, strict=True):
            own = measure.values[mine]
            value = float(own.mean()) if len(own) else float("nan")
            found.append(Compared(str(names[g]), measure.name, len(own), value, difference))
    return found


def by_term(member: Flags, measures: Sequence[Measure], name: str, seed: int = 0) -> list[Compared]:
    """The rows of one group of terms, which may be in others too, against all others."""
    labels = np.where(member, name, "others")
    return [one for one in by_group(labels.tolist(), measures, seed) if one.group == name]


def _differences(
    values: Array, members: Sequence[Flags], level: float, seed: int
) -> list[Estimate | None]:
    """Each group's mean less that of all other rows; all intervals hold together."""
    judged = [place for place, mine in enumerate(members) if mine.sum() >= FEWEST_ROWS]
    found: list[Estimate | None] = [None] * len(members)
    known = np.isfinite(values)
    parts = [members[place] for place in judged]
    # Small groups are others to all, together; too few even so, they would widen every interval.
    rest = known & ~np.any(parts, axis=0) if parts else known
    parts += [rest] if rest.sum() >= FEWEST_ROWS else []
    if not judged or len(parts) < 2:
        return found
    counts = np.array([mine.sum() for mine in parts])
    means = np.array([values[mine].mean() for mine in parts])
    variances = np.array([_variance(values[mine]) for mine in parts])
    others = counts.sum() - counts[: len(judged)]
    contrasts = -counts / others[:, None]
    np.fill_diagonal(contrasts, 1.0)
    widths = Joint.draw(_variation(means, variances, counts), contrasts, seed).together(level)
    for group, value, width in zip(judged, contrasts @ means, widths, strict=True):
        found[group] = Estimate(float(value), float(value - width), float(value + width))
    return found


def _variation(means: Array, variances: Array, counts: NDArray[np.int64]) -> Variation:
    """Independent means, as the decision's own draws read them."""
    groups = len(means)
    return Variation(
        names=tuple(map(str, range(groups))),
        scores=tuple(np.array([mean]) for mean in means),
        weights=(np.ones(1),) * groups,
        seeds=np.zeros(groups),
        residual=np.zeros(groups),
        parts=tuple(
            Part(np.diag(np.where(np.arange(groups) == g, v, 0.0)), max(int(n) - 1, 1))
            for g, (v, n) in enumerate(zip(variances, counts, strict=True))
        ),
        seed_freedom=np.zeros(groups),
        units=int(counts.sum()),
    )


def _variance(values: Array) -> float:
    """Of a mean; a share of none or all is granted one row that is otherwise."""
    if len(values) < 2:
        return 1.0 if len(values) else 0.0
    own = float(values.var(ddof=1) / len(values))
    shares = np.isin(values, (0.0, 1.0)).all()
    return own + (granted_variance(len(values)) if shares else 0.0)
