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
STEP = 2.2  # from the end of the range to the next rate beyond it
BEYOND = {"high": 1000, "low": 2000}  # the number of the first setting beyond an end
MOST_BEYOND = 2  # settings beyond an end
DROPOUTS = (0.0, 0.5)  # uniform


@dataclass(frozen=True)
class Setting:
    """What tuning varies."""

    learning_rate: float
    dropout: float


def trial(number: int) -> Setting:
    """The settings of a trial, the same for every candidate; the first is the middle.

    Numbers from BEYOND on are rates beyond an end of the range, with the first one's dropout.
    """
    for side, first in BEYOND.items():
        if number in beyond(first):
            factor = STEP ** (number - first + 1)
            end = LEARNING_RATES[1] * factor if side == "high" else LEARNING_RATES[0] / factor
            return Setting(float(f"{end:.3g}"), trial(0).dropout)
    low, high = (math.log(rate) for rate in LEARNING_RATES)
    rate = math.exp(low + halton(number + 1, 2) * (high - low))
    dropout = DROPOUTS[0] + halton(number + 1, 3) * (DROPOUTS[1] - DROPOUTS[0])
    return Setting(float(f"{rate:.3g}"), round(dropout, 3))


def beyond(first: int) -> range:
    """The numbers of the settings beyond an end, from the first one's."""
    return range(first, first + MOST_BEYOND)


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
