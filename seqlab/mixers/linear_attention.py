"""Attention with a feature map in place of the softmax: a matrix of memory, linear in the length.

    (q_t, k_t, v_t) = W_qkv x_t + b,   φ(u) = elu(u) + 1       heads of width d = D/H
    γ_t = σ(w · x_t + b_γ)^{1/16} for each head if gated, else 1
    S_t = γ_t S_{t−1} + φ(k_t) v_tᵀ,   z_t = γ_t z_{t−1} + φ(k_t)      S (d, d), z (d)
    o_t = S_tᵀ φ(q_t) / (z_t · φ(q_t) + ε)                     with the normaliser
    o_t = RMSNorm(S_tᵀ φ(q_t) / √d)                            without
    y_t = W_o [o_t of each head] + b_o

In the code z is the last column of S, which a v with a 1 at its end writes. Over all positions S
is the sum over the real ones. In parallel the causal form runs in chunks of C positions: inside a
chunk (φ(q) φ(k)ᵀ ⊙ decay) v, between chunks S. The gate and the short convolution read in one
direction: with either, the causal form serves even where the future may be seen.

Katharopoulos et al. (2020), Transformers are RNNs; the gate is that of Yang et al. (2024), Gated
linear attention. Departures: the gate is one number a head, which keeps chunks exact in float32;
without the normaliser each head's output is normalised, since S grows with T.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab.batch import Context
from seqlab.mixers.base import (
    Mixer,
    State,
    StreamingMixer,
    check_input,
    check_settings,
    check_state,
)
from seqlab.mixers.multihead import MultiHead, to_heads
from seqlab.mixers.scan import OptionalConvolution, check_precision, scan_zeros
from seqlab.registry import registered

CARD = {
    "groups": ["attention", "modern"],
    "streams": True,
    "complexity": "O(T·D²/H)",
    "state": "D²/H + D numbers",
    "paper": "Katharopoulos et al., 2020",
    "recipes": {
        "linear-attention": {
            "settings": {"heads": 4},
            "positions": "sinusoidal",
            "norm": "pre",
            "residual": True,
            "mlp": 4.0,
            "pooling": "mean",
        }
    },
    "space": {"settings.heads": [2, 4, 8], "settings.convolution": [0, 2, 4]},
    "cases": [
        {"normaliser": False},
        {"gated": True, "convolution": 4},
        {"gated": True, "normaliser": False, "heads": 2},
    ],
}

CHUNK_POSITIONS = 64
EPSILON = 1e-6
GATE_ROOT = 16  # σ(·)^{1/16}: gates begin near 1


class LinearAttentionState(NamedTuple):
    """S with z (B, H, d, d + 1) or alone (B, H, d, d); the convolution's inputs (B, K − 1, D)."""

    S: Tensor
    recent: Tensor


