"""Equal tuning: every candidate tries the same points of the same space.

The points are a Halton sequence (Halton, 1960): any number of them covers the space evenly, and
more trials later add points without moving the first ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from seqlab.runs import Run

LEARNING_RATES = (3e-4, 1e-2)  # log-uniform
DROPOUTS = (0.0, 0.5)  # uniform


@dataclass(frozen=True)
class Setting:
    """What tuning varies."""

    learning_rate: float
    dropout: float


def trial(number: int) -> Setting:
    """The settings of a trial, the same for every candidate; the first is the middle."""
    low, high = (math.log(rate) for rate in LEARNING_RATES)
    rate = math.exp(low + halton(number + 1, 2) * (high - low))
    dropout = DROPOUTS[0] + halton(number + 1, 3) * (DROPOUTS[1] - DROPOUTS[0])
    return Setting(float(f"{rate:.3g}"), round(dropout, 3))


def halton(index: int, base: int) -> float:
    """The index-th point (from 1) of the van der Corput sequence in a base, in (0, 1)."""
    value, share = 0.0, 1.0
    while index:
        share /= base
        index, digit = divmod(index, base)
        value += digit * share
    return value


def best_trial(runs: Sequence[Run], higher_is_better: bool) -> Run | None:
    """The finished trial that validated best; the earlier one where they tie."""
    done = [run for run in runs if run.ok and run.result["valid"] is not None]
    sign = 1 if higher_is_better else -1
    return max(done, key=lambda r: (sign * r.result["valid"], -r.result["number"]), default=None)


def at_edge(rate: float, tried: Sequence[float]) -> str:
    """Which end of the tried learning rates the best one is ("low", "high"), or nothing."""
    if len(tried) < 3:
        return ""
    if rate == min(tried):
        return "low"
    return "high" if rate == max(tried) else ""
