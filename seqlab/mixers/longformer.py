"""Attention in a sliding window, with a few global positions: linear in the length.

    (q_t, k_t, v_t) = W_qkv x_t + b                       heads of width d = D/H
    a_ts = softmax_s (q_t · k_s / √d)                     s near t, or global
    y_t  = W_o [Σ_s a_ts v_s for each head] + b_o

Near: |t − s| ≤ w/2 and, in a dilated head, δ_h divides t − s with |t − s| ≤ δ_h·w/2. A global
position is seen by all, and itself sees all through projections of its own,
(q, k, v) = W_global x + b_global. Global are those that the context names, else the first
`global_tokens`.

The causal form sees the last w positions (δ_h apart) and the first `global_tokens`, which, having
no future to look at, need no projections of their own. Its state is bounded: w − 1 positions times
the largest dilation, and the global ones.

Beltagy, Peters & Cohan (2020), Longformer: the long-document transformer. Departure: the causal
form's first positions are global, which the paper has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers.base import (
    Mixer,
    State,
    StreamingMixer,
    check_at_least,
    check_input,
    check_settings,
    check_state,
)
from seqlab.mixers.multihead import MultiHead, padding_mask, to_heads
from seqlab.mixers.sliding_window import AttentionWindow, Near, Shared, densely, in_blocks
from seqlab.registry import registered

CARD = {
    "groups": ["attention"],
    "streams": True,
    "complexity": "O(T·W·D)",
    "state": "2·W·D numbers",
    "paper": "Beltagy et al., 2020",
    "recipes": {
        "longformer": {
            "settings": {"heads": 4},
            "positions": "sinusoidal",
            "norm": "pre",
            "residual": True,
            "mlp": 4.0,
            "pooling": "mean",
        }
    },
    "space": {"settings.heads": [2, 4, 8], "settings.window": [32, 64, 128]},
    "cases": [
        {"window": 4, "global_tokens": 0},
        {"window": 4, "global_tokens": 2, "dilation": [1, 2, 2, 3]},
        {"window": 4, "backend": "reference"},
    ],
}


class LongformerState(NamedTuple):
    """Keys and values (B, ≤ reach, H, d) of the last positions and of the global ones."""

    keys: Tensor
    values: Tensor
    global_keys: Tensor
    global_values: Tensor
    position: int


class WindowedAttention(MultiHead):
    """Projections and the choice of an algorithm that both forms share; abstract."""

    both_sides: ClassVar[bool]

    def __init__(
        self,
        width: int,
        *,
        heads: int = 4,
        window: int = 64,
        dilation: int | Sequence[int] = 1,
        global_tokens: int = 1,
        backend: str = "auto",
    ) -> None:
        """`dilation` is one for all heads, or a list of one for each."""
        super().__init__(width, heads, backend=backend)
        dilations = [dilation] * heads if isinstance(dilation, int) else list(dilation)
        if len(dilations) != heads:
            raise UserError(
                f'mixer "{self.name}": dilation = {dilations} is for {len(dilations)} heads; '
                f"accepted: one number, or a list of {heads}"
            )
        check_at_least(type(self), "dilation", min(dilations), 1)
        check_at_least(type(self), "window", window, 1)
        check_at_least(type(self), "global_tokens", global_tokens, 0)
        if self.both_sides and window % 2:
            raise UserError(
                f'mixer "{self.name}": window = {window} is odd; accepted: even numbers from 2'
            )
        self.before, self.after = (window // 2, window // 2) if self.both_sides else (window - 1, 0)
        self.dilations = dilations
        self.global_tokens = global_tokens
        apart = self.both_sides and global_tokens > 0
        self.global_query = nn.Linear(width, width) if apart else None
        self.global_key_value = nn.Linear(width, 2 * width) if apart else None
        for linear in (self.global_query, self.global_key_value):
            if linear is not None:
                nn.init.xavier_uniform_(linear.weight)
                nn.init.zeros_(linear.bias)

    @classmethod
    def build(cls, width: int, *, causal: bool, **settings: Any) -> Mixer:
        """The causal form with a bounded cache, or the one that sees both sides."""
        check_settings(cls, settings)
        return (CausalLongformer if causal else Longformer)(width, **settings)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, T, D) → q, k, v (B, T, H, d)."""
        q, k, v = self.split(x)
        return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)

    def attend_near(self, q: Tensor, near: Near, shared: Shared) -> Tensor:
        """Attend to the window and the shared keys, the heads of each dilation together."""
        outputs = []
        for dilation, heads in _runs(self.dilations):
            window = AttentionWindow(self.before, self.after, dilation)
            parts = (q[:, :, heads], near.heads(heads), shared.heads(heads), window)
            if self.backend == "reference":
                outputs.append(densely(*parts, reference=True))
            else:
                outputs.append(in_blocks(*parts))
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)


