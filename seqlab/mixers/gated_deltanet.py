"""Gated DeltaNet: a matrix memory that decays, and that corrects what it recalls for a key.

    (q_t, k_t, v_t) = SiLU(conv(W_qkv x)_t)      heads of width d = D/H
    q_t ← q_t / (‖q_t‖ √d),  k_t ← k_t / ‖k_t‖
    g_t = −e^a softplus(w_g · x_t + b_g)         log of the decay, for each head
    β_t = σ(w_β · x_t)                           how much is corrected; 2 σ(·) for negative
                                                 eigenvalues
    u_t = β_t (v_t − (e^{g_t} S_{t−1})ᵀ k_t)     what the memory lacks
    S_t = e^{g_t} S_{t−1} + k_t u_tᵀ             S (d, d) of each head
    y_t = W_o [RMSNorm(S_tᵀ q_t) ⊙ SiLU(W_z x_t)]

Along k_t the memory is multiplied by e^{g_t}(1 − β_t), which only β_t > 1 makes negative: without
that no layer can tell odd from even counts (Grazzi et al., 2024, arXiv:2411.12537). In parallel
the u of a chunk solve one triangular system.

Yang, Kautz & Hatamizadeh (2024), Gated delta networks, arXiv:2412.06464. Departure: keys and values
are as wide as the mixer.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab.mixers.base import State, check_heads, check_state
from seqlab.mixers.chunks import CHUNK_POSITIONS, ChunkedMixer, between, divided, in_heads, joined
from seqlab.mixers.mamba2 import softplus_inverse, steps_between, undecayed
from seqlab.mixers.scan import OptionalConvolution, check_precision, scan_zeros
from seqlab.registry import registered

CARD = {
    "groups": ["modern"],
    "streams": True,
    "complexity": "O(T·D²)",
    "state": "D²/H numbers",
    "paper": "Yang et al., 2024",
    "recipes": {
        "gated-deltanet": {
            "settings": {"negative_eigenvalues": True},
            "depth": 2,
            "residual": True,
            "norm": "pre",
            "norm_kind": "rms",
            "mlp": 2.0,
            "pooling": "mean",
        }
    },
    "space": {"settings.heads": [2, 4, 8], "settings.convolution": [2, 4, 8]},
    "cases": [{"negative_eigenvalues": True}, {"convolution": 0, "heads": 2}],
}

EPSILON = 1e-6  # inside the norms of queries and keys


class GatedDeltaNetState(NamedTuple):
    """S (B, H, d, d) and the short convolution's last inputs (B, K − 1, 3·D)."""

    S: Tensor
    recent: Tensor


