"""The learning-rate range test: one short run in which the rate rises until the loss does, too.

Smith (2017), Cyclical learning rates. The suggestion is the rate at which the smoothed loss is half
way down: there it falls most steeply, and unlike a slope this is not misled by noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from torch import nn

from seqlab.specs import TrainSpec
from seqlab.training.feed import Feed
from seqlab.training.objective import Objective
from seqlab.training.updates import Updates

SMOOTHING = 0.9  # of the losses, with the bias of the beginning corrected
LEAST_FALL = 0.02  # of the first loss, or there is nothing to read
DIVERGED = 4.0  # times the least loss: no need to go on


@dataclass(frozen=True)
class RangeTest:
    """Rates in rising order, the smoothed loss at each, and the rate to try first."""

    rates: list[float]
    losses: list[float]
    suggestion: float | None  # None: the loss never fell


def range_test(
    model: nn.Module,
    objective: Objective,
    spec: TrainSpec,
    steps: int = 100,
    limits: tuple[float, float] = (1e-6, 1.0),
) -> RangeTest:
    """Train `model` for at most `steps` steps from the lowest rate to the highest."""
    low, high = limits
    constant = spec.with_(schedule="constant", warmup=0.0, length_warmup=None, learning_rate=low)
    updates, feed = Updates(model, objective, constant, steps), Feed(objective, spec.device)
    updates.factor = lambda step: (high / low) ** (step / max(1, steps - 1))
    rates: list[float] = []
    losses: list[float] = []
    average = 0.0
    model.train()
    for number in range(steps):
        loss = float(updates.step(feed, number).loss)
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        smoothed = average / (1 - SMOOTHING ** (number + 1))
        if not math.isfinite(smoothed) or (losses and smoothed > DIVERGED * min(losses)):
            break
        rates.append(updates.rate)
        losses.append(smoothed)
    return RangeTest(rates, losses, suggested(rates, losses))


def suggested(rates: list[float], losses: list[float]) -> float | None:
    """The highest rate, before the least loss, at which it was still above half of its fall."""
    lowest = int(np.argmin(losses)) if losses else 0
    if lowest < 3:
        return None
    begin = float(np.median(losses[: max(3, lowest // 4)]))
    if losses[lowest] > (1 - LEAST_FALL) * begin:
        return None
    half = (begin + losses[lowest]) / 2
    return rates[max(i for i in range(lowest) if losses[i] >= half)]
