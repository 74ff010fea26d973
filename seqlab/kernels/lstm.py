"""Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers 2000)."""

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


def lstm(
    x: Tensor,
    h0: Tensor,
    c0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor,
    b_hh: Tensor,
    *,
    mask: Tensor | None = None,
    reverse: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, Tensor, Tensor]:
    """Run an LSTM over x (B, T, D) from h0, c0 (B, H); weights as in `torch.nn.LSTM`.

    (i, f, g, o) = W_ih x + b_ih + W_hh h + b_hh,
    c' = σ(f) ⊙ c + σ(i) ⊙ tanh(g), h' = σ(o) ⊙ tanh(c').

    Where mask (B, T; true at real positions, which come first) is false both states stay as they
    are. `reverse` runs from the last position to the first. Returns every h in the order of x
    (B, T, H), and the last h and c reached (B, H).
    """
    x, h0, c0 = lifted(x, h0, c0)
    weights = (w_ih, w_hh, b_ih, b_hh)
    check_cell("lstm", x, {"h0": h0, "c0": c0}, weights, gates=4)
    check_mask("lstm", mask, x.shape[:2])
    match running("lstm", x.device.type, x.dtype, backend):
        case "fused":
            y, h, c, _ = _fused(
                x, h0, c0, *weights, mask, reverse, needs_saving(x, h0, c0, *weights)
            )
            return y, h, c
        case "torch":
            y, h, c = through_torch("lstm", x, (h0, c0), weights, mask, reverse)
            return y, h, c
    return lstm_reference(x, h0, c0, *weights, mask=mask, reverse=reverse)


def lstm_reference(
    x: Tensor,
    h0: Tensor,
    c0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor,
    b_hh: Tensor,
    *,
    mask: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """The twin of `lstm`: one step after another in plain torch."""
    inputs = F.linear(x, w_ih, b_ih).unbind(1)  # T times (B, 4H)
    h, c, states = h0, c0, [h0] * x.shape[1]
    for t in reversed(range(x.shape[1])) if reverse else range(x.shape[1]):
        i, f, g, o = (inputs[t] + F.linear(h, w_hh, b_hh)).chunk(4, dim=1)
        new_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        new_h = torch.sigmoid(o) * torch.tanh(new_c)
        if mask is not None:
            new_c = torch.where(mask[:, t, None], new_c, c)
            new_h = torch.where(mask[:, t, None], new_h, h)
        c, h = new_c, new_h
        states[t] = h
    return torch.stack(states, dim=1), h, c


def example() -> Tensor:
    """The smallest call that needs all loops."""
    x, h, c, *weights = ones((1, 1, 1), (1, 1), (1, 1), (4, 1), (4, 1), (4,), (4,))
    return lstm(x, h, c, *weights, backend="fused")[0]


@operator("lstm")
def _fused(
    x: Tensor,
    h0: Tensor,
    c0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor,
    b_hh: Tensor,
    mask: Tensor | None,
    reverse: bool,
    save: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """y, the last h and c, and what the backward pass needs (empty unless to be saved)."""
    from seqlab.kernels.loops import lstm as loops

    y, h, _, saved = _unwritten(x, h0, save)
    if mask is not None:
        saved.zero_()  # padded steps write nothing
    c = c0.clone(memory_format=torch.contiguous_format)
    run = operands(x, h0, y, (w_ih.t(), w_hh.t()), mask, reverse)
    run_forward(loops.forward, run, b_ih + b_hh, array(c), array(saved))
    return y, h.copy_(y[:, 0 if reverse else -1]), c, saved


@_fused.register_fake
def _unwritten(x: Tensor, h0: Tensor, *others: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    B, T, H, save = *x.shape[:2], h0.shape[1], others[-1]
    saved = x.new_empty((B, T, 5, H) if save else (0, 0, 0, 0))
    return x.new_empty(B, T, H), x.new_empty(B, H), x.new_empty(B, H), saved


@operator("lstm_backward")
def _fused_backward(
    dy: Tensor | None,
    dh: Tensor | None,
    dc: Tensor | None,
    x: Tensor,
    h0: Tensor,
    c0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    mask: Tensor | None,
    y: Tensor,
    saved: Tensor,
    reverse: bool,
    needs_dx: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of x (empty unless needed), h0, c0, both weights and both biases."""
    from seqlab.kernels.loops import lstm as loops

    dx = x.new_empty(x.shape if needs_dx else (0, 0, 0))
    dh0, dc0 = incoming(dh, h0).clone(), incoming(dc, c0).clone()
    run = operands(x, h0, y, (w_ih, w_hh), mask, reverse)
    more = (array(c0.contiguous()), array(dc0), array(saved), array(incoming(dy, y)))
    dw_ih, dw_hh, dbias = run_backward(loops.backward, run, w_hh.shape[0], dh0, dx, *more)
    return dx, dh0, dc0, dw_ih, dw_hh, dbias, dbias.clone()  # an operator's results are distinct


@_fused_backward.register_fake
def _(dy: None, dh: None, dc: None, x: Tensor, h0: Tensor, *others: Any) -> tuple[Tensor, ...]:
    c0, w_ih, w_hh, *_, needs_dx = others
    dx, bias = x.new_empty(x.shape if needs_dx else (0, 0, 0)), w_hh.new_empty(w_hh.shape[0])
    empty = torch.empty_like
    return dx, empty(h0), empty(c0), empty(w_ih), empty(w_hh), bias, empty(bias)


_fused.differentiate_by(
    _fused_backward, outputs="y h c saved", gradients="x h0 c0 w_ih w_hh b_ih b_hh"
)
