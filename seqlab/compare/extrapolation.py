"""What a contestant that was still learning would reach with more training: a rough estimate.

Two complete trainings of one setting, a short and a long one, say what a factor of length has
brought. Scores rise with the logarithm of the length at most, and ever more slowly (power laws:
Hestness et al., 2017; Viering and Loog, 2022): the estimate reaches from half of the logarithmic
gain to all of it, widened by what seeds alone make of two validation scores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

TIMES = 4  # as much training
SLOWEST = 0.5  # of the logarithmic gain, at least
ERRORS = 2.0  # standard errors on either side


@dataclass(frozen=True)
class Longer:
    """A contestant's score with `TIMES` as much training: between `low` and `high`.

    low, high      the less and the more of gain, in the metric's unit
    becomes_best   whether the more of gain would overtake the best mean
    """

    name: str
    low: float
    high: float
    becomes_best: bool

    def sentence(self, value: str, known_best: bool) -> str:
        """What is expected, where `value` says the range in the metric's words."""
        answer = "which could make it the best" if self.becomes_best else "which would not win"
        answer = "and it is the best already" if known_best else answer
        return f"{TIMES} times as much training: an estimated {value} for {self.name}, {answer}"


def longer(
    name: str,
    scores: tuple[float, float],
    lengths: tuple[float, float],
    spread: float,
    now: tuple[float, float],
) -> Longer | None:
    """The estimate from the validation `scores` of a short and a long training of these `lengths`.

    spread  standard deviation of a validation score over seeds
    now     the contestant's mean test score, and the best one of all, both the better the higher
    None where the lengths do not differ or a number is missing.
    """
    if not 0 < lengths[0] < lengths[1] or not all(map(math.isfinite, (*scores, *now))):
        return None
    factor = math.log(TIMES) / math.log(lengths[1] / lengths[0])
    gain = max(0.0, scores[1] - scores[0]) * factor
    error = ERRORS * math.sqrt(2.0) * (spread if math.isfinite(spread) else 0.0) * factor
    mean, best = now
    low = mean + max(0.0, SLOWEST * gain - error)  # the best weights are kept: no more is no loss
    high = mean + gain + error
    return Longer(name, low, high, high > best)
