"""The elementwise linear recurrence h_t = a_t ⊙ h_{t−1} + b_t, the core of minGRU and minLSTM."""

from __future__ import annotations

import torch
from torch import Tensor

from seqlab.kernels.backend import running


def linear_scan(
    a: Tensor, b: Tensor, h0: Tensor, *, reverse: bool = False, backend: str = "auto"
) -> Tensor:
    """Every state h (B, T, D) of h_t = a_t ⊙ h_{t−1} + b_t, for a and b (B, T, D) from h0 (B, D).

    `reverse` runs from the last position to the first. To skip a padded position give it
    a = 1 and b = 0.
    """
    running("linear_scan", a.device.type, a.dtype, backend)
    return linear_scan_reference(a, b, h0, reverse=reverse)


def linear_scan_reference(a: Tensor, b: Tensor, h0: Tensor, *, reverse: bool = False) -> Tensor:
    """The twin of `linear_scan`: one step after another in plain torch."""
    h, states = h0, [h0] * a.shape[1]
    for t in reversed(range(a.shape[1])) if reverse else range(a.shape[1]):
        h = a[:, t] * h + b[:, t]
        states[t] = h
    return torch.stack(states, dim=1)