@registered
class Longformer(WindowedAttention):
    """Over both sides: x (B, T, D) → (B, T, D)."""

    both_sides = True

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """Each position sees its window and the global ones; those see all."""
        check_input(self, x)
        q, k, v = self.project(x)
        real = context.mask
        if real is None:
            real = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        chosen = self._chosen(real, context)
        places = self._places(chosen, context)
        valid = chosen.gather(1, places)
        shared = Shared(_at(k, places), _at(v, places), valid[:, None].expand(-1, x.shape[1], -1))
        o = self.attend_near(q, Near(k, v, real & ~chosen), shared)  # (B, T, H, d)
        if places.shape[1]:
            o = self._with_global_rows(o, x, places, valid, context.mask)
        return self.out(o.flatten(2))

    def _chosen(self, real: Tensor, context: Context) -> Tensor:
        """Which positions are global, (B, T)."""
        if context.global_positions is None:
            first = torch.arange(real.shape[1], device=real.device) < self.global_tokens
            return real & first
        if not self.global_tokens:
            raise UserError(
                f'mixer "{self.name}": the context names global positions, but global_tokens = 0 '
                "leaves out their projections; accepted: 1 or more"
            )
        return real & context.global_positions

    def _places(self, chosen: Tensor, context: Context) -> Tensor:
        """Where the global positions are, (B, G); a sequence may have fewer.

        The first ones are known without looking: a count would tie a traced model to its example.
        """
        if context.global_positions is None:
            first = torch.arange(min(self.global_tokens, chosen.shape[1]), device=chosen.device)
            return first.expand(chosen.shape[0], -1)
        places = chosen.int().argsort(dim=1, descending=True, stable=True)
        return places[:, : int(chosen.sum(dim=1).max())]

    def _with_global_rows(
        self, o: Tensor, x: Tensor, places: Tensor, valid: Tensor, mask: Tensor | None
    ) -> Tensor:
        """o (B, T, H, d) with the rows at `places` (B, G) attending to everything."""
        assert self.global_query is not None
        assert self.global_key_value is not None
        d = self.head_width
        q = self.global_query(x.gather(1, places[:, :, None].expand(-1, -1, self.width)))
        k, v = self.global_key_value(x).chunk(2, dim=-1)
        rows = self.attend(
            to_heads(q, d), to_heads(k, d), to_heads(v, d), bias=padding_mask(mask)
        ).transpose(1, 2)  # (B, G, H, d)
        rows = torch.where(valid[:, :, None, None], rows, _at(o, places))
        return o.scatter(1, places[:, :, None, None].expand_as(rows), rows)


class CausalLongformer(WindowedAttention, StreamingMixer):
    """Over the past: x (B, T, D) → (B, T, D)."""

    name = Longformer.name
    both_sides = False

    def begin(self, batch: int, context: Context) -> LongformerState:
        """As `initial_state`; which positions are global is a setting here."""
        if context.global_positions is not None:
            raise UserError(
                f'mixer "{self.name}": the causal form takes no global positions from the context',
                f"its first global_tokens = {self.global_tokens} positions are global",
            )
        return self.initial_state(batch)

    def initial_state(self, batch: int) -> LongformerState:
        """Empty caches."""
        empty = self.zeros(batch, 0, self.heads, self.head_width)
        return LongformerState(empty, empty, empty, empty, 0)

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, LongformerState]:
        """Each position sees its window, which may begin in the cache, and the first ones."""
        check_state(self, state, LongformerState, x.shape[0])
        cached_k, cached_v, global_k, global_v, position = state
        q, new_k, new_v = self.project(x)
        missing = max(0, self.global_tokens - position)
        global_k = torch.cat((global_k, new_k[:, :missing]), dim=1)
        global_v = torch.cat((global_v, new_v[:, :missing]), dim=1)
        k, v = torch.cat((cached_k, new_k), dim=1), torch.cat((cached_v, new_v), dim=1)

        B, T = x.shape[:2]
        t = torch.arange(position + T - k.shape[1], position + T, device=x.device)
        usable = (t >= self.global_tokens).expand(B, -1)
        visible = torch.arange(global_k.shape[1], device=x.device) <= t[-T:, None]  # (T, G)
        shared = Shared(global_k, global_v, visible.expand(B, -1, -1))
        o = self.attend_near(q, Near(k, v, usable), shared)
        start = max(0, k.shape[1] - self.before * max(self.dilations))
        state = LongformerState(k[:, start:], v[:, start:], global_k, global_v, position + T)
        return self.out(o.flatten(2)), state

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, LongformerState]:
        """One position: its query over the caches and itself."""
        y, state = self.prefill(x_t[:, None], state)
        return y[:, 0], state


def _runs(dilations: list[int]) -> list[tuple[int, slice]]:
    """Neighbouring heads of the same dilation: [1, 1, 2] → (1, heads 0–1), (2, head 2)."""
    runs, start = [], 0
    for dilation, group in groupby(dilations):
        end = start + len(list(group))
        runs.append((dilation, slice(start, end)))
        start = end
    return runs


def _at(u: Tensor, places: Tensor) -> Tensor:
    """Rows of u (B, T, H, d) at places (B, G) → (B, G, H, d)."""
    return u.gather(1, places[:, :, None, None].expand(-1, -1, *u.shape[2:]))
