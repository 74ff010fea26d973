"""What may watch a training: subclasses override the moments they care about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from seqlab.training.fit import History


@dataclass(frozen=True)
class Progress:
    """Where a training is: its history so far, the planned steps, the model."""

    history: History
    total_steps: int
    model: nn.Module


class Hook:
    """Does nothing at each moment."""

    def on_train_begin(self, progress: Progress) -> None:
        """Before the first step."""

    def on_step_end(self, progress: Progress) -> None:
        """After each optimiser step."""

    def on_evaluate(self, progress: Progress) -> None:
        """After each validation."""

    def on_train_end(self, progress: Progress) -> None:
        """After the last step, with the best weights restored."""
