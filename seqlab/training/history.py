"""What happened in a training: a record per evaluation, and totals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class DivergedError(Exception):
    """The loss is no longer a number; the message says when and what to try."""


@dataclass
class History:
    """One record per evaluation, and totals.

    A record has step, epoch, seconds, train_loss, valid, learning_rate, gradient_norm, clipped (the
    share of steps since the record before), loading (the share of time spent on waiting for
    batches), tokens_per_second, memory_mb. `rollbacks` say at which step what went wrong, and the
    factor on the learning rate from there on. `fell` says `at` which step an open-ended training
    decided to let its rate fall, `from` which one it fell, and whether the time was `ripe`:
    otherwise validation still got better when the most steps were near.
    """

    records: list[dict[str, float]] = field(default_factory=list)
    best: float = float("nan")
    best_step: int = 0
    steps: int = 0
    epochs: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    loading: float = 0.0  # seconds of these that were spent on waiting for batches
    stopped: str = "finished"  # finished | patience | seconds
    rollbacks: list[dict[str, Any]] = field(default_factory=list)
    fell: dict[str, Any] = field(default_factory=dict)  # of an open-ended training (`length.py`)
    choices: dict[str, Any] = field(default_factory=dict)  # what was settled by measuring, and why
    resumed: list[int] = field(default_factory=list)  # the steps from which it was continued
