"""Averaged weights, which often validate better than the last ones.

ema  w̄ ← d w̄ + (1 − d) w after each step (Polyak & Juditsky, 1992), with d = (1 + t)/(10 + t) as
     long as that is less, so that the beginning is forgotten
swa  the plain mean over the last share of the steps (Izmailov et al., 2018)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from seqlab.specs import TrainSpec


class Averaging:
    """Keeps the average beside the model, and puts it in the model's place while it is judged."""

    def __init__(self, model: nn.Module, spec: TrainSpec, steps: int) -> None:
        self.model, self.ema = model, spec.ema
        self.first = 0 if spec.swa is None else steps - max(1, round(spec.swa * steps))
        self.active = spec.ema is not None or spec.swa is not None
        self.count = 0
        self.average: list[Tensor] = []

    @torch.no_grad()
    def update(self, steps: int) -> None:
        """Told after each step how many there were."""
        if not self.active or steps <= self.first:
            return
        weights = [p.detach() for p in self.model.parameters()]
        if not self.average:
            self.average = [w.clone() for w in weights]
        self.count += 1
        new = 1 / self.count
        if self.ema is not None:
            new = 1 - min(self.ema, (1 + self.count) / (10 + self.count))
        torch._foreach_lerp_(self.average, weights, new)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The model with its averaged weights; its own are put back."""
        if not self.average:
            yield
            return
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for parameter, average in zip(self.model.parameters(), self.average, strict=True):
            kept = parameter.detach().clone()
            parameter.copy_(average)
            average.copy_(kept)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"count": self.count, "average": self.average}

    def restore(self, state: dict[str, Any]) -> None:
        """What `state` gave."""
        device = next(self.model.parameters()).device
        self.count = state["count"]
        self.average = [value.to(device) for value in state["average"]]
