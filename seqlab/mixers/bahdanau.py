"""Additive attention: a small network scores how well a query and a memory position fit.

    e_ts = vᵀ tanh(W_x x_t + W_m m_s + b)
    a_ts = softmax_s e_ts                       over the real memory positions
    c_t  = Σ_s a_ts m_s
    y_t  = tanh(W_c [c_t ; x_t])

x_t, m_s and v are (D), W_x and W_m (D, D), W_c (D, 2D).

Bahdanau, Cho & Bengio (2015), Neural machine translation by jointly learning to align and
translate, arXiv:1409.0473. Departure: the query is the decoder's state of this step, not of the one
before, and c_t does not enter its recurrence, so that all positions of a recurrence run in one
call; what the next block reads holds c_t (as in Wu et al., 2016).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqlab.mixers.reader import Alignment
from seqlab.registry import registered

CARD = {
    "groups": ["attention"],
    "streams": True,
    "complexity": "O(T·S·D)",
    "state": "2·S·D numbers",
    "paper": "Bahdanau et al., 2015",
    "recipes": {},
}


@registered
class Bahdanau(Alignment):
    """x (B, T, D), context.memory (B, S, D) → (B, T, D)."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width)
        self.score = nn.Linear(width, 1, bias=False)

    def keys(self, memory: Tensor) -> Tensor:
        """W_m m_s + b."""
        return self.key(memory)

    def scores(self, x: Tensor, keys: Tensor) -> Tensor:
        """e (B, T, S)."""
        both = self.query(x)[:, :, None] + keys[:, None]  # (B, T, S, D)
        return self.score(torch.tanh(both)).squeeze(-1)
