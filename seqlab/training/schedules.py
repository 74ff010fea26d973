"""Learning-rate schedules: a factor for each step, after a linear warm-up."""

from __future__ import annotations

import math
from collections.abc import Callable

from seqlab.specs import TrainSpec

Schedule = Callable[[int], float]  # step (from 0) → factor of the learning rate


def schedule(spec: TrainSpec, steps: int) -> Schedule:
    """The factor at each of `steps` steps; the warm-up rises linearly and never starts at zero."""
    warmup = max(1, round(spec.warmup * steps))
    shape = SHAPES[spec.schedule]

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return shape((step - warmup) / max(1, steps - warmup))

    return factor


def _cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def _linear(progress: float) -> float:
    return max(0.0, 1 - progress)


def _constant(progress: float) -> float:
    return 1.0


SHAPES: dict[str, Callable[[float], float]] = {
    "cosine": _cosine,
    "linear": _linear,
    "constant": _constant,
}
