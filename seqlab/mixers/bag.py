"""A bag of positions: each reads itself and the mean of all, so that order does not matter.

    m = Σ_s x_s / T               over the real positions, or over those up to t if causal
    y_t = W_x x_t + W_m m + b

All vectors are (D). It is here to win where the order of a sequence carries nothing.

Zaheer et al. (2017), Deep sets, arXiv:1703.06114, whose equivariant layer this is. Departure: the
causal form is ours.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.mixers.base import (
    Mixer,
    State,
    StreamingMixer,
    check_input,
    check_settings,
    check_state,
)
from seqlab.mixers.scan import scan_zeros
from seqlab.registry import registered

CARD = {
    "groups": ["control"],
    "streams": True,
    "complexity": "O(T·D²)",
    "state": "D + 1 numbers",
    "paper": "Zaheer et al., 2017",
    "recipes": {"bag": {"residual": True, "norm": "pre", "mlp": 2.0, "pooling": "mean"}},
    "space": {"activation": ["gelu", "relu", "silu"], "norm_kind": ["layer", "rms"]},
    "cases": [],
}


class BagState(NamedTuple):
    """The mean of the inputs so far (B, D), and how many they are (B, 1)."""

    mean: Tensor
    positions: Tensor


@registered
class Bag(Mixer):
    """Over all positions: x (B, T, D) → y (B, T, D)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.w_x = nn.Linear(width, width)
        self.w_mean = nn.Linear(width, width, bias=False)

    @classmethod
    def build(cls, width: int, *, causal: bool, **settings: Any) -> Mixer:
        """The mean of all positions, or of those up to each."""
        check_settings(cls, settings)
        return (CausalBag if causal else Bag)(width, **settings)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """One mean for all positions."""
        check_input(self, x)
        if context.mask is None:
            mean = x.mean(dim=1)
        else:
            real = context.mask.unsqueeze(-1).to(x.dtype)
            mean = (x * real).sum(dim=1) / real.sum(dim=1).clamp(min=1)
        return self.mix(x, mean.unsqueeze(1))

    def mix(self, x: Tensor, mean: Tensor) -> Tensor:
        """Each position with a mean, (B, T, D) or (B, 1, D)."""
        return self.w_x(x) + self.w_mean(mean)


class CausalBag(Bag, StreamingMixer):
    """Over the past: x (B, T, D) → y (B, T, D)."""

    name = Bag.name

    def initial_state(self, batch: int) -> BagState:
        """Nothing seen."""
        return BagState(scan_zeros(self, batch, self.width), scan_zeros(self, batch, 1))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, BagState]:
        """One position."""
        y, state = self.prefill(x_t[:, None], state)
        return y[:, 0], state

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, BagState]:
        """The running mean of all positions."""
        check_state(self, state, BagState, x.shape[0])
        mean, positions = (part.unsqueeze(1) for part in state)
        total = mean * positions + x.cumsum(dim=1, dtype=mean.dtype)
        positions = positions + torch.arange(1, x.shape[1] + 1, device=x.device).unsqueeze(-1)
        mean = total / positions  # (B, T, D)
        return self.mix(x, mean.to(x.dtype)), BagState(mean[:, -1], positions[:, -1])

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """All positions, from the first state."""
        return StreamingMixer.forward(self, x, context)
