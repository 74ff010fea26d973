"""Short sequences first: batches are cut to a length that grows over the first steps.

    length_t = L_0 + (L − L_0) · t / T,   in steps of L_0 = 8, for t < T

Li et al. (2022), The stability–efficiency dilemma: sequence length warmup for training GPT models.
A batch is cut when it is used, so that places in the data stay what they are.
"""

from __future__ import annotations

from seqlab.batch import Batch
from seqlab.specs import TrainSpec
from seqlab.training.objective import Objective

LENGTH_MULTIPLE = 8  # positions at first, and of which all lengths are multiples


class LengthWarmup:
    """Cuts the batches of the first `length_warmup` of all steps."""

    def __init__(self, objective: Objective, spec: TrainSpec, steps: int) -> None:
        self.objective = objective
        self.steps = steps * (spec.length_warmup or 0.0)
        self.longest = objective.longest() if self.steps else 0

    def length(self, step: int) -> int | None:
        """Positions at most in the step after `step` others; None: all."""
        if step >= self.steps:
            return None
        grown = (self.longest - LENGTH_MULTIPLE) * step / self.steps
        return LENGTH_MULTIPLE + LENGTH_MULTIPLE * max(0, int(grown // LENGTH_MULTIPLE))

    def __call__(self, batch: Batch, step: int) -> Batch:
        """What of a batch that step learns from."""
        length = self.length(step)
        return batch if length is None else self.objective.shortened(batch, length)
