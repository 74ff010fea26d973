"""The vanilla recurrent network: h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh) (Elman, 1990)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.errors import unknown
from seqlab.kernels.backend import running
from seqlab.kernels.cells import array, incoming, ones, operands, run_backward, run_forward
from seqlab.kernels.checks import check_cell, check_mask, lifted
from seqlab.kernels.operator import operator
from seqlab.kernels.torch_path import through_torch

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,  # slope .01
    "elu": F.elu,  # α = 1
}


def rnn(
    x: Tensor,
    h0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor,
    b_hh: Tensor,
    *,
    activation: str = "tanh",
    mask: Tensor | None = None,
    reverse: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, Tensor]:
    """Run the recurrence over x (B, T, D) from h0 (B, H); weights as in `torch.nn.RNN`.

    Where mask (B, T; true at real positions, which come first) is false the state stays as it is.
    `reverse` runs from the last position to the first. Returns every state in the order of x
    (B, T, H), and the last one reached (B, H).
    """
    if activation not in ACTIVATIONS:
        raise unknown("activation", activation, ACTIVATIONS)
    x, h0 = lifted(x, h0)
    weights = (w_ih, w_hh, b_ih, b_hh)
    check_cell("rnn", x, {"h0": h0}, weights, gates=1)
    check_mask("rnn", mask, x.shape[:2])
    match running(f"rnn_{activation}", x.device.type, x.dtype, backend):
        case "fused":
            return _fused(x, h0, *weights, mask, reverse, activation)
        case "torch":
            y, h = through_torch(f"rnn_{activation}", x, (h0,), weights, mask, reverse)
            return y, h
    return rnn_reference(x, h0, *weights, activation=activation, mask=mask, reverse=reverse)


def rnn_reference(
    x: Tensor,
    h0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor,
    b_hh: Tensor,
    *,
    activation: str = "tanh",
    mask: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, Tensor]:
    """The twin of `rnn`: one step after another in plain torch."""
    phi = ACTIVATIONS[activation]
    inputs = F.linear(x, w_ih, b_ih).unbind(1)  # T times (B, H)
    h, states = h0, [h0] * x.shape[1]
    for t in reversed(range(x.shape[1])) if reverse else range(x.shape[1]):
        new = phi(inputs[t] + F.linear(h, w_hh, b_hh))
        h = new if mask is None else torch.where(mask[:, t, None], new, h)
        states[t] = h
    return torch.stack(states, dim=1), h


def example() -> Tensor:
    """The smallest call that needs all loops."""
    x, h, *weights = ones((1, 1, 1), (1, 1), (1, 1), (1, 1), (1,), (1,))
    return rnn(x, h, *weights, backend="fused")[0]


@operator("rnn")
def _fused(
    x: Tensor,
    h0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor,
    b_hh: Tensor,
    mask: Tensor | None,
    reverse: bool,
    activation: str,
) -> tuple[Tensor, Tensor]:
    from seqlab.kernels.loops import rnn as loops

    y, h = _unwritten(x, h0)
    run = operands(x, h0, y, (w_ih.t(), w_hh.t()), mask, reverse)
    run_forward(loops.forward, run, b_ih + b_hh, loops.CODES[activation])
    return y, h.copy_(y[:, 0 if reverse else -1])


@_fused.register_fake
def _unwritten(x: Tensor, h0: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    B, T, H = *x.shape[:2], h0.shape[1]
    return x.new_empty(B, T, H), x.new_empty(B, H)


@operator("rnn_backward")
def _fused_backward(
    dy: Tensor | None,
    dh: Tensor | None,
    x: Tensor,
    h0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    mask: Tensor | None,
    y: Tensor,
    reverse: bool,
    activation: str,
    needs_dx: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of x (empty unless needed), h0, both weights and both biases."""
    from seqlab.kernels.loops import rnn as loops

    dx, dh0 = x.new_empty(x.shape if needs_dx else (0, 0, 0)), incoming(dh, h0).clone()
    run = operands(x, h0, y, (w_ih, w_hh), mask, reverse)
    dw_ih, dw_hh, dbias = run_backward(
        loops.backward, run, h0.shape[1], dh0, dx, array(incoming(dy, y)), loops.CODES[activation]
    )
    return dx, dh0, dw_ih, dw_hh, dbias, dbias.clone()  # an operator's results are distinct


@_fused_backward.register_fake
def _(dy: None, dh: None, x: Tensor, h0: Tensor, *others: Any) -> tuple[Tensor, ...]:
    w_ih, w_hh, *_, needs_dx = others
    dx, bias = x.new_empty(x.shape if needs_dx else (0, 0, 0)), h0.new_empty(h0.shape[1])
    empty = torch.empty_like
    return dx, empty(h0), empty(w_ih), empty(w_hh), bias, empty(bias)


_fused.differentiate_by(_fused_backward, outputs="y h", gradients="x h0 w_ih w_hh b_ih b_hh")
