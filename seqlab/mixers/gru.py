"""The gated recurrent unit: one state, and gates that choose what to forget and what to take.

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t−1} + b_hr)           reset gate
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t−1} + b_hz)           update gate
    n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t−1} + b_hn))    reset after (cuDNN, PyTorch)
    n_t = tanh(W_in x_t + b_in + W_hn (r_t ⊙ h_{t−1}) + b_hn)    reset before (the paper)
    h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1}

Vectors are (D), each matrix (D, D), stacked as r, z, n; the output is h_t.

Cho et al. (2014), Learning phrase representations using RNN encoder–decoder. Departure: resetting
after the product is the default, since all recurrent products are then one.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab import kernels
from seqlab.kernels.gru import gru
from seqlab.mixers.base import CellMixer, State, check_choice, check_state
from seqlab.mixers.initialisation import inputs_, recurrent_
from seqlab.registry import registered

CARD = {
    "groups": ["recurrent", "classic"],
    "streams": True,
    "complexity": "O(T·D²)",
    "state": "D numbers",
    "paper": "Cho et al., 2014",
    "recipes": {"gru": {}, "bigru": {"bidirectional": True, "pooling": "mean"}},
    "space": {"settings.update_bias": [-1.0, 0.0, 1.0], "settings.gain": [0.5, 1.0]},
    "cases": [{"reset": "before"}],
}


class GRUState(NamedTuple):
    """The hidden state h (B, D)."""

    h: Tensor


@registered
class GRU(CellMixer):
    """x (B, T, D) → h (B, T, D)."""

    def __init__(
        self,
        width: int,
        *,
        reset: str = "after",
        update_bias: float = 0.0,
        gain: float = 1.0,
        backend: str = "auto",
    ) -> None:
        """`update_bias` is the first b_z: above 0 the state is kept longer. `gain` scales the
        recurrent matrix at the start.
        """
        super().__init__()
        check_choice(GRU, "reset", reset, ("after", "before"))
        check_choice(GRU, "backend", backend, kernels.BACKENDS)
        self.width = width
        self.reset = reset
        self.chosen_backend = backend
        self.w_ih = nn.Parameter(torch.empty(3 * width, width))
        self.w_hh = nn.Parameter(torch.empty(3 * width, width))
        self.b_ih = nn.Parameter(torch.zeros(3 * width))
        self.b_hh = nn.Parameter(torch.zeros(3 * width))
        inputs_(self.w_ih)
        recurrent_(self.w_hh, "orthogonal", gain)
        with torch.no_grad():
            self.b_ih.chunk(3)[1].fill_(update_bias)

    @property
    def backend(self) -> str:
        """What runs `prefill`; resetting before the product has no kernel."""
        if self.reset == "before":
            return "reference"
        return kernels.running("gru", self.w_hh.device.type, self.w_hh.dtype, self.chosen_backend)

    def initial_state(self, batch: int) -> GRUState:
        """h_0 = 0."""
        return GRUState(self.zeros(batch, self.width))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, GRUState]:
        """One position."""
        check_state(self, state, GRUState, x_t.shape[0])
        (h,) = state
        x_r, x_z, x_n = F.linear(x_t, self.w_ih, self.b_ih).chunk(3, dim=1)
        if self.reset == "after":
            h_r, h_z, h_n = F.linear(h, self.w_hh, self.b_hh).chunk(3, dim=1)
            r = torch.sigmoid(x_r + h_r)
            n = torch.tanh(x_n + r * h_n)
        else:
            w_gates, w_n = torch.split(self.w_hh, [2 * self.width, self.width])
            b_gates, b_n = torch.split(self.b_hh, [2 * self.width, self.width])
            h_r, h_z = F.linear(h, w_gates, b_gates).chunk(2, dim=1)
            r = torch.sigmoid(x_r + h_r)
            n = torch.tanh(x_n + F.linear(r * h, w_n, b_n))
        z = torch.sigmoid(x_z + h_z)
        h = (1 - z) * n + z * h
        return h, GRUState(h)

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """The kernel, where the reset gate comes after the product."""
        check_state(self, state, GRUState, x.shape[0])
        if self.reset == "before":
            return super().prefill(x, state)
        y, h = gru(
            x, state[0], self.w_ih, self.w_hh, self.b_ih, self.b_hh, backend=self.chosen_backend
        )
        return y, GRUState(h)
