"""Mamba: a state space that chooses, input by input, what to keep; the readable reference.

    (u_t, z_t) = W_in ξ_t                        of width E each, for the input ξ_t (D)
    x_t = SiLU(conv(u)_t)                        (E)
    (δ_t, B_t, C_t) = W_x x_t                    of widths R, N and N
    Δ_t = softplus(W_Δ δ_t + b_Δ)                the step of each channel (E)
    h_t = e^{−Δ_t e^A} ⊙ h_{t−1} + (Δ_t ⊙ x_t) B_tᵀ    A and h (E, N)
    y_t = h_t C_t + d ⊙ x_t                      d one number a channel
    o_t = W_out (y_t ⊙ SiLU(z_t))                (D)

E is 2·D and R is ⌈D/16⌉. A begins as log 1 … log N in each channel.

Gu & Dao (2023), Mamba, arXiv:2312.00752. As in its code, Δ_t B_t stands for the exactly discretised
B_t.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab import kernels
from seqlab.kernels.selective_scan import selective_scan
from seqlab.mixers.base import (
    State,
    StreamingMixer,
    check_at_least,
    check_choice,
    check_state,
)
from seqlab.mixers.mamba2 import softplus_inverse, steps_between, undecayed
from seqlab.mixers.scan import OptionalConvolution, check_precision, scan_dtype, scan_zeros
from seqlab.registry import registered

CARD = {
    "groups": ["modern"],
    "streams": True,
    "complexity": "O(T·D·(D + N))",
    "state": "2·N·D numbers",
    "paper": "Gu & Dao, 2023",
    "recipes": {
        "mamba": {
            "depth": 2,
            "residual": True,
            "norm": "pre",
            "norm_kind": "rms",
            "mlp": 2.0,
            "pooling": "mean",
        }
    },
    "space": {"settings.state": [8, 16, 32], "settings.convolution": [2, 4, 8]},
    "cases": [{"convolution": 0, "state": 4}],
}


class MambaState(NamedTuple):
    """h (B, E, N) and the short convolution's last inputs (B, K − 1, E)."""

    h: Tensor
    recent: Tensor


@registered
class Mamba(StreamingMixer):
    """ξ (B, T, D) → o (B, T, D)."""

    def __init__(
        self, width: int, *, state: int = 16, convolution: int = 4, backend: str = "auto"
    ) -> None:
        """`state` is N, the numbers that each channel remembers."""
        super().__init__()
        check_at_least(Mamba, "state", state, 1)
        check_choice(Mamba, "backend", backend, kernels.BACKENDS)
        self.width = width
        self.inner = 2 * width
        self.state = state
        self.rank = -(-width // 16)
        self.chosen_backend = backend
        self.w_in = nn.Linear(width, 2 * self.inner, bias=False)
        self.convolution = OptionalConvolution(Mamba, self.inner, convolution)
        self.w_x = nn.Linear(self.inner, self.rank + 2 * state, bias=False)
        self.w_delta = nn.Linear(self.rank, self.inner)
        bound = self.rank**-0.5
        nn.init.uniform_(self.w_delta.weight, -bound, bound)
        self.w_delta.bias = undecayed(softplus_inverse(steps_between(0.001, 0.1, self.inner)))
        self.A_log = undecayed(torch.arange(1.0, state + 1).log().repeat(self.inner, 1))
        self.skip = undecayed(torch.ones(self.inner))
        self.w_out = nn.Linear(self.inner, width, bias=False)

    @property
    def backend(self) -> str:
        """What runs the scan."""
        dtype = scan_dtype(self.A_log.dtype)
        device = self.A_log.device.type
        return kernels.running("selective_scan", device, dtype, self.chosen_backend)

    def initial_state(self, batch: int) -> MambaState:
        """h_0 = 0 and no inputs."""
        h = scan_zeros(self, batch, self.inner, self.state)
        return MambaState(h, self.convolution.no_inputs(batch))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, MambaState]:
        """One position: the recurrence as written above."""
        check_precision(self, x_t)
        check_state(self, state, MambaState, x_t.shape[0])
        h, recent = state
        z, inputs, recent = self._inputs(x_t[:, None], recent)
        x, delta, B, C = (part[:, 0].to(h.dtype) for part in inputs)
        decay = torch.exp(-delta.unsqueeze(-1) * self.A_log.exp())  # (B, E, N)
        h = decay * h + (delta * x).unsqueeze(-1) * B.unsqueeze(1)
        y = (h @ C.unsqueeze(-1)).squeeze(-1)
        return self._output(y, x, z[:, 0]), MambaState(h, recent)

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, MambaState]:
        """The same in one scan."""
        check_precision(self, x)
        check_state(self, state, MambaState, x.shape[0])
        h, recent = state
        z, inputs, recent = self._inputs(x, recent)
        x, delta, B, C = (part.to(h.dtype) for part in inputs)
        A = -self.A_log.to(h.dtype).exp()
        y, h = selective_scan(x, delta, A, B, C, h, backend=self.chosen_backend)
        return self._output(y, x, z), MambaState(h, recent)

    def _inputs(self, x: Tensor, recent: Tensor) -> tuple[Tensor, tuple[Tensor, ...], Tensor]:
        """z (B, T, E); x and Δ (B, T, E), B and C (B, T, N); the convolution's next inputs."""
        u, z = self.w_in(x).chunk(2, dim=-1)
        x, recent = self.convolution(u, recent)
        delta, B, C = self.w_x(x).split((self.rank, self.state, self.state), dim=-1)
        return z, (x, F.softplus(self.w_delta(delta)), B, C), recent

    def _output(self, y: Tensor, x: Tensor, z: Tensor) -> Tensor:
        return self.w_out(((y + self.skip * x) * F.silu(z)).to(z.dtype))