@registered
class GatedDeltaNet(ChunkedMixer):
    """x (B, T, D) → y (B, T, D)."""

    def __init__(
        self,
        width: int,
        *,
        heads: int = 4,
        negative_eigenvalues: bool = False,
        convolution: int = 4,
        backend: str = "auto",
    ) -> None:
        super().__init__(width, backend)
        check_heads(GatedDeltaNet, width, heads)
        self.heads = heads
        self.strength = 2.0 if negative_eigenvalues else 1.0
        self.w_qkv = nn.Linear(width, 3 * width, bias=False)
        self.convolution = OptionalConvolution(GatedDeltaNet, 3 * width, convolution)
        self.w_decay_and_beta = nn.Linear(width, 2 * heads, bias=False)
        self.bias_decay = undecayed(softplus_inverse(steps_between(0.001, 0.1, heads)))
        self.A_log = undecayed(torch.empty(heads).uniform_(1, 16).log())
        self.norm = nn.RMSNorm(width // heads, eps=1e-6)
        self.w_z = nn.Linear(width, width, bias=False)
        self.w_out = nn.Linear(width, width, bias=False)

    def initial_state(self, batch: int) -> GatedDeltaNetState:
        """S_0 = 0 and no inputs."""
        d = self.width // self.heads
        S = scan_zeros(self, batch, self.heads, d, d)
        return GatedDeltaNetState(S, self.convolution.no_inputs(batch))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, GatedDeltaNetState]:
        """One position: the recurrence as written above."""
        check_state(self, state, GatedDeltaNetState, x_t.shape[0])
        S, recent = state
        inputs, recent = self._inputs(x_t[:, None], recent)
        q, k, v, g, beta = (part[:, 0].to(S.dtype) for part in inputs)
        S = g.exp()[:, :, None, None] * S
        u = beta.unsqueeze(-1) * (v - _read(S, k))
        S = S + k.unsqueeze(-1) * u.unsqueeze(-2)
        return self._output(_read(S, q), x_t), GatedDeltaNetState(S, recent)

    def in_chunks(self, x: Tensor, state: State) -> tuple[Tensor, GatedDeltaNetState]:
        """The same, as products of matrices."""
        check_state(self, state, GatedDeltaNetState, x.shape[0])
        S, recent = state
        inputs, recent = self._inputs(x, recent)
        q, k, v, g, beta = (part.to(S.dtype) for part in inputs)
        y, S = delta_rule(q, k, v, g, beta, S)
        return self._output(y, x), GatedDeltaNetState(S, recent)

    def _inputs(self, x: Tensor, recent: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """q, k and v (B, T, H, d), g and β (B, T, H); the convolution's next inputs."""
        check_precision(self, x)
        mixed, recent = self.convolution(self.w_qkv(x), recent)
        q, k, v = in_heads(mixed, 3 * self.heads).chunk(3, dim=2)
        decay, beta = self.w_decay_and_beta(x).chunk(2, dim=-1)
        g = -self.A_log.exp() * F.softplus(decay + self.bias_decay)
        beta = self.strength * torch.sigmoid(beta)
        return (unit(q) * q.shape[-1] ** -0.5, unit(k), v, g, beta), recent

    def _output(self, y: Tensor, x: Tensor) -> Tensor:
        return self.w_out(self.norm(y.to(x.dtype)).flatten(-2) * F.silu(self.w_z(x)))


def delta_rule(
    q: Tensor, k: Tensor, v: Tensor, g: Tensor, beta: Tensor, S: Tensor
) -> tuple[Tensor, Tensor]:
    """S_tᵀ q_t (B, T, H, d) and the last S, from S (B, H, d, d); g and beta (B, T, H)."""
    T = q.shape[1]
    q, k, v, g, beta = (
        _by_head(divided(part, min(CHUNK_POSITIONS, T))) for part in (q, k, v, g, beta)
    )
    decay = between(g).exp()  # (B, C, H, L, L)
    since_start = g.cumsum(dim=-1).exp().unsqueeze(-1)  # (B, C, H, L, 1)
    # (1 + A) u = β (v − e^g S k), for A the strictly lower part of β k kᵀ ⊙ decay
    k_beta = beta.unsqueeze(-1) * k
    system = (k_beta @ k.mT) * decay
    sides = torch.cat((beta.unsqueeze(-1) * v, since_start * k_beta), dim=-1)
    solved = torch.linalg.solve_triangular(system, sides, upper=False, unitriangular=True)
    u_alone, k_solved = solved.chunk(2, dim=-1)
    k_kept = k * decay[..., -1, :].unsqueeze(-1)  # what each key still weighs at the chunk's end
    kept = since_start[..., -1:, :]
    starts, us = [], []
    chunks = (part.unbind(1) for part in (u_alone, k_solved, kept, k_kept))
    for u_c, k_solved_c, kept_c, k_kept_c in zip(*chunks, strict=True):
        starts.append(S)
        us.append(u_c - k_solved_c @ S)
        S = kept_c * S + k_kept_c.mT @ us[-1]
    y = (since_start * q) @ torch.stack(starts, dim=1)
    y = y + ((q @ k.mT) * decay) @ torch.stack(us, dim=1)
    return joined(y.transpose(2, 3), T), S


def unit(x: Tensor) -> Tensor:
    """x divided by its Euclidean norm along the last dimension."""
    return x * torch.rsqrt(x.square().sum(dim=-1, keepdim=True) + EPSILON)


def _read(S: Tensor, k: Tensor) -> Tensor:
    return (k.unsqueeze(-2) @ S).squeeze(-2)  # (B, H, d)


def _by_head(x: Tensor) -> Tensor:
    return x.transpose(2, 3)  # (B, C, H, L, …)
