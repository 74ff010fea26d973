"""Long short-term memory: a cell that gates write, keep and read.

    i_t = σ(W_ii x_t + W_hi h_{t−1} + p_i ⊙ c_{t−1} + b_i)    input gate
    f_t = σ(W_if x_t + W_hf h_{t−1} + p_f ⊙ c_{t−1} + b_f)    forget gate
    g_t = tanh(W_ig x_t + W_hg h_{t−1} + b_g)                 candidate
    c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t
    o_t = σ(W_io x_t + W_ho h_{t−1} + p_o ⊙ c_t + b_o)        output gate
    h_t = o_t ⊙ tanh(c_t)

Vectors are (D), each matrix (D, D), stacked as i, f, g, o; the output is h_t. The peepholes p are
off by default. With layer norm the products W_i x, W_h h and the c_t inside tanh are normalised
(Ba et al., 2016). The chrono initialisation draws b_f = log U(1, L − 1), b_i = −b_f for memories
of up to L positions (Tallec & Ollivier, 2018).

Hochreiter & Schmidhuber (1997), with the forget gate and peepholes of Gers & Schmidhuber (2000).
Departure: one bias, so that the forget bias is set once.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab import kernels
from seqlab.kernels.lstm import lstm
from seqlab.mixers.base import CellMixer, State, check_at_least, check_choice, check_state
from seqlab.mixers.initialisation import inputs_, recurrent_
from seqlab.registry import registered

CARD = {
    "groups": ["recurrent", "classic"],
    "streams": True,
    "complexity": "O(T·D²)",
    "state": "2·D numbers",
    "paper": "Hochreiter & Schmidhuber, 1997",
    "recipes": {"lstm": {}, "bilstm": {"bidirectional": True, "pooling": "mean"}},
    "space": {"settings.forget_bias": [0.0, 1.0, 2.0], "settings.gain": [0.5, 1.0]},
    "cases": [
        {"chrono_length": 100},
        {"peepholes": True, "layer_norm": True},
    ],
}


class LSTMState(NamedTuple):
    """The output h and the cell c, each (B, D)."""

    h: Tensor
    c: Tensor


@registered
class LSTM(CellMixer):
    """x (B, T, D) → h (B, T, D)."""

    no_bias: Tensor

    def __init__(
        self,
        width: int,
        *,
        forget_bias: float = 1.0,
        gain: float = 1.0,
        chrono_length: int | None = None,
        peepholes: bool = False,
        layer_norm: bool = False,
        backend: str = "auto",
    ) -> None:
        """`chrono_length` is the longest memory that the gates' biases are drawn for; `gain` scales
        the recurrent matrix at the start.
        """
        super().__init__()
        check_choice(LSTM, "backend", backend, kernels.BACKENDS)
        self.width = width
        self.chosen_backend = backend
        self.w_ih = nn.Parameter(torch.empty(4 * width, width))
        self.w_hh = nn.Parameter(torch.empty(4 * width, width))
        self.bias = nn.Parameter(torch.zeros(4 * width))
        self.register_buffer("no_bias", torch.zeros(4 * width), persistent=False)
        self.peepholes = nn.Parameter(torch.zeros(3, width)) if peepholes else None
        self.layer_norm = layer_norm
        self.norm_x = nn.LayerNorm(4 * width, bias=False) if layer_norm else nn.Identity()
        self.norm_h = nn.LayerNorm(4 * width, bias=False) if layer_norm else nn.Identity()
        self.norm_c = nn.LayerNorm(width) if layer_norm else nn.Identity()
        inputs_(self.w_ih)
        recurrent_(self.w_hh, "orthogonal", gain)
        self._set_gate_biases(forget_bias, chrono_length)

    @torch.no_grad()
    def _set_gate_biases(self, forget_bias: float, chrono_length: int | None) -> None:
        b_i, b_f, _, _ = self.bias.chunk(4)
        if chrono_length is None:
            b_f.fill_(forget_bias)
        else:
            check_at_least(LSTM, "chrono_length", chrono_length, 3)
            b_f.uniform_(1, chrono_length - 1).log_()
            b_i.copy_(-b_f)

    @property
    def backend(self) -> str:
        """What runs `prefill`; peepholes and layer norm have no kernel."""
        if self._plain:
            device, dtype = self.w_hh.device.type, self.w_hh.dtype
            return kernels.running("lstm", device, dtype, self.chosen_backend)
        return "reference"

    @property
    def _plain(self) -> bool:
        return self.peepholes is None and not self.layer_norm

    def initial_state(self, batch: int) -> LSTMState:
        """h_0 = c_0 = 0."""
        return LSTMState(self.zeros(batch, self.width), self.zeros(batch, self.width))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, LSTMState]:
        """One position."""
        check_state(self, state, LSTMState, x_t.shape[0])
        h, c = state
        gates = self.norm_x(F.linear(x_t, self.w_ih)) + self.norm_h(F.linear(h, self.w_hh))
        i, f, g, o = (gates + self.bias).chunk(4, dim=1)
        if self.peepholes is not None:
            i = i + self.peepholes[0] * c
            f = f + self.peepholes[1] * c
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        if self.peepholes is not None:
            o = o + self.peepholes[2] * c
        h = torch.sigmoid(o) * torch.tanh(self.norm_c(c))
        return h, LSTMState(h, c)

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """The kernel, where neither peepholes nor layer norm are on."""
        check_state(self, state, LSTMState, x.shape[0])
        if not self._plain:
            return super().prefill(x, state)
        h, c = state
        weights = (self.w_ih, self.w_hh, self.bias, self.no_bias)
        y, h, c = lstm(x, h, c, *weights, backend=self.chosen_backend)
        return y, LSTMState(h, c)
