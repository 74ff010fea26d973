"""Families of contestants against each other, each by its best member: is it RNN or Transformer?

A statement about families is about ways to reach a result, tuning among them, and not about the
two networks that came out of it: its intervals hold the variance of tuning, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from seqlab.compare.comparison import Families
from seqlab.compare.contestants import Contestant
from seqlab.compare.pairs import differences_of, of_hundred, possible
from seqlab.compare.rules import Rules
from seqlab.compare.simultaneous import likely_means
from seqlab.compare.variation import Variation
from seqlab.metrics.base import Metric

NETWORKS, BASELINES = "networks", "baselines"
OPPONENTS = (("recurrent", "attention"), ("modern", "classic"), (NETWORKS, BASELINES))


def compare_families(
    running: Sequence[Contestant], metric: Metric, variation: Variation, rules: Rules
) -> tuple[Families, ...]:
    """Those of OPPONENTS that both have members."""
    matches = [(a, b) for a, b in OPPONENTS if _members(running, a) and _members(running, b)]
    if not matches:
        return ()
    better = variation.means if metric.higher_is_better else -variation.means
    differences = differences_of(variation, metric, rules)
    drawn = likely_means(variation, metric.higher_is_better, rules.seed)

    def fought() -> Iterator[Families]:
        for first, second in matches:
            ours, theirs = _members(running, first), _members(running, second)
            ours, theirs = (
                [i for i in ours if i not in theirs],
                [i for i in theirs if i not in ours],
            )
            if not ours or not theirs:
                continue
            seen, low, high = differences.between(ours, theirs)
            likely = of_hundred(drawn[:, ours].max(axis=1), drawn[:, theirs].max(axis=1))
            ends = possible(np.array([low, high]), metric)
            if not metric.higher_is_better:
                seen, ends = 0.0 - seen, 0.0 - ends[::-1]
            yield Families(
                first,
                second,
                running[max(ours, key=lambda i: float(better[i]))].name,
                running[max(theirs, key=lambda i: float(better[i]))].name,
                seen,
                float(ends[0]),
                float(ends[1]),
                likely if np.isfinite([low, high]).all() else np.nan,
            )

    return tuple(fought())


def _members(running: Sequence[Contestant], family: str) -> list[int]:
    """The contestants of a family; what learned nothing belongs to none."""
    return [
        i
        for i, contestant in enumerate(running)
        if not contestant.trivial
        and (
            family in contestant.families
            or (family == NETWORKS and BASELINES not in contestant.families)
        )
    ]
