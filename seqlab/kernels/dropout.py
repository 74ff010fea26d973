"""Dropout (Srivastava et al., 2014) that remembers a seed instead of a mask.

PyTorch draws a CPU's masks one number after the other, which takes longer than the product of the
linear map before; here a number's fate is a hash of its place and of a seed from PyTorch's
generator, and the way back computes it again. The share that is dropped is exact to 2⁻³².
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.kernels.backend import running
from seqlab.kernels.cells import array
from seqlab.kernels.operator import operator
from seqlab.kernels.threads import each, shares

MOST_ENTRIES_IN_TORCH = 12_288  # up to which calling a loop takes longer than drawing a mask
OPERATIONS_AN_ENTRY = 16  # a hash, in multiplications
LOW = 0xFFFFFFFF


def dropout(x: Tensor, rate: float, *, backend: str = "auto") -> Tensor:
    """x with a share of its entries at zero, and the others scaled by 1 / (1 − rate)."""
    if rate == 0:
        return x
    short = x.dtype in (torch.bfloat16, torch.float16)
    runs = running("dropout", x.device.type, torch.float32 if short else x.dtype, backend)
    small = backend == "auto" and x.numel() <= MOST_ENTRIES_IN_TORCH
    if runs == "torch" or small or rate >= 1 or torch.compiler.is_compiling():
        return F.dropout(x, rate)
    seed = int(torch.randint(2**62, ()))
    if runs == "reference":
        return dropout_reference(x, rate, seed)
    return _fused(x, rate, seed)


def dropout_reference(x: Tensor, rate: float, seed: int) -> Tensor:
    """The twin in plain torch: the same entries for the same seed."""
    one, other = _keys(seed).tolist()
    h = (torch.arange(x.numel(), device=x.device) & LOW) ^ one
    for key in (other, 0):
        h = ((h ^ (h >> 16)) * 0x85EBCA6B) & LOW
        h = ((h ^ (h >> 13)) * 0xC2B2AE35) & LOW
        h = ((h ^ (h >> 16)) + key) & LOW
    kept = (h >= _threshold(rate)).view(x.shape)
    return x * (kept.to(x.dtype) / (1 - rate))


def example() -> Tensor:
    """The smallest call that needs all loops."""
    short = torch.ones(1, dtype=torch.bfloat16, requires_grad=True)
    first = dropout(torch.ones(1, requires_grad=True), 0.5, backend="fused")
    return first + dropout(short, 0.5, backend="fused")


@operator("dropout")
def _fused(x: Tensor, rate: float, seed: int) -> Tensor:
    from seqlab.kernels.loops import dropout as loops

    x = x.contiguous()
    y, keys, threshold = torch.empty_like(x), _keys(seed), np.uint32(_threshold(rate))
    short = x.dtype in (torch.bfloat16, torch.float16)
    source, out = (array((t.view(torch.int16) if short else t).view(-1)) for t in (x, y))

    def work(first: int, last: int) -> None:
        part = source[first:last], out[first:last], keys, threshold
        if short:
            loops.drop_bits(*part, first)
        else:
            loops.drop(*part, source.dtype.type(1 / (1 - rate)), first)

    each(shares(x.numel(), x.numel() * OPERATIONS_AN_ENTRY), work)
    return y.mul_(1 / (1 - rate)) if short else y


@_fused.register_fake
def _(x: Tensor, rate: float, seed: int) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _keys(seed: int) -> Any:
    return np.array([seed & LOW, (seed >> 32) & LOW], dtype=np.uint32)


def _threshold(rate: float) -> int:
    return min(LOW, round(rate * 2**32))


def _backward(dy: Tensor, rate: float, seed: int) -> tuple[Tensor]:
    return (_fused(dy, rate, seed),)


_fused.differentiate_by(_backward, outputs="y", gradients="x")
