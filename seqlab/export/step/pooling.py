"""Pooling position by position: what of the positions so far is kept, and their pooled vector."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from seqlab.errors import UserError
from seqlab.model.sequence_model import SequenceModel


class StepPooling(nn.Module):
    """x (B, D) and what was kept → the pooled vector (B, D), and what is kept after it."""

    count = 0  # tensors that are kept

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def first(self, batch: int) -> list[Tensor]:
        """What is kept before the first position."""
        return []

    @abstractmethod
    def forward(self, x: Tensor, kept: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """One position further."""


class LastSoFar(StepPooling):
    """The position itself; also where nothing is pooled."""

    def forward(self, x: Tensor, kept: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return x, []


class MeanSoFar(StepPooling):
    """Keeps the mean (B, D) and how many positions it is of (B, 1)."""

    count = 2

    def first(self, batch: int) -> list[Tensor]:
        return [torch.zeros(batch, self.width), torch.zeros(batch, 1)]

    def forward(self, x: Tensor, kept: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        mean, positions = kept
        positions = positions + 1
        mean = mean + (x - mean) / positions  # a sum would lose digits over a long stream
        return mean, [mean, positions]


class MaxSoFar(StepPooling):
    """Keeps the largest of each channel (B, D)."""

    count = 1

    def first(self, batch: int) -> list[Tensor]:
        return [torch.full((batch, self.width), -torch.inf)]

    def forward(self, x: Tensor, kept: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        peak = torch.maximum(kept[0], x)
        return peak, [peak]


KINDS: dict[str, type[StepPooling]] = {"last": LastSoFar, "mean": MeanSoFar, "max": MaxSoFar}


def step_pooling(model: SequenceModel) -> StepPooling:
    """That of a model; one whose pooling needs all positions at once is refused."""
    kind = "last" if model.pooling is None else model.pooling.kind
    if kind not in KINDS:
        raise UserError(
            f'pooling = "{kind}" needs all positions at once: there is no step of it',
            f"leave --step out; accepted with it: {', '.join(KINDS)}",
        )
    return KINDS[kind](model.spec.width)
