"""The LSTM with exponential gates, a normaliser and heads that do not mix.

    u_t = SiLU(conv(x)_t)
    (ĩ_t, f̃_t) = W_if u_t + R_if h_{t−1} + b_if        R reads each head's own part of h only
    (z̃_t, õ_t) = W_zo x_t + R_zo h_{t−1} + b_zo
    m_t = max(log σ(f̃_t) + m_{t−1}, ĩ_t)               keeps the exponentials below 1
    c_t = e^{log σ(f̃_t) + m_{t−1} − m_t} c_{t−1} + e^{ĩ_t − m_t} tanh(z̃_t)
    n_t = e^{log σ(f̃_t) + m_{t−1} − m_t} n_{t−1} + e^{ĩ_t − m_t}
    h_t = σ(õ_t) ⊙ c_t / n_t
    y_t = LayerNorm(h_t) of each head

All vectors are (D). Since R reads h, positions run one after the other.

Beck et al. (2024), xLSTM, arXiv:2405.04517. Departures: W is dense, where the authors' code has one
block a head; the forget biases begin on a straight line within each head, where it bends them by
the depth of the block.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqlab import kernels
from seqlab.kernels.slstm import SLSTMState, slstm
from seqlab.mixers.base import CellMixer, State, check_choice, check_heads, check_state
from seqlab.mixers.chunks import in_heads
from seqlab.mixers.scan import OptionalConvolution, check_precision, scan_dtype, scan_zeros
from seqlab.registry import registered

CARD = {
    "groups": ["recurrent", "modern"],
    "streams": True,
    "complexity": "O(T·D²)",
    "state": "4·D numbers",
    "paper": "Beck et al., 2024",
    "recipes": {
        "slstm": {
            "depth": 2,
            "residual": True,
            "norm": "pre",
            "mlp": 1.5,
            "pooling": "mean",
        }
    },
    "space": {"settings.heads": [2, 4, 8], "settings.convolution": [2, 4, 8]},
    "cases": [{"convolution": 0, "heads": 2}],
}


class SLSTMMixerState(NamedTuple):
    """The cell's state and the short convolution's last inputs (B, K − 1, D)."""

    cell: SLSTMState
    recent: Tensor


@registered
class SLSTM(CellMixer):
    """x (B, T, D) → y (B, T, D)."""

    def __init__(
        self, width: int, *, heads: int = 4, convolution: int = 4, backend: str = "auto"
    ) -> None:
        super().__init__()
        check_heads(SLSTM, width, heads)
        check_choice(SLSTM, "backend", backend, kernels.BACKENDS)
        self.width = width
        self.chosen_backend = backend
        d = width // heads
        self.convolution = OptionalConvolution(SLSTM, width, convolution)
        self.w_if = nn.Linear(width, 2 * width)
        self.w_zo = nn.Linear(width, 2 * width)
        self.w_hh = nn.Parameter(torch.zeros(4, heads, d, d))
        self.norm = nn.GroupNorm(heads, width)
        with torch.no_grad():  # each head spans units that forget at once and units that hardly do
            self.w_if.bias[:width].zero_()
            self.w_if.bias[width:] = torch.linspace(5.0, -7.0, d).repeat(heads)
            self.w_zo.bias.zero_()

    @property
    def backend(self) -> str:
        """What runs `prefill`."""
        dtype = scan_dtype(self.w_hh.dtype)
        return kernels.running("slstm", self.w_hh.device.type, dtype, self.chosen_backend)

    def initial_state(self, batch: int) -> SLSTMMixerState:
        """An empty cell and no inputs."""
        cell = SLSTMState.empty(scan_zeros(self, batch, self.width))
        return SLSTMMixerState(cell, self.convolution.no_inputs(batch))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, SLSTMMixerState]:
        """One position."""
        y, state = self.prefill(x_t[:, None], state)
        return y[:, 0], state

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, SLSTMMixerState]:
        """The kernel, over all positions."""
        check_precision(self, x)
        check_state(self, state, SLSTMMixerState, x.shape[0])
        cell, recent = state
        u, recent = self.convolution(x, recent)
        gates = in_heads(torch.cat((self.w_if(u), self.w_zo(x)), dim=-1), 4)
        weight = self.w_hh.to(cell.h.dtype)
        h, cell = slstm(gates.to(cell.h.dtype), cell, weight, backend=self.chosen_backend)
        y = self.norm(h.flatten(0, 1).to(x.dtype)).view_as(x)
        return y, SLSTMMixerState(cell, recent)
