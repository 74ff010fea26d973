"""What may watch a training: subclasses override the moments they care about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from seqlab.training.history import History


@dataclass(frozen=True)
class TrainingFigures:
    """How a training goes, for people who watch it; most of it since the last evaluation.

    loss     the mean of the last few steps
    valid    the score of the last evaluation, None before the first
    clipped  the share of clipped steps
    loading  the share of time spent on waiting for batches
    precision  the number format, as set or as measured
    """

    step: int
    steps: int
    loss: float
    valid: float | None
    gradient_norm: float
    clipped: float
    loading: float
    tokens_per_second: float
    memory_mb: float
    seconds_left: float
    precision: str


@dataclass(frozen=True)
class Progress:
    """Where a training is: its history so far, the planned steps, the model.

    `figures` may be called at the end of a step; it waits for the device.
    """

    history: History
    total_steps: int
    model: nn.Module
    figures: Callable[[], TrainingFigures]


class Hook:
    """Does nothing at each moment."""

    def on_train_begin(self, progress: Progress) -> None:
        """Before the first step."""

    def on_step_end(self, progress: Progress) -> None:
        """After each optimiser step."""

    def on_evaluate(self, progress: Progress) -> None:
        """After each validation."""

    def on_roll_back(self, progress: Progress) -> None:
        """After going back to the last good point; the history's last rollback says why."""

    def on_train_end(self, progress: Progress) -> None:
        """After the last step, with the best weights restored."""
