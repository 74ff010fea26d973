"""Attention over a fixed number of mixtures of the keys: linear in the length, but not causal.

    (q_t, k_t, v_t) = W_qkv x_t + b                   heads of width d = D/H
    k̃_r = Σ_t E_rt k_t,   ṽ_r = Σ_t F_rt v_t          R mixtures of all real positions
    a_tr = softmax_r (q_t · k̃_r / √d)
    y_t = W_o [Σ_r a_tr ṽ_r for each head] + b_o

E and F are (R, L) for at most L positions and shared by the heads; shared_kv makes F = E. Every
mixture holds the future, so there is no causal form.

Wang et al. (2020), Linformer: self-attention with linear complexity. Departure: padding is left
out of the mixtures.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers.base import check_at_least, check_input
from seqlab.mixers.multihead import MultiHead, attention_weights
from seqlab.registry import registered

CARD = {
    "groups": ["attention"],
    "streams": False,
    "complexity": "O(T·R·D)",
    "state": "none: cannot stream",
    "paper": "Wang et al., 2020",
    "recipes": {
        "linformer": {
            "settings": {"heads": 4},
            "positions": "sinusoidal",
            "norm": "pre",
            "residual": True,
            "mlp": 4.0,
            "pooling": "mean",
        }
    },
    "space": {"settings.heads": [2, 4, 8], "settings.rank": [32, 64, 128]},
    "cases": [{"max_length": 4096, "rank": 16}, {"shared_kv": True, "backend": "reference"}],
}


@registered
class Linformer(MultiHead):
    """x (B, T, D) → (B, T, D), for T up to `max_length`."""

    def __init__(
        self,
        width: int,
        *,
        heads: int = 4,
        rank: int = 64,
        max_length: int = 512,
        shared_kv: bool = False,
        dropout: float = 0.0,
        backend: str = "auto",
    ) -> None:
        """`rank` is the number of mixtures R; `dropout` is that of the attention weights."""
        super().__init__(width, heads, backend=backend)
        check_at_least(Linformer, "rank", rank, 1)
        check_at_least(Linformer, "max_length", max_length, 1)
        self.max_length = max_length
        self.dropout = dropout
        self.mix_keys = nn.Parameter(torch.empty(rank, max_length))
        self.mix_values = None if shared_kv else nn.Parameter(torch.empty(rank, max_length))
        nn.init.normal_(self.mix_keys, std=rank**-0.5)
        if self.mix_values is not None:
            nn.init.normal_(self.mix_values, std=rank**-0.5)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """Every position attends to the R mixtures."""
        q, k, v = self._mixtures(x, context)
        o = self.attend(q, k, v, dropout=self.dropout if self.training else 0.0)
        return self.join(o)

    def weights(self, x: Tensor, context: Context) -> Tensor:
        """How each position weighs the mixtures: (B, H, T, R), each row sums to 1."""
        q, k, _ = self._mixtures(x, context)
        return attention_weights(q, k)

    def _mixtures(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor, Tensor]:
        check_input(self, x)
        length = x.shape[1]
        if length > self.max_length:
            raise UserError(
                f'mixer "{self.name}": a sequence of {length} positions is longer than '
                f"max_length = {self.max_length}",
                f"set max_length to {length} or more, or cut the sequences",
            )
        q, k, v = self.split(x)
        if context.mask is not None:
            real = context.mask[:, None, :, None]
            k, v = k * real, v * real
        mix_values = self.mix_keys if self.mix_values is None else self.mix_values
        return q, self.mix_keys[:, :length] @ k, mix_values[:, :length] @ v  # k̃ and ṽ (B, H, R, d)
