"""What all attention shares: one product for queries, keys and values, and two ways to attend.

    a_ts = softmax_s (q_t · k_s / √d + bias_ts),   o_t = Σ_s a_ts v_s

q is (B, H, T, d); k and v are (B, G, S, d) with G dividing H, each shared by H/G heads of queries.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab import kernels
from seqlab.kernels.dropout import dropout as drop
from seqlab.mixers.base import Mixer, check_choice, check_heads

SHORT_KEYS = 1024  # up to which all scores at once may be worth their memory


class MultiHead(Mixer):
    """The projections into heads and back; abstract."""

    def __init__(
        self, width: int, heads: int, kv_heads: int | None = None, backend: str = "auto"
    ) -> None:
        super().__init__()
        check_heads(type(self), width, heads)
        kv_heads = heads if kv_heads is None else kv_heads
        check_heads(type(self), heads, kv_heads, "kv_heads")
        check_choice(type(self), "backend", backend, kernels.BACKENDS)
        self.width = width
        self.heads = heads
        self.kv_heads = kv_heads
        self.head_width = width // heads
        self.chosen_backend = backend
        self.qkv = nn.Linear(width, (heads + 2 * kv_heads) * self.head_width)
        self.out = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.qkv.weight)
        nn.init.zeros_(self.qkv.bias)
        nn.init.xavier_uniform_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    @property
    def backend(self) -> str:
        """`torch` is PyTorch's fused attention, `reference` the equation as written above."""
        return attention_backend(self.chosen_backend, self.out.weight)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, T, D) → q (B, H, T, d), k and v (B, G, T, d), as views of one product."""
        d = self.head_width
        q, k, v = torch.split(
            self.qkv(x), [self.heads * d, self.kv_heads * d, self.kv_heads * d], dim=-1
        )
        return to_heads(q, d), to_heads(k, d), to_heads(v, d)

    def join(self, o: Tensor) -> Tensor:
        """o (B, H, T, d) → (B, T, D)."""
        return self.out(o.transpose(1, 2).flatten(2))

    def attend(self, q: Tensor, k: Tensor, v: Tensor, **options: Any) -> Tensor:
        """`attend` by this mixer's backend."""
        return attend(q, k, v, reference=self.backend == "reference", **options)


def attention_backend(chosen: str, weight: Tensor) -> str:
    """What runs attention: `reference` if it was chosen, here or for the process, else `torch`."""
    if chosen == "auto":  # attention has no kernel here: ask as one that has, for the preference
        chosen = kernels.running("gru", weight.device.type, weight.dtype)
    return "reference" if chosen == "reference" else "torch"


def to_heads(x: Tensor, head_width: int) -> Tensor:
    """(B, T, H·d) → (B, H, T, d), a view."""
    return x.view(*x.shape[:2], -1, head_width).transpose(1, 2)


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    bias: Tensor | None = None,
    causal: bool = False,
    dropout: float = 0.0,
    reference: bool = False,
) -> Tensor:
    """o (B, H, T, d) from q (B, H, T, d), k and v (B, G, S, d).

    bias    added to the scores, or boolean and true where a query sees a key; it broadcasts to
            (B, H, T, S), and leaves each query at least one key
    causal  query t of T sees keys up to S − T + t
    """
    T, S = q.shape[2], k.shape[2]
    if causal and T == 1:
        causal = False  # the one query stands at the last key and sees all
    products = reference or _products_win(q, k) or (dropout > 0 and q.is_cpu)
    if causal and (products or bias is not None or T != S):
        bias = joined(bias, causal_mask(T, S, q.device))
        causal = False
    if products:
        weights = attention_weights(q, k, bias)
        return drop(weights, dropout) @ repeated(v, q.shape[1])
    k, v = repeated(k, q.shape[1]), repeated(v, q.shape[1])
    return F.scaled_dot_product_attention(q, k, v, bias, dropout_p=dropout, is_causal=causal)


def _products_win(q: Tensor, k: Tensor) -> bool:
    """Whether plain products are faster than PyTorch's fused attention: short, bfloat16, on a CPU.

    There the fused one spends its time on converting block after block.
    """
    return q.is_cpu and q.dtype == torch.bfloat16 and k.shape[2] <= SHORT_KEYS


def attention_weights(q: Tensor, k: Tensor, bias: Tensor | None = None) -> Tensor:
    """softmax (q kᵀ / √d + bias), (B, H, T, S)."""
    scores = (q / q.shape[-1] ** 0.5) @ repeated(k, q.shape[1]).mT
    if bias is None:
        return scores.softmax(dim=-1)
    if bias.dtype == torch.bool:
        return scores.masked_fill(~bias, -torch.inf).softmax(dim=-1)
    return (scores + bias).softmax(dim=-1)


def repeated(x: Tensor, heads: int) -> Tensor:
    """Keys or values (B, G, S, d) → (B, H, S, d), each repeated for the queries that share it."""
    groups = x.shape[1]
    return x if groups == heads else x.repeat_interleave(heads // groups, dim=1)


def causal_mask(queries: int, keys: int, device: torch.device) -> Tensor:
    """True where a query sees a key (T, S); the last query stands at the last key."""
    seen = torch.ones(queries, keys, dtype=torch.bool, device=device)
    return seen.tril(keys - queries)


def padding_mask(mask: Tensor | None) -> Tensor | None:
    """A mask over positions (B, S) → over keys (B, 1, 1, S).

    A sequence that is all padding sees all of it: its outputs are never read, and without any key
    a softmax has no value.
    """
    if mask is None:
        return None
    return (mask | ~mask.any(dim=1, keepdim=True))[:, None, None, :]


def joined(bias: Tensor | None, mask: Tensor | None) -> Tensor | None:
    """One bias out of another (or a mask) and a boolean mask."""
    if bias is None or mask is None:
        return mask if bias is None else bias
    if bias.dtype == torch.bool:
        return bias & mask
    return bias.masked_fill(~mask, -torch.inf)
