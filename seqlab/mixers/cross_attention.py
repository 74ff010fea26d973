"""Attention over a memory: a decoder's positions read what an encoder wrote.

    q_t         = W_q x_t + b_q                        heads of width d = D/H
    (k_s, v_s)  = W_kv m_s + b_kv                      once for each memory position s
    a_ts        = softmax_s (q_t · k_s / √d)           over the real memory positions
    y_t         = W_o [Σ_s a_ts v_s for each head] + b_o

x_t and m_s are (D). Positions of x do not see each other, so its state, the projected memory,
never changes.

Vaswani et al. (2017), Attention is all you need.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqlab import kernels
from seqlab.batch import Context
from seqlab.mixers.base import State, check_choice, check_heads, check_state
from seqlab.mixers.multihead import (
    attend,
    attention_backend,
    attention_weights,
    padding_mask,
    to_heads,
)
from seqlab.mixers.reader import MemoryReader
from seqlab.registry import registered

CARD = {
    "groups": ["attention"],
    "streams": True,
    "complexity": "O(T·S·D)",
    "state": "2·S·D numbers",
    "paper": "Vaswani et al., 2017",
    "recipes": {},
    "cases": [{"kv_heads": 2}, {"backend": "reference"}],
}


class CrossAttentionState(NamedTuple):
    """The memory's keys and values (B, G, S, d), and which of them are real (B, 1, 1, S)."""

    keys: Tensor
    values: Tensor
    real: Tensor


@registered
class CrossAttention(MemoryReader):
    """x (B, T, D), context.memory (B, S, D) → (B, T, D)."""

    def __init__(
        self,
        width: int,
        *,
        heads: int = 4,
        kv_heads: int | None = None,
        dropout: float = 0.0,
        backend: str = "auto",
    ) -> None:
        """`dropout` is that of the attention weights."""
        super().__init__()
        kv_heads = heads if kv_heads is None else kv_heads
        check_heads(CrossAttention, width, heads)
        check_heads(CrossAttention, heads, kv_heads, "kv_heads")
        check_choice(CrossAttention, "backend", backend, kernels.BACKENDS)
        self.width = width
        self.head_width = width // heads
        self.dropout = dropout
        self.chosen_backend = backend
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * kv_heads * self.head_width)
        self.out = nn.Linear(width, width)
        for linear in (self.query, self.key_value, self.out):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    @property
    def backend(self) -> str:
        """`torch` is PyTorch's fused attention, `reference` the equation as written above."""
        return attention_backend(self.chosen_backend, self.out.weight)

    def begin(self, batch: int, context: Context) -> CrossAttentionState:
        """The projected memory of the context, (B, S, D)."""
        k, v = self.key_value(self.memory_of(batch, context)).chunk(2, dim=-1)
        real = padding_mask(context.memory_mask)
        if real is None:
            real = torch.ones(batch, 1, 1, k.shape[1], dtype=torch.bool, device=k.device)
        return CrossAttentionState(to_heads(k, self.head_width), to_heads(v, self.head_width), real)

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Every position reads the whole memory."""
        check_state(self, state, CrossAttentionState, x.shape[0])
        k, v, real = state
        o = attend(
            to_heads(self.query(x), self.head_width),
            k,
            v,
            bias=real,
            dropout=self.dropout if self.training else 0.0,
            reference=self.backend == "reference",
        )
        return self.out(o.transpose(1, 2).flatten(2)), state

    def weights(self, x: Tensor, context: Context) -> Tensor:
        """Who reads what: (B, H, T, S), each row sums to 1."""
        k, _, real = self.begin(x.shape[0], context)
        return attention_weights(to_heads(self.query(x), self.head_width), k, real)
