"""Mamba-2: a state space whose decay is one number a head, computed by matrix products.

    (z_t, u_t, δ_t) = W_in ξ_t                   of widths E, E + 2N and H, for the input ξ_t (D)
    (x_t, B_t, C_t) = SiLU(conv(u)_t)            of widths E, N and N; x_t in H heads of P = E/H
    Δ_t = softplus(δ_t + b_Δ)                    the step of each head
    S_t = e^{−Δ_t e^{A}} S_{t−1} + B_t (Δ_t x_t)ᵀ    S (N, P) of each head
    y_t = S_tᵀ C_t + d x_t                       d one number a head
    o_t = W_out RMSNorm(y_t ⊙ SiLU(z_t))         (D)

E is expansion·D. B and C are shared by all heads. In parallel runs in chunks: what a chunk's
positions leave each other is (C Bᵀ ⊙ decays) (Δ x), and what came before is C S.

Dao & Gu (2024), Transformers are SSMs, arXiv:2405.21060. Departures: H heads at any width, where
the paper fixes P = 64; one group of B and C.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab import kernels
from seqlab.kernels.gated_norm import gated_norm
from seqlab.kernels.state_space import state_space
from seqlab.mixers.base import (
    State,
    StreamingMixer,
    check_at_least,
    check_choice,
    check_heads,
    check_state,
    setting_defaults,
)
from seqlab.mixers.chunks import in_heads
from seqlab.mixers.scan import OptionalConvolution, check_precision, scan_dtype, scan_zeros
from seqlab.registry import registered

CARD = {
    "groups": ["modern"],
    "streams": True,
    "complexity": "O(T·D·(D + N))",
    "state": "2·N·D numbers",
    "paper": "Dao & Gu, 2024",
    "recipes": {
        "mamba2": {
            "depth": 2,
            "residual": True,
            "norm": "pre",
            "norm_kind": "rms",
            "mlp": 2.0,
            "pooling": "mean",
        }
    },
    "space": {"settings.heads": [4, 8, 16], "settings.state": [32, 64, 128]},
    "cases": [
        {"convolution": 0},
        {"heads": 2, "state": 8, "expansion": 1},
    ],
}


class Mamba2State(NamedTuple):
    """S (B, N, H, P) and the short convolution's last inputs (B, K − 1, E + 2N)."""

    S: Tensor
    recent: Tensor


@registered
class Mamba2(StreamingMixer):
    """ξ (B, T, D) → o (B, T, D)."""

    def __init__(
        self,
        width: int,
        *,
        heads: int = 8,
        state: int = 64,
        expansion: int = 2,
        convolution: int = 4,
        backend: str = "auto",
    ) -> None:
        """`state` is N, the rows of each head's memory."""
        super().__init__()
        check_choice(Mamba2, "backend", backend, kernels.BACKENDS)
        check_at_least(Mamba2, "state", state, 1)
        check_at_least(Mamba2, "expansion", expansion, 1)
        self.width = width
        self.chosen_backend = backend
        self.inner = expansion * width
        check_heads(Mamba2, self.inner, heads)
        self.heads = heads
        self.state = state
        mixed = self.inner + 2 * state
        self.w_in = nn.Linear(width, self.inner + mixed + heads, bias=False)
        self.convolution = OptionalConvolution(Mamba2, mixed, convolution)
        self.bias_delta = undecayed(softplus_inverse(steps_between(0.001, 0.1, heads)))
        self.A_log = undecayed(torch.empty(heads).uniform_(1, 16).log())
        self.skip = undecayed(torch.ones(heads))
        self.norm_weight = nn.Parameter(torch.ones(self.inner))
        self.w_out = nn.Linear(self.inner, width, bias=False)

    @classmethod
    def width_multiple(cls, **settings: Any) -> int:
        """The heads divide expansion times the width."""
        chosen = {**setting_defaults(cls), **settings}
        return chosen["heads"] // math.gcd(chosen["heads"], chosen["expansion"])

    @property
    def backend(self) -> str:
        """What runs `prefill`: fused chunks, chunks in PyTorch, or one position after another."""
        dtype = scan_dtype(self.A_log.dtype)
        return kernels.running("state_space", self.A_log.device.type, dtype, self.chosen_backend)

    def initial_state(self, batch: int) -> Mamba2State:
        """S_0 = 0 and no inputs."""
        S = scan_zeros(self, batch, self.state, self.heads, self.inner // self.heads)
        return Mamba2State(S, self.convolution.no_inputs(batch))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, Mamba2State]:
        """One position: the recurrence as written above."""
        check_precision(self, x_t)
        check_state(self, state, Mamba2State, x_t.shape[0])
        S, recent = state
        z, mixed, delta, recent = self._inputs(x_t[:, None], recent, S.dtype)
        x, B, C = torch.split(mixed[:, 0], [self.inner, self.state, self.state], dim=-1)
        x, delta = in_heads(x, self.heads), delta[:, 0]
        decay = self._log_decay(delta).exp()[:, None, :, None]
        S = decay * S + B[:, :, None, None] * (delta.unsqueeze(-1) * x)[:, None]
        y = torch.einsum("bnhp,bn->bhp", S, C) + self.skip.unsqueeze(-1) * x
        return self._output(y.flatten(1), z[:, 0]), Mamba2State(S, recent)

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, Mamba2State]:
        """The same in chunks, as products of matrices."""
        check_precision(self, x)
        check_state(self, state, Mamba2State, x.shape[0])
        S, recent = state
        z, mixed, delta, recent = self._inputs(x, recent, S.dtype)
        skip, log_decay = self.skip.to(S.dtype), self._log_decay(delta)
        y, S = state_space(mixed, delta, log_decay, skip, S, backend=self.chosen_backend)
        return self._output(y, z), Mamba2State(S, recent)

    def _inputs(
        self, x: Tensor, recent: Tensor, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """z (B, T, E); x, B and C side by side (B, T, E + 2N); Δ (B, T, H); the next inputs."""
        widths = (self.inner, self.inner + 2 * self.state, self.heads)
        z, mixed, delta = self.w_in(x).split(widths, dim=-1)
        mixed, recent = self.convolution(mixed, recent)
        return z, mixed.to(dtype), F.softplus(delta + self.bias_delta).to(dtype), recent

    def _log_decay(self, delta: Tensor) -> Tensor:
        return -delta * self.A_log.to(delta.dtype).exp()

    def _output(self, y: Tensor, z: Tensor) -> Tensor:
        weight = self.norm_weight.to(y.dtype)
        y = gated_norm(y, z.to(y.dtype), weight, backend=self.chosen_backend)
        return self.w_out(y.to(z.dtype))


def steps_between(least: float, most: float, count: int) -> Tensor:
    """Step sizes drawn evenly on a logarithmic scale."""
    return torch.empty(count).uniform_(math.log(least), math.log(most)).exp()


def softplus_inverse(y: Tensor) -> Tensor:
    """The x with softplus(x) = y."""
    return y + torch.log(-torch.expm1(-y))


class Undecayed(nn.Parameter):
    """A parameter that weight decay would pull from its scale; a type, so that copies are too."""

    _no_weight_decay = True


def undecayed(value: Tensor) -> nn.Parameter:
    """The parameter that the optimiser is to leave out of weight decay."""
    return Undecayed(value)
