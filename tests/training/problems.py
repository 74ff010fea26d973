"""Small objectives with known answers, for tests of the training loop."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from seqlab.batch import Batch
from seqlab.training.hooks import Hook


@dataclass
class ScriptedLoss:
    value: torch.Tensor
    weight: float = 1.0
    state: Any = None


class Line:
    """Fit y = 3x; the score is scripted where the test wants it, and so is the loss."""

    higher_is_better = False

    def __init__(self, scores=None, gain=1.0, sizes=(8, 8, 8, 8), spoil=None):
        self.scores = iter(scores) if scores is not None else None
        self.gain, self.sizes, self.spoil = gain, sizes, spoil
        self.losses = 0

    def steps_per_epoch(self):
        return len(self.sizes)

    def batches(self, epoch):
        rng = np.random.default_rng(epoch)
        for size in self.sizes:
            x = torch.from_numpy(rng.normal(size=(size, 1))).float()
            yield Batch(x, 3 * x)

    def loss(self, model, batch, state=None):
        self.losses += 1
        value = self.gain * ((model(batch.inputs) - batch.targets) ** 2).mean()
        if self.spoil is not None:
            value = value * self.spoil(self.losses)
        return ScriptedLoss(value, len(batch.inputs))

    def validate(self, model):
        if self.scores is not None:
            return next(self.scores)
        return float((model.weight - 3).abs())


def line_model():
    torch.manual_seed(0)
    return nn.Linear(1, 1, bias=False)


class KilledError(Exception):
    """What `Kill` raises."""


class Kill(Hook):
    """End a training after a step, as a signal would."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, progress):
        if progress.history.steps == self.step:
            raise KilledError
