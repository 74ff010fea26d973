"""The selective state space recurrence of Mamba (Gu & Dao 2023, arXiv:2312.00752)."""

from __future__ import annotations

import torch
from torch import Tensor

from seqlab.kernels.backend import running


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
    running("selective_scan", u.device.type, u.dtype, backend)
    return selective_scan_reference(u, delta, A, B, C, h0)


def selective_scan_reference(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, h0: Tensor
) -> tuple[Tensor, Tensor]:
    """The twin of `selective_scan`: one step after another in plain torch."""
    h, outputs = h0, []
    for t in range(u.shape[1]):
        decay = torch.exp(delta[:, t, :, None] * A)  # (batch, D, N)
        h = decay * h + (delta[:, t] * u[:, t])[:, :, None] * B[:, t, None, :]
        outputs.append((h * C[:, t, None, :]).sum(-1))
    return torch.stack(outputs, dim=1), h
