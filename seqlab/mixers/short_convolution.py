"""A causal convolution over the last few positions, one filter a channel (Fu et al., 2023).

    y_t = SiLU(Σ_{k<K} w_k ⊙ x_{t−K+1+k} + b)

Positions before the first are zero. The recurrent mixers put it before their gates: without it
they are handicapped on recall.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqlab.kernels.short_convolution import short_convolution


class ShortConvolution(nn.Module):
    """(B, T, D) → (B, T, D); its state is the last K − 1 inputs (B, K − 1, D)."""

    def __init__(self, width: int, kernel: int = 4) -> None:
        super().__init__()
        self.width = width
        self.kernel = kernel
        bound = kernel**-0.5
        self.weight = nn.Parameter(torch.empty(kernel, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(width))

    def initial_state(self, batch: int) -> Tensor:
        """No inputs yet: zeros (B, K − 1, D)."""
        return self.weight.new_zeros(batch, self.kernel - 1, self.width)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, T, D) after the inputs in `state`; returns y (B, T, D) and the next state."""
        seen = torch.cat((state, x), dim=1)  # (B, K − 1 + T, D)
        y = short_convolution(seen, self.weight, self.bias)
        return y.to(x.dtype), seen[:, x.shape[1] :]
