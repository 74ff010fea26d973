"""Learning-rate schedules: a factor for each step, after a linear warm-up.

constant      1
linear        to the least factor, evenly
cosine        half a cosine (Loshchilov & Hutter, 2017)
inverse_sqrt  √(warm-up / step) (Vaswani et al., 2017)
wsd           warm-up, stable, decay: 1 − √progress over the last steps (Hägele et al., 2024)
one_cycle     up from 1/25 over the warm-up, down to 1/10,000 of that (Smith & Topin, 2019)
cyclic        up and down between the least factor and 1, `cycles` times; triangular2 halves the
              height with each cycle, exp lets it fall by as much, but evenly (Smith, 2017)
open_ended    constant, until the training itself finds its length and falls (`length.py`)
plateau       constant; lowered whenever the score has not risen for some evaluations
"""

from __future__ import annotations

import math
from collections.abc import Callable

from seqlab.errors import UserError
from seqlab.specs import TrainSpec

Schedule = Callable[[int], float]  # step (from 0) → factor of the learning rate
FIRST_SHARE, LAST_SHARE = 1 / 25, 1e-4  # of one_cycle


def schedule(spec: TrainSpec, steps: int) -> Schedule:
    """The factor at each of `steps` steps; the warm-up rises linearly and never starts at zero."""
    if spec.schedule == "cyclic":
        return _cyclic(spec, steps)
    warmup = max(1, round(spec.warmup * steps))
    if spec.schedule == "one_cycle":
        return _one_cycle(warmup, steps)
    shape = _shape(spec, warmup, steps)
    least = spec.min_factor

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return least + (1 - least) * shape(min((step - warmup) / max(1, steps - warmup), 1.0))

    return factor


def _shape(spec: TrainSpec, warmup: int, steps: int) -> Callable[[float], float]:
    """From the progress after the warm-up, 0…1, to a factor."""
    after = max(1, steps - warmup)
    match spec.schedule:
        case "cosine":
            return lambda progress: 0.5 * (1 + math.cos(math.pi * progress))
        case "linear":
            return lambda progress: 1 - progress
        case "inverse_sqrt":
            return lambda progress: math.sqrt(warmup / (warmup + progress * after))
        case "wsd":
            falling = min(1.0, spec.decay * steps / after)
            return lambda progress: 1 - math.sqrt(max(0.0, (progress - 1) / falling + 1))
    return lambda progress: 1.0  # constant, and what listens to the scores


def _one_cycle(warmup: int, steps: int) -> Schedule:
    def factor(step: int) -> float:
        if step < warmup:
            return _between(FIRST_SHARE, 1.0, (step + 1) / warmup)
        return _between(
            1.0, FIRST_SHARE * LAST_SHARE, min((step - warmup) / max(1, steps - warmup), 1.0)
        )

    return factor


def _between(first: float, last: float, progress: float) -> float:
    """Along half a cosine from `first` to `last`."""
    return last + (first - last) * 0.5 * (1 + math.cos(math.pi * progress))


def _cyclic(spec: TrainSpec, steps: int) -> Schedule:
    if 2 * spec.cycles > steps:
        raise UserError(
            f"train.cycles = {spec.cycles}: a cycle takes 2 steps or more, so the schedule is"
            f" longer than the training of {steps}",
            f"accepted: at most {max(1, steps // 2)}, or more epochs",
        )
    least, length = spec.min_factor, steps / spec.cycles

    def height(cycle: float) -> float:
        match spec.cycle:
            case "triangular":
                return 1.0
            case "triangular2":
                return 0.5 ** int(cycle)
        return float(0.5**cycle)

    def factor(step: int) -> float:
        cycle = (step + 0.5) / length  # never quite at the bottom, where nothing would be learnt
        return least + (1 - least) * height(cycle) * (1 - abs(2 * (cycle % 1) - 1))

    return factor


class Plateau:
    """A factor that is lowered when validation scores no longer get better."""

    def __init__(self, spec: TrainSpec) -> None:
        self.active = spec.schedule == "plateau"
        self.patience, self.by, self.least = (
            spec.plateau_patience,
            spec.plateau_factor,
            spec.min_factor,
        )
        self.factor, self.waited = 1.0, 0

    def observe(self, better: bool) -> None:
        """Told at each evaluation whether it was the best so far."""
        if not self.active:
            return
        self.waited = 0 if better else self.waited + 1
        if self.waited >= self.patience:
            self.factor, self.waited = max(self.least, self.factor * self.by), 0
