"""The gated recurrent unit (Cho et al. 2014), reset after the product as in PyTorch and cuDNN."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.kernels.backend import running
from seqlab.kernels.cells import (
    array,
    incoming,
    needs_saving,
    ones,
    operands,
    run_backward,
    run_forward,
)
from seqlab.kernels.checks import check_cell, check_mask, lifted
from seqlab.kernels.operator import operator
from seqlab.kernels.torch_path import through_torch


def gru(
    x: Tensor,
    h0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor,
    b_hh: Tensor,
    *,
    mask: Tensor | None = None,
    reverse: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, Tensor]:
    """Run a GRU over x (B, T, D) from h0 (B, H); weights as in `torch.nn.GRU` (gates r, z, n).

    r = σ(W_ir x + b_ir + W_hr h + b_hr), z = σ(W_iz x + b_iz + W_hz h + b_hz),
    n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn)), h' = (1 − z) ⊙ n + z ⊙ h.

    Where mask (B, T; true at real positions, which come first) is false the state stays as it is.
    `reverse` runs from the last position to the first. Returns every state in the order of x
    (B, T, H), and the last one reached (B, H).
    """
    x, h0 = lifted(x, h0)
    weights = (w_ih, w_hh, b_ih, b_hh)
    check_cell("gru", x, {"h0": h0}, weights, gates=3)
    check_mask("gru", mask, x.shape[:2])
    match running("gru", x.device.type, x.dtype, backend):
        case "fused":
            y, h, _ = _fused(x, h0, *weights, mask, reverse, needs_saving(x, h0, *weights))
            return y, h
        case "torch":
            y, h = through_torch("gru", x, (h0,), weights, mask, reverse)
            return y, h
    return gru_reference(x, h0, *weights, mask=mask, reverse=reverse)


def gru_reference(
    x: Tensor,
    h0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor,
    b_hh: Tensor,
    *,
    reset_after: bool = True,
    mask: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, Tensor]:
    """The twin of `gru`: one step after another in plain torch.

    `reset_after=False` is the form of the paper, n = tanh(W_in x + b_in + W_hn (r ⊙ h) + b_hn),
    which has no fused loop: its second product must wait for the first.
    """
    inputs = F.linear(x, w_ih, b_ih).unbind(1)  # T times (B, 3H)
    H = h0.shape[1]
    w_gates, w_n = torch.split(w_hh, [2 * H, H])
    b_gates, b_n = torch.split(b_hh, [2 * H, H])
    h, states = h0, [h0] * x.shape[1]
    for t in reversed(range(x.shape[1])) if reverse else range(x.shape[1]):
        x_r, x_z, x_n = inputs[t].chunk(3, dim=1)
        h_r, h_z = F.linear(h, w_gates, b_gates).chunk(2, dim=1)
        r = torch.sigmoid(x_r + h_r)
        z = torch.sigmoid(x_z + h_z)
        h_n = r * F.linear(h, w_n, b_n) if reset_after else F.linear(r * h, w_n, b_n)
        n = torch.tanh(x_n + h_n)
        new = (1 - z) * n + z * h
        h = new if mask is None else torch.where(mask[:, t, None], new, h)
        states[t] = h
    return torch.stack(states, dim=1), h


def example() -> Tensor:
    """The smallest call that needs all loops."""
    x, h, *weights = ones((1, 1, 1), (1, 1), (3, 1), (3, 1), (3,), (3,))
    return gru(x, h, *weights, backend="fused")[0]


@operator("gru")
def _fused(
    x: Tensor,
    h0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor,
    b_hh: Tensor,
    mask: Tensor | None,
    reverse: bool,
    save: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """y, the last h, and what the backward pass needs of it (empty unless it is to be saved)."""
    from seqlab.kernels.loops import gru as loops

    y, h, saved = _unwritten(x, h0, save)
    if mask is not None:
        saved.zero_()  # padded steps write nothing
    (r_ih, z_ih, n_ih), (r_hh, z_hh, n_hh) = b_ih.chunk(3), b_hh.chunk(3)
    bias = torch.cat((n_ih, r_ih + r_hh, z_ih + z_hh, n_hh))
    transposed = (_n_first(w_ih).t(), w_hh.t())
    run = operands(x, h0, y, transposed, mask, reverse)
    run_forward(loops.forward, run, bias, array(saved))
    return y, h.copy_(y[:, 0 if reverse else -1]), saved


@_fused.register_fake
def _unwritten(x: Tensor, h0: Tensor, *others: Any) -> tuple[Tensor, Tensor, Tensor]:
    B, T, H, save = *x.shape[:2], h0.shape[1], others[-1]
    saved = x.new_empty((B, T, 3, H) if save else (0, 0, 0, 0))
    return x.new_empty(B, T, H), x.new_empty(B, H), saved


@operator("gru_backward")
def _fused_backward(
    dy: Tensor | None,
    dh: Tensor | None,
    x: Tensor,
    h0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    mask: Tensor | None,
    reverse: bool,
    y: Tensor,
    saved: Tensor,
    needs_dx: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of x (empty unless needed), h0, both weights and both biases."""
    from seqlab.kernels.loops import gru as loops

    dx, dh0 = x.new_empty(x.shape if needs_dx else (0, 0, 0)), incoming(dh, h0).clone()
    run = operands(x, h0, y, (_n_first(w_ih), w_hh), mask, reverse)
    dw_ih, dw_hh, dbias = run_backward(
        loops.backward, run, 4 * h0.shape[1], dh0, dx, array(saved), array(incoming(dy, y))
    )
    n_ih, r, z, n_hh = dbias.chunk(4)
    dn, dr, dz = dw_ih.chunk(3)
    dw_ih = torch.cat((dr, dz, dn))
    return dx, dh0, dw_ih, dw_hh, torch.cat((r, z, n_ih)), torch.cat((r, z, n_hh))


@_fused_backward.register_fake
def _(dy: None, dh: None, x: Tensor, h0: Tensor, *others: Any) -> tuple[Tensor, ...]:
    w_ih, w_hh, *_, needs_dx = others
    dx, bias = x.new_empty(x.shape if needs_dx else (0, 0, 0)), w_hh.new_empty(w_hh.shape[0])
    empty = torch.empty_like
    return dx, empty(h0), empty(w_ih), empty(w_hh), bias, empty(bias)


def _n_first(weight: Tensor) -> Tensor:
    """Gates r, z, n in the order of the loops."""
    r, z, n = weight.chunk(3)
    return torch.cat((n, r, z))


_fused.differentiate_by(_fused_backward, outputs="y h saved", gradients="x h0 w_ih w_hh b_ih b_hh")
