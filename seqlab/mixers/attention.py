"""Multi-head attention, causal with a cache of keys and values, or over all positions.

    (q_t, k_t, v_t) = W_qkv x_t + b                       heads of width d = D/H
    q_t, k_t        = R_t norm(q_t), R_t norm(k_t)        QK-norm and rotary positions, if set
    a_ts            = softmax_s (q_t · k_s / √d + b_{t−s})    ALiBi or relative bias, if set
    y_t             = W_o [Σ_s a_ts v_s for each head] + b_o

s runs over all real positions, or over s ≤ t in the causal form. With kv_heads < heads, several
heads of queries share keys and values (Shazeer, 2019; Ainslie et al., 2023).

Vaswani et al. (2017), Attention is all you need.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers import positions as places
from seqlab.mixers.base import (
    Mixer,
    State,
    StreamingMixer,
    check_choice,
    check_input,
    check_settings,
    check_state,
    setting_defaults,
)
from seqlab.mixers.multihead import (
    MultiHead,
    attention_weights,
    causal_mask,
    joined,
    padding_mask,
)
from seqlab.registry import registered

CARD = {
    "groups": ["attention", "classic"],
    "streams": True,
    "complexity": "O(T²·D)",
    "state": "2·T·D numbers",
    "paper": "Vaswani et al., 2017",
    "recipes": {
        "transformer": {
            "settings": {"heads": 4},
            "positions": "sinusoidal",
            "norm": "pre",
            "residual": True,
            "mlp": 4.0,
            "pooling": "mean",
        }
    },
    "space": {"settings.heads": [2, 4, 8], "positions": ["alibi", "sinusoidal", "rotary"]},
    "cases": [
        {"positions": "rotary", "qk_norm": True},
        {"positions": "alibi", "heads": 2},
        {"positions": "relative", "kv_heads": 2},
        {"positions": "rotary", "kv_heads": 1, "backend": "reference"},
    ],
}


class AttentionState(NamedTuple):
    """The cache: keys and values of every position so far, each (B, G, S, d)."""

    keys: Tensor
    values: Tensor


class SelfAttention(MultiHead):
    """Projections, positions and norms that both forms share; abstract."""

    def __init__(
        self,
        width: int,
        *,
        heads: int = 4,
        kv_heads: int | None = None,
        positions: str = "none",
        qk_norm: bool = False,
        dropout: float = 0.0,
        backend: str = "auto",
    ) -> None:
        """`dropout` is that of the attention weights."""
        super().__init__(width, heads, kv_heads, backend)
        check_choice(type(self), "positions", positions, places.KINDS)
        if positions == "rotary" and self.head_width % 2:
            raise UserError(
                f'mixer "{self.name}": positions = "rotary" needs heads of an even width, '
                f"but width = {width} over heads = {heads} gives {self.head_width}"
            )
        self.rotary = positions == "rotary"
        biases = {"alibi": places.Alibi, "relative": places.RelativeBias}
        self.position_bias = biases[positions](heads) if positions in biases else None
        self.q_norm = nn.RMSNorm(self.head_width) if qk_norm else nn.Identity()
        self.k_norm = nn.RMSNorm(self.head_width) if qk_norm else nn.Identity()
        self.dropout = dropout

    @classmethod
    def build(cls, width: int, *, causal: bool, **settings: Any) -> Mixer:
        """The causal form with a cache, or the one that sees all positions."""
        check_settings(cls, settings)
        return (CausalAttention if causal else Attention)(width, **settings)

    @classmethod
    def width_multiple(cls, **settings: Any) -> int:
        """The heads, twice as many for rotary positions."""
        chosen = {**setting_defaults(cls), **settings}
        return int(chosen["heads"]) * (2 if chosen["positions"] == "rotary" else 1)

    def project(self, x: Tensor, offset: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of x (B, T, D), whose first position is `offset`."""
        q, k, v = self.split(x)
        q, k = self.q_norm(q), self.k_norm(k)
        if self.rotary:
            q, k = places.rotate(q, offset), places.rotate(k, offset)
        return q, k, v

    def bias(self, queries: int, keys: int, dtype: torch.dtype) -> Tensor | None:
        """What positions add to the scores, (H, T, S)."""
        if self.position_bias is None:
            return None
        distance = places.distances(queries, keys, self.out.weight.device)
        return self.position_bias(distance).to(dtype)

    @abstractmethod
    def visible(self, length: int, context: Context) -> Tensor | None:
        """True where a query sees a key, broadcasting to (B, 1, T, T); None: everywhere."""

    def weights(self, x: Tensor, context: Context) -> Tensor:
        """Who looks at whom: (B, H, T, T), each row sums to 1."""
        T = x.shape[1]
        q, k, _ = self.project(x)
        return attention_weights(q, k, joined(self.bias(T, T, q.dtype), self.visible(T, context)))

    @property
    def active_dropout(self) -> float:
        """The dropout of the weights, while training."""
        return self.dropout if self.training else 0.0


@registered
class Attention(SelfAttention):
    """Over all positions: x (B, T, D) → (B, T, D)."""

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """Every real position sees every real position."""
        check_input(self, x)
        T = x.shape[1]
        q, k, v = self.project(x)
        bias = joined(self.bias(T, T, q.dtype), self.visible(T, context))
        return self.join(self.attend(q, k, v, bias=bias, dropout=self.active_dropout))

    def visible(self, length: int, context: Context) -> Tensor | None:
        """All but the padding."""
        return padding_mask(context.mask)


class CausalAttention(SelfAttention, StreamingMixer):
    """Over the past: x (B, T, D) → (B, T, D)."""

    name = Attention.name

    def initial_state(self, batch: int) -> AttentionState:
        """An empty cache."""
        shape = (batch, self.kv_heads, 0, self.head_width)
        return AttentionState(self.zeros(*shape), self.zeros(*shape))

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, AttentionState]:
        """Every position sees the cache and the positions up to its own."""
        check_state(self, state, AttentionState, x.shape[0])
        before = state[0].shape[2]
        q, k, v = self.project(x, before)
        if before:
            k, v = torch.cat((state[0], k), dim=2), torch.cat((state[1], v), dim=2)
        bias = self.bias(x.shape[1], k.shape[2], q.dtype)
        y = self.attend(q, k, v, bias=bias, causal=True, dropout=self.active_dropout)
        return self.join(y), AttentionState(k, v)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, AttentionState]:
        """One position: its query over the cache and itself."""
        y, state = self.prefill(x_t[:, None], state)
        return y[:, 0], state

    def visible(self, length: int, context: Context) -> Tensor:
        """The past and the position itself."""
        return causal_mask(length, length, self.out.weight.device)
