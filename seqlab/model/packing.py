"""Sequences of unequal length without their padding: what looks at one position reads real ones.

    x (B, T, D)  ⇄  (N, D), the N real positions one after the other

Norms, MLPs, residual sums and dropout need no more than that. A mixer is given the padded view, in
which each sequence has a row of its own; so nothing passes from one sequence to another, whatever
the mixer. Krell et al. (2021), Efficient sequence packing without cross-contamination, keep
sequences apart by masks instead, which each architecture would have to know of.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor


class Packing:
    """Where the real positions of a batch stand, from its mask (B, T)."""

    def __init__(self, mask: Tensor) -> None:
        self.rows, self.length = mask.shape
        self.places = mask.flatten().nonzero().squeeze(1)  # (N,)

    def pack(self, x: Tensor) -> Tensor:
        """(B, T, D) → (N, D)."""
        return _packed(x.flatten(0, 1), self.places)

    def pad(self, x: Tensor) -> Tensor:
        """(N, D) → (B, T, D), zero where there is padding."""
        return _padded(x, self.places, self.rows * self.length).view(self.rows, self.length, -1)


class _Pack(torch.autograd.Function):
    """Rows by number. The numbers differ, so that the gradient is a copy and no sum."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.count = len(x)
        return x.index_select(0, places)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (places,) = ctx.saved_tensors
        return _padded(gradient, places, ctx.count), None


class _Pad(torch.autograd.Function):
    """Rows to their numbers among `count` rows of zeros."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor, count: int) -> Tensor:
        ctx.save_for_backward(places)
        return x.new_zeros(count, *x.shape[1:]).index_copy_(0, places, x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (places,) = ctx.saved_tensors
        return _packed(gradient, places), None, None


def _packed(x: Tensor, places: Tensor) -> Tensor:
    return cast(Tensor, _Pack.apply(x, places))  # type: ignore[no-untyped-call]


def _padded(x: Tensor, places: Tensor, count: int) -> Tensor:
    return cast(Tensor, _Pad.apply(x, places, count))  # type: ignore[no-untyped-call]
