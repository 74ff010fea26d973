"""Multiplicative attention: query and memory position fit as well as their product is large.

    e_ts = x_tᵀ W m_s                           score = "general"
    e_ts = x_tᵀ m_s                             score = "dot"
    a_ts = softmax_s e_ts                       over the real memory positions
    c_t  = Σ_s a_ts m_s
    y_t  = tanh(W_c [c_t ; x_t])

x_t and m_s are (D), W is (D, D), W_c (D, 2D).

Luong, Pham & Manning (2015), Effective approaches to attention-based neural machine translation,
arXiv:1508.04025: its global attention. Departure: y_t is not fed back into the recurrence (the
paper's input feeding), so that all positions of a recurrence run in one call.
"""

from __future__ import annotations

from torch import Tensor, nn

from seqlab.mixers.base import check_choice
from seqlab.mixers.reader import Alignment
from seqlab.registry import registered

CARD = {
    "groups": ["attention"],
    "streams": True,
    "complexity": "O(T·S·D)",
    "state": "2·S·D numbers",
    "paper": "Luong et al., 2015",
    "recipes": {},
    "cases": [{"score": "dot"}],
}


@registered
class Luong(Alignment):
    """x (B, T, D), context.memory (B, S, D) → (B, T, D)."""

    def __init__(self, width: int, *, score: str = "general") -> None:
        super().__init__(width)
        check_choice(Luong, "score", score, ("general", "dot"))
        self.key = nn.Linear(width, width, bias=False) if score == "general" else nn.Identity()

    def keys(self, memory: Tensor) -> Tensor:
        """W m_s, or m_s itself."""
        return self.key(memory)

    def scores(self, x: Tensor, keys: Tensor) -> Tensor:
        """e (B, T, S)."""
        return x @ keys.mT
