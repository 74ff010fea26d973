"""Two streaming mixers, one in each direction, joined by a projection (Schuster & Paliwal, 1997).

    y_t = W [ →h_t ; ←h_t ]

The second reads each sequence from its own last real position to its first. Nothing that reads
the future can stream, so the pair is a plain mixer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.mixers.base import Mixer, StreamingMixer


class Bidirectional(Mixer):
    """Wraps any streaming mixer; (B, T, D) → (B, T, D)."""

    name = "bidirectional"

    def __init__(self, forwards: StreamingMixer, backwards: StreamingMixer) -> None:
        super().__init__()
        self.width = forwards.width
        self.forwards = forwards
        self.backwards = backwards
        self.join = nn.Linear(2 * self.width, self.width, bias=False)

    @property
    def backend(self) -> str:
        """What runs each direction."""
        return self.forwards.backend

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """Both directions over all positions."""
        ahead = self.forwards(x, context)
        behind = reverse(self.backwards(reverse(x, context.mask), context), context.mask)
        return self.join(torch.cat((ahead, behind), dim=-1))


def reverse(x: Tensor, mask: Tensor | None) -> Tensor:
    """Each sequence back to front; padding stays on the right. x (B, T, D), mask (B, T)."""
    if mask is None:
        return x.flip(1)
    T = x.shape[1]
    lengths = mask.sum(dim=1, keepdim=True)  # (B, 1)
    positions = torch.arange(T, device=x.device).expand(x.shape[0], T)
    source = torch.where(positions < lengths, lengths - 1 - positions, positions)
    return x.gather(1, source.unsqueeze(-1).expand_as(x))
