"""Attention with a feature map in place of the softmax: a matrix of memory, linear in the length.

    (q_t, k_t, v_t) = W_qkv x_t + b,   φ(u) = elu(u) + 1       heads of width d = D/H
    γ_t = σ(w · x_t + b_γ)^{1/16} for each head if gated, else 1
    S_t = γ_t S_{t−1} + φ(k_t) v_tᵀ,   z_t = γ_t z_{t−1} + φ(k_t)      S (d, d), z (d)
    o_t = S_tᵀ φ(q_t) / (z_t · φ(q_t) + ε)                     with the normaliser
    o_t = RMSNorm(S_tᵀ φ(q_t) / √d)                            without
    y_t = W_o [o_t of each head] + b_o

Over all positions S and z are sums over all real ones. In parallel the causal form runs in chunks
of C positions: inside a chunk φ(q) φ(k)ᵀ ⊙ decay, between chunks S. The gate and the short
convolution read in one direction, so with either the causal form serves where the future is known,
too.

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
from seqlab.mixers.multihead import MultiHead
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
    "cases": [
        {"normaliser": False},
        {"gated": True, "convolution": 4},
        {"gated": True, "normaliser": False, "heads": 2},
    ],
}

CHUNK = 64
EPSILON = 1e-6
GATE_ROOT = 16  # σ(·)^{1/16}: gates begin near 1


class LinearAttentionState(NamedTuple):
    """S (B, H, d, d), z (B, H, d) and the short convolution's last inputs (B, K − 1, D)."""

    S: Tensor
    z: Tensor
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
        """x (B, T, D) → φ(q), φ(k) and v, each (B, H, T, d)."""
        q, k, v = self.split(x)
        return F.elu(q) + 1, F.elu(k) + 1, v

    def read(self, numerator: Tensor, denominator: Tensor) -> Tensor:
        """Sᵀφ(q) (B, H, T, d) and z·φ(q) (B, H, T) → y (B, T, D)."""
        if self.norm is None:
            return self.join(numerator / (denominator + EPSILON).unsqueeze(-1))
        return self.join(self.norm(numerator / self.head_width**0.5))


@registered
class LinearAttention(FeatureAttention):
    """Over all positions: x (B, T, D) → (B, T, D)."""

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """One sum over the real positions, read by all."""
        check_input(self, x)
        q, k, v = self.features(x)
        if context.mask is not None:
            k = k * context.mask[:, None, :, None]
        S = k.mT @ v  # (B, H, d, d)
        z = k.sum(dim=2)  # (B, H, d)
        return self.read(*_product(q, S, z))


class CausalLinearAttention(FeatureAttention, StreamingMixer):
    """Over the past: x (B, T, D) → (B, T, D)."""

    name = LinearAttention.name

    def initial_state(self, batch: int) -> LinearAttentionState:
        """Nothing remembered: zeros."""
        d = self.head_width
        return LinearAttentionState(
            scan_zeros(self, batch, self.heads, d, d),
            scan_zeros(self, batch, self.heads, d),
            self.convolution.no_inputs(batch),
        )

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, LinearAttentionState]:
        """One position: the recurrence as written above."""
        check_precision(self, x_t)
        check_state(self, state, LinearAttentionState, x_t.shape[0])
        S, z, recent = state
        x, recent = self.convolution(x_t[:, None], recent)
        q, k, v = self.features(x)  # (B, H, 1, d) each
        if self.gate is not None:
            gamma = self._log_gate(x).exp()  # (B, H, 1)
            S, z = gamma.unsqueeze(-1) * S, gamma * z
        S = S + k.mT @ v
        z = z + k.squeeze(2)
        y = self.read(*_product(q, S, z))
        return y[:, 0], LinearAttentionState(S, z, recent)

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, LinearAttentionState]:
        """The same in chunks."""
        check_precision(self, x)
        check_state(self, state, LinearAttentionState, x.shape[0])
        S, z, recent = state
        x, recent = self.convolution(x, recent)
        q, k, v = self.features(x)
        log_gate = None if self.gate is None else self._log_gate(x)
        numerator, denominator, S, z = chunked(q, k, v, log_gate, S, z)
        return self.read(numerator, denominator), LinearAttentionState(S, z, recent)

    def _log_gate(self, x: Tensor) -> Tensor:
        assert self.gate is not None
        return F.logsigmoid(self.gate(x)).mT / GATE_ROOT  # (B, H, T)


def chunked(
    q: Tensor, k: Tensor, v: Tensor, log_gate: Tensor | None, S: Tensor, z: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run the recurrence from S and z; q, k, v (B, H, T, d), log_gate (B, H, T) or None.

    Returns Sᵀq (B, H, T, d), z·q (B, H, T) and the last S and z.
    """
    T = q.shape[2]
    C = min(CHUNK, T)
    rest = -T % C
    if rest:  # positions without key and with gate 1 change nothing
        q, k, v = (F.pad(u, (0, 0, 0, rest)) for u in (q, k, v))
    q, k, v = (_divided(u, C) for u in (q, k, v))  # (B, H, N, C, d)
    scores = q @ k.mT  # (B, H, N, C, C)
    if log_gate is None:
        scores = scores.tril()
        grown_q, kept_k, kept = q, k, None
    else:
        total = _divided(F.pad(log_gate, (0, rest)), C).cumsum(dim=-1)  # (B, H, N, C)
        # Differences before the exponential: each is at most 0, so nothing overflows.
        between = (total.unsqueeze(-1) - total.unsqueeze(-2)).tril()
        scores = scores * between.exp().tril()
        grown_q = q * total.exp().unsqueeze(-1)
        kept_k = k * (total[..., -1:] - total).exp().unsqueeze(-1)
        kept = total[..., -1].exp()  # (B, H, N)
    starts_S, starts_z, S, z = _carried(kept_k.mT @ v, kept_k.sum(dim=3), kept, S, z)
    numerator, denominator = _product(grown_q, starts_S, starts_z)
    numerator = (scores @ v + numerator).flatten(2, 3)
    denominator = (scores.sum(dim=-1) + denominator).flatten(2, 3)
    return numerator[:, :, :T], denominator[:, :, :T], S, z


def _product(q: Tensor, S: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """Sᵀq (…, T, d) and z·q (…, T) of q (…, T, d), in q's precision."""
    return q @ S.to(q.dtype), (q @ z.to(q.dtype).unsqueeze(-1)).squeeze(-1)


def _divided(u: Tensor, C: int) -> Tensor:
    return u.reshape(*u.shape[:2], -1, C, *u.shape[3:])


def _carried(
    added_S: Tensor, added_z: Tensor, kept: Tensor | None, S: Tensor, z: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """S and z at each chunk's start, and after the last; one short loop over the chunks."""
    starts_S, starts_z = [], []
    for n in range(added_S.shape[2]):
        starts_S.append(S)
        starts_z.append(z)
        if kept is not None:
            S, z = S * kept[:, :, n, None, None], z * kept[:, :, n, None]
        S, z = S + added_S[:, :, n], z + added_z[:, :, n]
    return torch.stack(starts_S, dim=2), torch.stack(starts_z, dim=2), S, z
