"""The gated recurrent unit (Cho et al. 2014), reset after the product as in PyTorch and cuDNN."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.kernels.backend import running


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
    running("gru", x.device.type, x.dtype, backend)
    return gru_reference(x, h0, w_ih, w_hh, b_ih, b_hh, mask=mask, reverse=reverse)


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
    inputs = F.linear(x, w_ih, b_ih)  # (B, T, 3H)
    w_gates, w_n = w_hh.split((2 * h0.shape[1], h0.shape[1]))
    b_gates, b_n = b_hh.split((2 * h0.shape[1], h0.shape[1]))
    h, states = h0, [h0] * x.shape[1]
    for t in reversed(range(x.shape[1])) if reverse else range(x.shape[1]):
        x_r, x_z, x_n = inputs[:, t].chunk(3, dim=1)
        h_r, h_z = F.linear(h, w_gates, b_gates).chunk(2, dim=1)
        r = torch.sigmoid(x_r + h_r)
        z = torch.sigmoid(x_z + h_z)
        h_n = r * F.linear(h, w_n, b_n) if reset_after else F.linear(r * h, w_n, b_n)
        n = torch.tanh(x_n + h_n)
        new = (1 - z) * n + z * h
        h = new if mask is None else torch.where(mask[:, t, None], new, h)
        states[t] = h
    return torch.stack(states, dim=1), h
