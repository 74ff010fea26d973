"""Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers 2000)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.kernels.backend import running


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
    running("lstm", x.device.type, x.dtype, backend)
    return lstm_reference(x, h0, c0, w_ih, w_hh, b_ih, b_hh, mask=mask, reverse=reverse)


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
    inputs = F.linear(x, w_ih, b_ih)  # (B, T, 4H)
    h, c, states = h0, c0, [h0] * x.shape[1]
    for t in reversed(range(x.shape[1])) if reverse else range(x.shape[1]):
        i, f, g, o = (inputs[:, t] + F.linear(h, w_hh, b_hh)).chunk(4, dim=1)
        new_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        new_h = torch.sigmoid(o) * torch.tanh(new_c)
        if mask is not None:
            new_c = torch.where(mask[:, t, None], new_c, c)
            new_h = torch.where(mask[:, t, None], new_h, h)
        c, h = new_c, new_h
        states[t] = h
    return torch.stack(states, dim=1), h, c
