"""How long a training is, when it is judged, and the rate's factor on the way.

A training of a declared length follows its schedule (`schedules.py`) and is judged at even
distances. An open-ended one finds its length by itself:

    rise    to the full rate
    stable  until validation has not got better, by as much as matters, for PATIENCE times as many
            steps as it took until then; what has learned nothing yet goes on, as some things are
            learned late
    fall    from the best place on, by 1 − √progress over a share `decay` of the whole

(Hägele et al., 2024, show that a stable phase with such a fall is as good as a cosine whose length
was known from the beginning.) Its declared length is the most that it may take.
"""

from __future__ import annotations

import math
from typing import Any

from seqlab.specs import TrainSpec
from seqlab.training.schedules import schedule

PATIENCE = 0.5  # of the steps to the best place
USUAL_SHARE = 0.25  # of the most steps is the length of a usual training: warm-up is a share of it
FIRST_SHARE = 1 / 40  # of the most steps is the distance of the first evaluations
GROWTH = 1.2  # from one evaluation's step to the next one's
FALL_EVALUATIONS = 4


class Length:
    """The steps of a training, open-ended or not.

    most   steps at most
    end    the step at which it ends, as far as is known
    falls  the step from which on an open-ended training's rate falls; None: it does not yet
    rose   the step at which validation was last better than before by as much as matters
    peak   the score that it had there
    """

    def __init__(self, spec: TrainSpec, most: int) -> None:
        self.spec, self.most, self.end = spec, most, most
        self.open_ended = spec.schedule == "open_ended"
        self.falls: int | None = None
        self.rose = 0
        self.peak: float | None = None
        self.warmup = max(1, round(spec.warmup * USUAL_SHARE * most))
        self.apart = max(1, math.ceil(FIRST_SHARE * most))
        if self.open_ended:
            self.next = self.apart
        else:
            self.scheduled = schedule(spec, most)
            self.apart = self.next = max(1, round(most / spec.evaluations))

    def factor(self, step: int) -> float:
        """Of the learning rate, in the step after `step` others."""
        if not self.open_ended:
            return self.scheduled(step)
        if self.falls is not None and step >= self.falls:
            progress = (step - self.falls) / max(1, self.end - self.falls)
            least = self.spec.min_factor
            return least + (1 - least) * (1 - math.sqrt(min(progress, 1.0)))
        return min(1.0, (step + 1) / self.warmup)

    def judged_after(self, steps: int) -> bool:
        """Whether the model is evaluated after so many steps; the last are always judged."""
        if steps != self.end and steps < self.next:
            return False
        if not self.open_ended:
            self.next = steps + self.apart
        elif self.falls is None:
            longer = max(steps + self.apart, math.ceil(steps * GROWTH))
            self.next = min(longer, max(self._last_fall, steps + 1))
        else:
            self.next = steps + self.apart
        return True

    def over(self, steps: int, learned: bool) -> bool:
        """Whether an open-ended training's stable phase is over, after an evaluation."""
        if not self.stable:
            return False
        return steps >= self._last_fall or (learned and self.ripe(steps))

    def ripe(self, steps: int) -> bool:
        """Whether validation has not got better for so long that it hardly will at this rate."""
        return steps - self.rose >= max(PATIENCE * self.rose, 2 * self.apart)

    @property
    def stable(self) -> bool:
        """Whether an open-ended training's rate does not fall yet."""
        return self.open_ended and self.falls is None

    def fall_from(self, step: int) -> None:
        """Let the rate fall from a step on."""
        share = self.spec.decay / (1 - self.spec.decay)
        steps = max(FALL_EVALUATIONS, self.apart, round(share * step))
        self.falls, self.end = step, min(step + steps, max(self.most, step + 1))
        self.apart = max(1, math.ceil((self.end - step) / FALL_EVALUATIONS))
        self.next = step + self.apart

    @property
    def _last_fall(self) -> int:
        """The step at which the stable phase ends even if validation still gets better."""
        return max(1, round((1 - self.spec.decay) * self.most))

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        names = ("end", "falls", "rose", "peak", "apart", "next")
        return {name: getattr(self, name) for name in names}

    def restore(self, state: dict[str, Any]) -> None:
        """What `state` gave."""
        for name, value in state.items():
            setattr(self, name, value)
