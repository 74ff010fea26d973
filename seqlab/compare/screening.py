"""Screening at tuning: which families are so far behind on validation that a verdict is not needed.

A trial's validation score is known with an error: of the examples, and of its one seed. A family
is screened out where its best trial is behind the leader's by more than a simultaneous interval
and some slack, for learning curves that cross later. Only the mean score and the number of
validation examples are stored of a trial, so that the examples' error is bounded: it is that of
two scores that share nothing, √(s(1 − s)/M) each, for scores s between 0 and 1. Of other metrics
nothing of it is known, and the spread between one family's own trials serves instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import ndtri

from seqlab.metrics.base import Metric

LEVEL = 0.01
SLACK_POINTS, SLACK_SHARE = 0.02, 0.1  # of a score between 0 and 1; of an error


def standard_error(values: Sequence[float], examples: int, metric: Metric) -> float:
    """Of a family's best validation score, from the scores of its trials at one rung.

    Infinite where nothing tells it: the family is then never screened out.
    """
    finite = np.array([value for value in values if np.isfinite(value)])
    if not len(finite):
        return float("inf")
    if metric.unit_range:
        best = float(finite.max() if metric.higher_is_better else finite.min())
        share = min(max(best, 1 / (examples + 2)), 1 - 1 / (examples + 2))
        return float(np.sqrt(share * (1 - share) / examples))
    if len(finite) < 2:
        return float("inf")
    return float(finite.std(ddof=1))


def screened(
    trials: Mapping[str, Sequence[float]], examples: int, metric: Metric
) -> dict[str, float]:
    """The families that are screened out, each with how far it is behind the leader.

    `trials` holds the validation scores of each family's trials at one rung, in the metric's
    natural sign. A family without a finite score is not judged here: its trials failed.
    """
    sign = 1.0 if metric.higher_is_better else -1.0
    best = {
        name: max(sign * value for value in values if np.isfinite(value))
        for name, values in trials.items()
        if np.isfinite(values).any()
    }
    if len(best) < 2:
        return {}
    leader = max(best, key=lambda name: best[name])
    errors = {name: standard_error(trials[name], examples, metric) for name in best}
    factor = float(-ndtri(LEVEL / (len(best) - 1)))
    slack = SLACK_POINTS if metric.unit_range else SLACK_SHARE * abs(best[leader])
    behind = {name: best[leader] - value for name, value in best.items()}
    return {
        name: gap
        for name, gap in behind.items()
        if gap > slack + factor * float(np.hypot(errors[name], errors[leader]))
    }