class FeatureAttention(MultiHead):
    """Projections and read-out that both forms share; abstract."""

    def __init__(
        self,
        width: int,
        *,
        heads: int = 4,
        normaliser: bool = True,
        gated: bool = False,
        convolution: int = 0,
    ) -> None:
        """`convolution` is the kernel of a causal short convolution before the projections."""
        super().__init__(width, heads)
        self.gate = nn.Linear(width, heads) if gated else None
        self.convolution = OptionalConvolution(type(self), width, convolution)
        self.norm = None if normaliser else nn.RMSNorm(self.head_width)

    @classmethod
    def build(cls, width: int, *, causal: bool, **settings: Any) -> Mixer:
        """The recurrent form, or the one that sums over all positions."""
        check_settings(cls, settings)
        one_way = causal or settings.get("gated") or settings.get("convolution")
        return (CausalLinearAttention if one_way else LinearAttention)(width, **settings)

    @property
    def backend(self) -> str:
        """Matrix products in PyTorch."""
        return "torch"

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, T, D) → φ(q), φ(k) (B, H, T, d) and v (B, H, T, d), or [v, 1] for z."""
        d = self.head_width
        qk, v = torch.split(self.qkv(x), [2 * self.width, self.width], dim=-1)
        q, k = (F.elu(qk) + 1).chunk(2, dim=-1)  # before the split into heads: memory in order
        v = to_heads(v, d)
        return to_heads(q, d), to_heads(k, d), v if self.norm else F.pad(v, (0, 1), value=1.0)

    def read(self, product: Tensor) -> Tensor:
        """Sᵀφ(q), with z·φ(q) last (B, H, T, d + 1), or without (B, H, T, d) → y (B, T, D)."""
        if self.norm is not None:
            return self.join(self.norm(product / self.head_width**0.5))
        return self.join(product[..., :-1] / (product[..., -1:] + EPSILON))


@registered
class LinearAttention(FeatureAttention):
    """Over all positions: x (B, T, D) → (B, T, D)."""

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """One sum over the real positions, read by all."""
        check_input(self, x)
        check_precision(self, x)
        q, k, v = self.features(x)
        if context.mask is not None:
            k = k * context.mask[:, None, :, None]
        return self.read(q @ (k.mT @ v))


class CausalLinearAttention(FeatureAttention, StreamingMixer):
    """Over the past: x (B, T, D) → (B, T, D)."""

    name = LinearAttention.name

    def initial_state(self, batch: int) -> LinearAttentionState:
        """Nothing remembered: zeros."""
        d = self.head_width
        columns = d if self.norm else d + 1
        return LinearAttentionState(
            scan_zeros(self, batch, self.heads, d, columns), self.convolution.no_inputs(batch)
        )

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, LinearAttentionState]:
        """One position: the recurrence as written above."""
        check_precision(self, x_t)
        check_state(self, state, LinearAttentionState, x_t.shape[0])
        S, recent = state
        x, recent = self.convolution(x_t[:, None], recent)
        q, k, v = self.features(x)  # (B, H, 1, d) each
        if self.gate is not None:
            S = self._log_gate(x).exp().unsqueeze(-1) * S
        S = S + k.mT @ v
        return self.read(q @ S.to(q.dtype))[:, 0], LinearAttentionState(S, recent)

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, LinearAttentionState]:
        """The same in chunks."""
        check_precision(self, x)
        check_state(self, state, LinearAttentionState, x.shape[0])
        S, recent = state
        x, recent = self.convolution(x, recent)
        q, k, v = self.features(x)
        log_gate = None if self.gate is None else self._log_gate(x)
        product, S = chunked(q, k, v, log_gate, S)
        return self.read(product), LinearAttentionState(S, recent)

    def _log_gate(self, x: Tensor) -> Tensor:
        assert self.gate is not None
        return F.logsigmoid(self.gate(x)).mT / GATE_ROOT  # (B, H, T)


def chunked(
    q: Tensor, k: Tensor, v: Tensor, log_gate: Tensor | None, S: Tensor
) -> tuple[Tensor, Tensor]:
    """Sᵀq (B, H, T, e) at every position, and the last S, running from S (B, H, d, e).

    q and k (B, H, T, d), v (B, H, T, e), log_gate (B, H, T), or None for gates of 1.
    """
    T = q.shape[2]
    C = min(CHUNK_POSITIONS, T)
    rest = -T % C
    # Positions without key and with gate 1 fill the last chunk: they change nothing.
    q, k, v = (_divided(F.pad(u, (0, 0, 0, rest)) if rest else u, C) for u in (q, k, v))
    scores = (q @ k.mT).tril_()  # (B, H, N, C, C)
    kept = None
    if log_gate is not None:
        total = _divided(F.pad(log_gate, (0, rest)), C).cumsum(dim=-1)  # (B, H, N, C)
        # Differences before the exponential: below the diagonal all are at most 0.
        between = (total.unsqueeze(-1) - total.unsqueeze(-2)).tril_()
        scores = scores * between.exp()
        q = q * total.exp().unsqueeze(-1)
        k = k * (total[..., -1:] - total).exp().unsqueeze(-1)
        kept = total[..., -1, None, None].exp()  # (B, H, N, 1, 1)
    starts, S = _carried(k.mT @ v, kept, S)
    product = scores @ v + q @ starts.to(q.dtype)
    return product.flatten(2, 3)[:, :, :T], S


def _carried(added: Tensor, kept: Tensor | None, S: Tensor) -> tuple[Tensor, Tensor]:
    """S at each chunk's start (B, H, N, d, e), and after the last: a short loop over chunks."""
    starts = []
    for n in range(added.shape[2]):
        starts.append(S)
        S = added[:, :, n] + (S if kept is None else S * kept[:, :, n])
    return torch.stack(starts, dim=2), S


def _divided(u: Tensor, C: int) -> Tensor:
    """(B, H, T, …) → (B, H, T / C, C, …)."""
    return u.reshape(*u.shape[:2], -1, C, *u.shape[3:])
