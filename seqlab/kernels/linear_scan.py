"""The elementwise linear recurrence h_t = a_t ⊙ h_{t−1} + b_t, the core of minGRU and minLSTM."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from seqlab.kernels.backend import running
from seqlab.kernels.cells import array, ones
from seqlab.kernels.checks import check, check_sequence, lifted
from seqlab.kernels.operator import operator
from seqlab.kernels.threads import each, shares

# A scan waits for memory: a number costs as much time as this many multiplications.
OPERATIONS = 16


def linear_scan(
    a: Tensor, b: Tensor, h0: Tensor, *, reverse: bool = False, backend: str = "auto"
) -> Tensor:
    """Every state h (B, T, D) of h_t = a_t ⊙ h_{t−1} + b_t, for a and b (B, T, D) from h0 (B, D).

    `reverse` runs from the last position to the first. To skip a padded position give it
    a = 1 and b = 0.
    """
    a, b, h0 = lifted(a, b, h0)
    check_sequence("linear_scan", a)
    check("linear_scan", a, b=(b, a.shape), h0=(h0, (a.shape[0], a.shape[2])))
    if running("linear_scan", a.device.type, a.dtype, backend) == "fused":
        return _fused(a, b, h0, reverse)
    return linear_scan_reference(a, b, h0, reverse=reverse)


def linear_scan_reference(a: Tensor, b: Tensor, h0: Tensor, *, reverse: bool = False) -> Tensor:
    """The twin of `linear_scan`: one step after another in plain torch."""
    decays, inputs = a.unbind(1), b.unbind(1)  # T times (B, D)
    h, states = h0, [h0] * a.shape[1]
    for t in reversed(range(a.shape[1])) if reverse else range(a.shape[1]):
        h = decays[t] * h + inputs[t]
        states[t] = h
    return torch.stack(states, dim=1)


def example() -> Tensor:
    """The smallest call that needs all loops."""
    return linear_scan(*ones((1, 1, 1), (1, 1, 1), (1, 1)), backend="fused")


@operator("linear_scan")
def _fused(a: Tensor, b: Tensor, h0: Tensor, reverse: bool) -> Tensor:
    from seqlab.kernels.loops import linear_scan as loops

    h = _unwritten(a)
    operands = [array(t.contiguous()) for t in (a, b, h0)]
    ranges, width = _units(a)
    each(ranges, partial(loops.forward, *operands, array(h), reverse, width))
    return h


@_fused.register_fake
def _unwritten(a: Tensor, *_: Any) -> Tensor:
    return a.new_empty(a.shape)


@operator("linear_scan_backward")
def _fused_backward(
    dh: Tensor, a: Tensor, h0: Tensor, h: Tensor, reverse: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of a, b and h0."""
    from seqlab.kernels.loops import linear_scan as loops

    operands = [array(t.contiguous()) for t in (a, h0, h, dh)]
    results = a.new_empty(a.shape), a.new_empty(a.shape), h0.new_zeros(h0.shape)
    ranges, width = _units(a)
    each(ranges, partial(loops.backward, *operands, *map(array, results), reverse, width))
    return results


@_fused_backward.register_fake
def _(dh: Tensor, a: Tensor, h0: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    return a.new_empty(a.shape), a.new_empty(a.shape), h0.new_empty(h0.shape)


def _units(a: Tensor) -> tuple[list[tuple[int, int]], int]:
    """Threads' shares of the units, and how many channels of a sequence are one."""
    B, T, D = a.shape
    parts = -(-torch.get_num_threads() // B)
    width = -(-D // parts)
    return shares(B * -(-D // width), B * T * D * OPERATIONS), width


_fused.differentiate_by(_fused_backward, outputs="h", gradients="a b h0")
