"""The scalar-memory LSTM with exponential gates (xLSTM, Beck et al. 2024, arXiv:2405.04517)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.kernels.backend import running


class SLSTMState(NamedTuple):
    """Cell c, normaliser n, output h and stabiliser m, each (B, H); the true cell is c·exp(m)."""

    c: Tensor
    n: Tensor
    h: Tensor
    m: Tensor

    @classmethod
    def empty(cls, like: Tensor) -> SLSTMState:
        """The state before the first step, in the shape, type and device of `like` (B, H)."""
        zero = torch.zeros_like(like)
        return cls(zero, zero, zero, torch.full_like(like, -torch.inf))


def slstm(
    gates: Tensor,
    state: SLSTMState,
    w_hh: Tensor,
    *,
    mask: Tensor | None = None,
    reverse: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, SLSTMState]:
    """Run an sLSTM over gates (B, T, 4, H), the inputs' part of i, f, z, o with their biases.

    w_hh (4, heads, H / heads, H / heads; output before input) mixes h within each head only:

    (i, f, z, o) = gates_t + W_hh h, m' = max(log σ(f) + m, i),
    c' = e^{log σ(f) + m − m'} c + e^{i − m'} tanh(z), n' = e^{log σ(f) + m − m'} n + e^{i − m'},
    h' = σ(o) ⊙ c' / n'.

    No gradient flows through m: it cancels in c'/n', and so in everything h' depends on.

    Where mask (B, T; true at real positions, which come first) is false the state stays as it is.
    `reverse` runs from the last position to the first. Returns every h in the order of the
    gates (B, T, H), and the last state reached.
    """
    running("slstm", gates.device.type, gates.dtype, backend)
    return slstm_reference(gates, state, w_hh, mask=mask, reverse=reverse)


def slstm_reference(
    gates: Tensor,
    state: SLSTMState,
    w_hh: Tensor,
    *,
    mask: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, SLSTMState]:
    """The twin of `slstm`: one step after another in plain torch."""
    heads, width = w_hh.shape[1:3]
    states = [state.h] * gates.shape[1]
    for t in reversed(range(gates.shape[1])) if reverse else range(gates.shape[1]):
        c, n, h, m = state
        mixed = torch.einsum("bhi,ghoi->bgho", h.view(-1, heads, width), w_hh)
        i, f, z, o = (gates[:, t] + mixed.flatten(2)).unbind(1)  # (B, H) each
        log_f = F.logsigmoid(f)
        new_m = torch.maximum(log_f + m, i).detach()
        forget, admit = torch.exp(log_f + m.detach() - new_m), torch.exp(i - new_m)
        new_c = forget * c + admit * torch.tanh(z)
        new_n = forget * n + admit
        new = SLSTMState(new_c, new_n, torch.sigmoid(o) * new_c / new_n, new_m)
        if mask is not None:
            keep = mask[:, t, None]
            new = SLSTMState(*(torch.where(keep, a, b) for a, b in zip(new, state, strict=True)))
        state = new
        states[t] = state.h
    return torch.stack(states, dim=1), state
