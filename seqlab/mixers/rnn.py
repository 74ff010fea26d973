"""The vanilla recurrent network: one state, overwritten at every position.

    h_t = φ(W_ih x_t + W_hh h_{t−1} + b)

x_t, h_t and b are (D), both matrices (D, D); the output is h_t.

Elman (1990), Finding structure in time. Departures: one bias, since two of them only add up; φ
may be ReLU, leaky ReLU or ELU; W_hh begins as a rotation unless another scheme is named.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab import kernels
from seqlab.kernels.rnn import ACTIVATIONS, rnn
from seqlab.mixers.base import CellMixer, State, check_choice, check_state
from seqlab.mixers.initialisation import SCHEMES, default_gain, inputs_, recurrent_
from seqlab.registry import registered

CARD = {
    "groups": ["recurrent", "classic"],
    "streams": True,
    "complexity": "O(T·D²)",
    "state": "D numbers",
    "paper": "Elman, 1990",
    "recipes": {"rnn": {}, "birnn": {"bidirectional": True, "pooling": "mean"}},
    "space": {
        "settings.activation": ["relu", "tanh"],
        "settings.initialisation": ["identity", "orthogonal", "xavier"],
    },
    "cases": [
        {"initialisation": "he"},
        {"activation": "relu"},
        {"activation": "relu", "initialisation": "identity"},
        {"activation": "leaky_relu", "initialisation": "he"},
        {"activation": "elu", "initialisation": "xavier"},
    ],
}


class RNNState(NamedTuple):
    """The hidden state h (B, D)."""

    h: Tensor


@registered
class RNN(CellMixer):
    """x (B, T, D) → h (B, T, D)."""

    no_bias: Tensor

    def __init__(
        self,
        width: int,
        *,
        activation: str = "tanh",
        initialisation: str = "orthogonal",
        gain: float | None = None,
        backend: str = "auto",
    ) -> None:
        """`gain` multiplies the recurrent matrix; None chooses one under which h cannot explode."""
        super().__init__()
        check_choice(RNN, "activation", activation, ACTIVATIONS)
        check_choice(RNN, "initialisation", initialisation, SCHEMES)
        check_choice(RNN, "backend", backend, kernels.BACKENDS)
        self.width = width
        self.activation = activation
        self.chosen_backend = backend
        self.w_ih = nn.Parameter(torch.empty(width, width))
        self.w_hh = nn.Parameter(torch.empty(width, width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("no_bias", torch.zeros(width), persistent=False)
        inputs_(self.w_ih)
        if gain is None:
            gain = default_gain(initialisation, activation)
        recurrent_(self.w_hh, initialisation, gain)

    @property
    def backend(self) -> str:
        """What runs `prefill`."""
        device, dtype = self.w_hh.device.type, self.w_hh.dtype
        return kernels.running(f"rnn_{self.activation}", device, dtype, self.chosen_backend)

    def initial_state(self, batch: int) -> RNNState:
        """h_0 = 0."""
        return RNNState(self.zeros(batch, self.width))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, RNNState]:
        """One position."""
        check_state(self, state, RNNState, x_t.shape[0])
        (h,) = state
        phi = ACTIVATIONS[self.activation]
        h = phi(F.linear(x_t, self.w_ih, self.bias) + F.linear(h, self.w_hh))
        return h, RNNState(h)

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, RNNState]:
        """The kernel: the same recurrence with all input products in one."""
        check_state(self, state, RNNState, x.shape[0])
        y, h = rnn(
            x,
            state[0],
            self.w_ih,
            self.w_hh,
            self.bias,
            self.no_bias,
            activation=self.activation,
            backend=self.chosen_backend,
        )
        return y, RNNState(h)
