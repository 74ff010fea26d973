"""The selective state space recurrence of Mamba (Gu & Dao 2023, arXiv:2312.00752)."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from seqlab.kernels.backend import running
from seqlab.kernels.cells import array, incoming, needs_saving, ones
from seqlab.kernels.checks import check, check_sequence, lifted
from seqlab.kernels.operator import operator
from seqlab.kernels.threads import each, shares

CHUNK = 32  # positions between the states that are kept for the backward pass
WIDTH = 128  # channels whose states of a chunk fit into the second cache level
OPERATIONS = 64  # an exponential and its surroundings, in multiplications


def selective_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    h0: Tensor,
    *,
    backend: str = "auto",
) -> tuple[Tensor, Tensor]:
    """h_t = e^{Δ_t A} ⊙ h_{t−1} + Δ_t u_t B_t and y_t = h_t C_t, channel by channel.

    u and delta (batch, T, D), A (D, N), B and C (batch, T, N), h0 (batch, D, N). Returns
    y (batch, T, D) and the last state (batch, D, N). The skip D ⊙ u is the caller's, and so is
    the softplus of delta. To skip a padded position give it delta = 0.
    """
    u, delta, A, B, C, h0 = lifted(u, delta, A, B, C, h0)
    check_sequence("selective_scan", u)
    batch, T, D, N = *u.shape, A.shape[-1]
    shapes = {"delta": (delta, u.shape), "A": (A, (D, N)), "h0": (h0, (batch, D, N))}
    check("selective_scan", u, **shapes, B=(B, (batch, T, N)), C=(C, (batch, T, N)))
    operands = (u, delta, A, B, C, h0)
    if running("selective_scan", u.device.type, u.dtype, backend) == "fused":
        y, h, _ = _fused(*operands, needs_saving(*operands))
        return y, h
    return selective_scan_reference(*operands)


def selective_scan_reference(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, h0: Tensor
) -> tuple[Tensor, Tensor]:
    """The twin of `selective_scan`: one step after another in plain torch."""
    h, outputs = h0, []
    for u_t, delta_t, B_t, C_t in zip(*(x.unbind(1) for x in (u, delta, B, C)), strict=True):
        decay = torch.exp(delta_t[:, :, None] * A)  # (batch, D, N)
        h = decay * h + (delta_t * u_t)[:, :, None] * B_t[:, None]
        outputs.append((h * C_t[:, None]).sum(-1))
    return torch.stack(outputs, dim=1), h


def example() -> Tensor:
    """The smallest call that needs all loops."""
    one = (1, 1, 1)
    return selective_scan(*ones(one, one, (1, 1), one, one, one), backend="fused")[0]


@operator("selective_scan")
def _fused(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, h0: Tensor, save: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """y, the last h, and the states before each chunk (empty unless they are to be saved)."""
    from seqlab.kernels.loops import selective_scan as loops

    y, _, saved = _unwritten(u, delta, A, B, C, h0, save)
    h = h0.transpose(1, 2).clone(memory_format=torch.contiguous_format)  # (batch, N, D)
    run = loops.ScanOperands._make((*_arrays(u, delta, A.t(), B, C), WIDTH))
    each(_ranges(u, h0), partial(loops.forward, run, array(h), array(y), array(saved), CHUNK))
    return y, h.transpose(1, 2).contiguous(), saved


@_fused.register_fake
def _unwritten(u: Tensor, *others: Any) -> tuple[Tensor, Tensor, Tensor]:
    *_, h0, save = others
    batch, D, N = h0.shape
    chunks = -(-u.shape[1] // CHUNK) if save else 0
    return u.new_empty(u.shape), h0.new_empty(h0.shape), u.new_empty(batch, chunks, N, D)


@operator("selective_scan_backward")
def _fused_backward(
    dy: Tensor | None,
    dh: Tensor | None,
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    h0: Tensor,
    saved: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of u, delta, A, B, C and h0."""
    from seqlab.kernels.loops import selective_scan as loops

    batch, T, D, N = *u.shape, A.shape[1]
    units = -(-D // WIDTH)
    run = loops.ScanOperands._make((*_arrays(u, delta, A.t(), B, C), WIDTH))
    dh = incoming(dh, h0).transpose(1, 2).clone(memory_format=torch.contiguous_format)
    results = (
        u.new_empty(u.shape),
        u.new_empty(u.shape),
        u.new_zeros(batch, N, D),
        u.new_empty(batch, units, T, N),
        u.new_empty(batch, units, T, N),
    )
    gradients = loops.ScanGradients(*_arrays(*results))
    fixed = (run, *_arrays(saved, incoming(dy, u), dh), gradients)

    def work(first: int, last: int) -> None:
        states = array(u.new_empty(CHUNK + 1, N, WIDTH))
        loops.backward(*fixed, states, first, last)

    each(_ranges(u, h0), work)
    du, ddelta, dA, dB, dC = results
    return (
        du,
        ddelta,
        dA.sum(0).t().contiguous(),
        dB.sum(1),
        dC.sum(1),
        dh.transpose(1, 2).contiguous(),
    )


@_fused_backward.register_fake
def _(dy: None, dh: None, *operands: Tensor) -> tuple[Tensor, ...]:
    return tuple(x.new_empty(x.shape) for x in operands[:-1])


def _arrays(*tensors: Tensor) -> list[Any]:
    return [array(tensor.contiguous()) for tensor in tensors]


def _ranges(u: Tensor, h0: Tensor) -> list[tuple[int, int]]:
    return shares(u.shape[0] * -(-u.shape[2] // WIDTH), h0.numel() * u.shape[1] * OPERATIONS)


_fused.differentiate_by(_fused_backward, outputs="y h saved", gradients="u delta A B C h0")
