"""A temporal convolutional network: dilated causal convolutions in place of a recurrence.

    at level l = 0 … L − 1, with dilation 2^l, from x⁰ = x:
    a_t = ReLU(Σ_{k<K} A_k x^l_{t − k·2^l} + b)
    c_t = ReLU(Σ_{k<K} C_k a_{t − k·2^l} + b′)
    x^{l+1}_t = ReLU(x^l_t + c_t)

All vectors are (D); the output is x^L, which sees 1 + 2(K − 1)(2^L − 1) positions. The state is
each convolution's last inputs.

Bai, Kolter & Koltun (2018), An empirical evaluation of generic convolutional and recurrent
networks, arXiv:1803.01271. Departures: no weight normalisation, and the model drops out, not the
layer.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab.mixers.base import State, StreamingMixer, check_at_least, check_state
from seqlab.registry import registered

CARD = {
    "groups": ["control"],
    "streams": True,
    "complexity": "O(T·K·L·D²)",
    "state": "2·(K − 1)·(2^L − 1)·D numbers",
    "paper": "Bai et al., 2018",
    "recipes": {"tcn": {"pooling": "mean"}},
    "space": {"settings.kernel": [2, 3, 4], "settings.levels": [3, 5, 6]},
    "cases": [{"kernel": 2, "levels": 3}],
}


class TCNState(NamedTuple):
    """The last inputs of each convolution, (B, D, (K − 1)·2^l), two for each level."""

    recent: tuple[Tensor, ...]


@registered
class TCN(StreamingMixer):
    """x (B, T, D) → x^L (B, T, D)."""

    def __init__(self, width: int, *, kernel: int = 3, levels: int = 5) -> None:
        """`levels` is L, `kernel` is K."""
        super().__init__()
        check_at_least(TCN, "kernel", kernel, 2)
        check_at_least(TCN, "levels", levels, 1)
        self.width = width
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=2**level)
            for level in range(levels)
            for _ in range(2)
        )
        for parameter in self.parameters():
            nn.init.normal_(parameter, 0.0, 0.01)  # as in the paper: each level begins as a ReLU

    def initial_state(self, batch: int) -> TCNState:
        """No inputs yet: zeros."""
        return TCNState(
            tuple(
                self.zeros(batch, self.width, (c.kernel_size[0] - 1) * c.dilation[0])
                for c in self._layers()
            )
        )

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, TCNState]:
        """One position: the same convolutions over the inputs that they see."""
        y, state = self.prefill(x_t[:, None], state)
        return y[:, 0], state

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, TCNState]:
        """All positions, level by level."""
        check_state(self, state, TCNState, x.shape[0])
        layers = self._layers()
        x, recent = x.mT, []  # (B, D, T)
        for level in range(0, len(layers), 2):
            y = x
            for layer, inputs in zip(layers[level : level + 2], state[0][level:], strict=False):
                seen = torch.cat((inputs, y), dim=-1)
                recent.append(seen[..., y.shape[-1] :])
                y = F.relu(layer(seen))
            x = F.relu(x + y)
        return x.mT, TCNState(tuple(recent))

    def _layers(self) -> list[nn.Conv1d]:
        return [layer for layer in self.convolutions if isinstance(layer, nn.Conv1d)]
