"""The vanilla recurrent network: h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh) (Elman, 1990)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.errors import unknown
from seqlab.kernels.backend import running

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
    running("rnn", x.device.type, x.dtype, backend)
    return rnn_reference(
        x, h0, w_ih, w_hh, b_ih, b_hh, activation=activation, mask=mask, reverse=reverse
    )


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
    inputs = F.linear(x, w_ih, b_ih)  # (B, T, H)
    h, states = h0, [h0] * x.shape[1]
    for t in reversed(range(x.shape[1])) if reverse else range(x.shape[1]):
        new = phi(inputs[:, t] + F.linear(h, w_hh, b_hh))
        h = new if mask is None else torch.where(mask[:, t, None], new, h)
        states[t] = h
    return torch.stack(states, dim=1), h
