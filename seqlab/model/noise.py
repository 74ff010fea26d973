"""Noise that only training sees: dropout, dropped branches, dropped recurrent weights.

Dropout        a mask of its own at every position (Srivastava et al., 2014)
SharedDropout  one mask for all positions of a sequence (Gal & Ghahramani, 2016)
drop_branches  a residual branch falls away for a whole example (Huang et al., 2016)
drop_weights   DropConnect on recurrent matrices, one mask for all positions (Merity et al., 2018)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from seqlab.kernels.dropout import dropout
from seqlab.specs import ModelSpec

RECURRENT_WEIGHT = "w_hh"  # what mixers call the matrix that is applied again at every position


class Dropout(nn.Dropout):
    """PyTorch's, run by the kernel."""

    def forward(self, x: Tensor) -> Tensor:
        """Drop and scale, while training."""
        return dropout(x, self.p) if self.training else x


class SharedDropout(nn.Module):
    """(B, T, D) → (B, T, D), or (B, D); a channel is dropped at all positions or at none."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Drop and scale, while training."""
        if not self.training or self.rate == 0:
            return x
        if x.dim() < 3:
            return dropout(x, self.rate)
        return x * F.dropout(torch.ones_like(x[:, :1]), self.rate)


def build_dropout(spec: ModelSpec, rate: float) -> nn.Module:
    """The dropout between layers that a spec asks for."""
    return SharedDropout(rate) if spec.variational_dropout else Dropout(rate)


def drop_branches(y: Tensor, rate: float) -> Tensor:
    """A branch's output (B, T, D), zero for a share of the examples; the others make up for it."""
    kept = torch.rand(len(y), *[1] * (y.dim() - 1), device=y.device) >= rate
    return y * (kept.to(y.dtype) / (1 - rate))


class _DropConnect(nn.Module):
    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, weight: Tensor) -> Tensor:
        return F.dropout(weight, self.rate, self.training)


def drop_weights(mixer: nn.Module, rate: float) -> bool:
    """Let training drop weights of a mixer's recurrent matrices; whether it has any.

    Every use of a matrix draws a mask of its own, unless it stands in `parametrize.cached()`.
    """
    owners = [
        m for m in mixer.modules() if isinstance(getattr(m, RECURRENT_WEIGHT, None), nn.Parameter)
    ]
    for module in owners:
        parametrize.register_parametrization(module, RECURRENT_WEIGHT, _DropConnect(rate))
    return bool(owners)
