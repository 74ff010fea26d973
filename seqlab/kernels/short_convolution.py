"""A causal convolution over the last few positions, channel by channel, with its SiLU."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.errors import UserError
from seqlab.kernels.backend import running
from seqlab.kernels.cells import array, ones
from seqlab.kernels.checks import check, check_sequence, lifted
from seqlab.kernels.operator import operator
from seqlab.kernels.threads import each, shares


def short_convolution(x: Tensor, weight: Tensor, bias: Tensor, *, backend: str = "auto") -> Tensor:
    """y_t = SiLU(Σ_{k<K} w_k ⊙ x_{t+k} + b), (B, T, W) for x (B, K − 1 + T, W).

    The first K − 1 positions of x are those before the first of y; weight (K, W), bias (W).
    """
    x, weight, bias = lifted(x, weight, bias)
    check_sequence("short_convolution", x)
    K, W = weight.shape[0], x.shape[2]
    check("short_convolution", x, weight=(weight, (K, W)), bias=(bias, (W,)))
    if x.shape[1] < K:
        raise UserError(
            f"short_convolution: the input has {x.shape[1]} positions, expected at least {K} for "
            f"{K} taps"
        )
    if running("short_convolution", x.device.type, x.dtype, backend) == "fused":
        return _fused(x, weight, bias)
    return short_convolution_reference(x, weight, bias)


def short_convolution_reference(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The twin of `short_convolution`: taps as shifted products in plain torch.

    On a CPU several times as fast as a grouped conv1d, and the layout stays (B, T, W).
    """
    K = weight.shape[0]
    T = x.shape[1] - K + 1
    y = torch.addcmul(bias, x[:, :T], weight[0])
    for k in range(1, K):
        y = torch.addcmul(y, x[:, k : k + T], weight[k])
    return F.silu(y)


def example() -> Tensor:
    """The smallest call that needs all loops."""
    return short_convolution(*ones((1, 1, 1), (1, 1), (1,)), backend="fused")


@operator("short_convolution")
def _fused(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    from seqlab.kernels.loops import short_convolution as loops

    y = _unwritten(x, weight, bias)
    operands = [array(t.contiguous()) for t in (x, weight, bias)]
    each(_shares(y, weight), partial(loops.forward, *operands, array(y)))
    return y


@_fused.register_fake
def _unwritten(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    B, positions, W = x.shape
    return x.new_empty(B, positions - weight.shape[0] + 1, W)


@operator("short_convolution_backward")
def _fused_backward(
    dy: Tensor, x: Tensor, weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of x, weight and bias."""
    from seqlab.kernels.loops import short_convolution as loops

    operands = [array(t.contiguous()) for t in (x, weight, bias, dy)]
    dx = torch.zeros_like(x, memory_format=torch.contiguous_format)

    def work(first: int, last: int) -> tuple[Tensor, Tensor]:
        sums = weight.new_zeros(weight.shape), bias.new_zeros(bias.shape)
        room = bias.new_empty(bias.shape)
        loops.backward(*operands, array(dx), *map(array, sums), array(room), first, last)
        return sums

    parts = each(_shares(dy, weight), work)
    dweight, dbias = (torch.stack(sums).sum(0) for sums in zip(*parts, strict=True))
    return dx, dweight, dbias


@_fused_backward.register_fake
def _(dy: Tensor, x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return x.new_empty(x.shape), weight.new_empty(weight.shape), bias.new_empty(bias.shape)


def _shares(y: Tensor, weight: Tensor) -> list[tuple[int, int]]:
    return shares(y.shape[0], y[0].numel() * y.shape[0] * 4 * weight.shape[0])


_fused.differentiate_by(_fused_backward, outputs="y", gradients="x weight bias")
