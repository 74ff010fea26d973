"""Attention rollout: attention followed through all blocks, half of it staying where it is.

    Ā = (A + I) / 2 in each block,     rollout = Ā_L · … · Ā_1

Abnar & Zuidema (2020), Quantifying attention flow in transformers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqlab.explain.methods.attention import Attention
from seqlab.registry import registered

if TYPE_CHECKING:
    from torch import Tensor

CARD = {"says": "how much a unit is looked at, followed through all blocks"}


@registered
class Rollout(Attention):
    """As `attention`, with the maps of all blocks multiplied."""

    def joined(self, maps: list[Tensor]) -> Tensor:
        import torch

        rolled: Tensor | None = None
        for weights in maps:
            mean = weights.mean(dim=1)  # (B, T, T)
            half = (mean + torch.eye(mean.shape[-1], device=mean.device, dtype=mean.dtype)) / 2
            rolled = half if rolled is None else half @ rolled
        assert rolled is not None, "attention has layers"
        return rolled
