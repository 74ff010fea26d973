"""The root-mean-square norm of gated outputs, as Mamba-2 ends (Dao & Gu 2024, arXiv:2405.21060)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.kernels.backend import running
from seqlab.kernels.cells import array, ones
from seqlab.kernels.checks import check, lifted
from seqlab.kernels.operator import operator
from seqlab.kernels.threads import each, shares

OPERATIONS = 32  # an exponential, twice, and its surroundings, in multiplications


def gated_norm(
    y: Tensor, z: Tensor, weight: Tensor, *, eps: float = 1e-5, backend: str = "auto"
) -> Tensor:
    """w ⊙ u / √(mean(u²) + ε) for u = y ⊙ SiLU(z), (…, W) for y and z (…, W), weight (W)."""
    y, z, weight = lifted(y, z, weight)
    check("gated_norm", y, z=(z, y.shape), weight=(weight, y.shape[-1:]))
    if running("gated_norm", y.device.type, y.dtype, backend) == "fused":
        width = y.shape[-1]
        return _fused(y.reshape(-1, width), z.reshape(-1, width), weight, eps).view(y.shape)
    return gated_norm_reference(y, z, weight, eps=eps)


def gated_norm_reference(y: Tensor, z: Tensor, weight: Tensor, *, eps: float = 1e-5) -> Tensor:
    """The twin of `gated_norm` in plain torch."""
    return F.rms_norm(y * F.silu(z), y.shape[-1:], weight, eps)


def example() -> Tensor:
    """The smallest call that needs all loops."""
    return gated_norm(*ones((1, 1), (1, 1), (1,)), backend="fused")


@operator("gated_norm")
def _fused(y: Tensor, z: Tensor, weight: Tensor, eps: float) -> Tensor:
    from seqlab.kernels.loops import gated_norm as loops

    out = _unwritten(y)

    def work(first: int, last: int) -> None:
        sums = array(weight.new_empty(1))
        loops.forward(*_operands(y, z, weight), eps, array(out), sums, first, last)

    each(_shares(y), work)
    return out


@_fused.register_fake
def _unwritten(y: Tensor, *_: Any) -> Tensor:
    return y.new_empty(y.shape)


@operator("gated_norm_backward")
def _fused_backward(
    dout: Tensor, y: Tensor, z: Tensor, weight: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of y, z and weight."""
    from seqlab.kernels.loops import gated_norm as loops

    dy, dz = y.new_empty(y.shape), z.new_empty(z.shape)
    slopes = array(dout.contiguous())

    def work(first: int, last: int) -> Tensor:
        dweight, row = weight.new_zeros(weight.shape), weight.new_empty(weight.shape)
        results = map(array, (dy, dz, dweight, row, weight.new_empty(2)))
        loops.backward(*_operands(y, z, weight), eps, slopes, *results, first, last)
        return dweight

    return dy, dz, torch.stack(each(_shares(y), work)).sum(0)


@_fused_backward.register_fake
def _(dout: Tensor, y: Tensor, z: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, ...]:
    return y.new_empty(y.shape), z.new_empty(z.shape), weight.new_empty(weight.shape)


def _operands(y: Tensor, z: Tensor, weight: Tensor) -> tuple[Any, ...]:
    """y, z and the distance of its rows, weight: z often is a part of a longer row."""
    if z.stride(1) != 1:
        z = z.contiguous()
    return array(y.contiguous()), array(z), z.stride(0), array(weight.contiguous())


def _shares(y: Tensor) -> list[tuple[int, int]]:
    return shares(y.shape[0], y.numel() * OPERATIONS)


_fused.differentiate_by(_fused_backward, outputs="out", gradients="y z weight")
