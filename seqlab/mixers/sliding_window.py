"""Attention in which a query sees the keys near it: densely, or in blocks in linear time.

Query t sees key s where −after ≤ (t − s)/δ ≤ before and δ divides t − s, and besides these some
keys that queries share. All tensors here are (B, T, H, d), the layout in which blocks are views.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.mixers.multihead import attend
from seqlab.mixers.positions import distances

SMALLEST_BLOCK = 32  # below it, blocks cost more to arrange than to multiply


class AttentionWindow(NamedTuple):
    """How many keys a query sees on either side of its own, `dilation` positions apart."""

    before: int
    after: int
    dilation: int = 1


class Near(NamedTuple):
    """Keys and values (B, L + T, H, d), and which may be seen (B, L + T).

    They begin L positions before the queries; the last T stand at the queries' positions.
    """

    keys: Tensor
    values: Tensor
    usable: Tensor

    def heads(self, some: slice) -> Near:
        """Those of some heads."""
        return Near(self.keys[:, :, some], self.values[:, :, some], self.usable)

    def padded(self, ahead: int, behind: int) -> Near:
        """With unusable positions at both ends, or some cut off where negative."""
        keys, values = (_padded(u, ahead, behind) for u in self[:2])
        return Near(keys, values, F.pad(self.usable, (ahead, behind)))


class Shared(NamedTuple):
    """Keys and values (B, G, H, d) outside any window, and which query sees which (B, T, G)."""

    keys: Tensor
    values: Tensor
    visible: Tensor

    def heads(self, some: slice) -> Shared:
        """Those of some heads."""
        return Shared(self.keys[:, :, some], self.values[:, :, some], self.visible)


def densely(
    q: Tensor, near: Near, shared: Shared, window: AttentionWindow, reference: bool
) -> Tensor:
    """q (B, T, H, d) → (B, T, H, d), under a dense mask: time and memory T·(L + T)."""
    distance = distances(q.shape[1], near.keys.shape[1], q.device)
    steps = distance.div(window.dilation, rounding_mode="floor")
    inside = (steps <= window.before) & (steps >= -window.after)
    inside &= distance % window.dilation == 0
    return _attend(q, near._replace(usable=inside & near.usable[:, None]), shared, reference)


def in_blocks(q: Tensor, near: Near, shared: Shared, window: AttentionWindow) -> Tensor:
    """The same in blocks of C queries over their own keys and the neighbouring blocks'."""
    B, T, H, d = q.shape
    C = max(window.before, window.after, SMALLEST_BLOCK)
    if T <= C:  # one block and its neighbours would hold more keys than there are
        return densely(q, near, shared, window, reference=False)
    if window.dilation > 1:
        return _dilated(q, near, shared, window)
    N = -(-T // C)
    rest = N * C - T
    reach = 3 if window.after else 2  # blocks of keys: previous, own, perhaps next
    ahead = C - (near.keys.shape[1] - T)  # so that one whole block of keys precedes the queries
    near = near.padded(ahead, rest + (C if window.after else 0))
    near = Near(*(_neighbours(u, N, C, reach) for u in near))  # (B·N, reach·C, …)

    i = torch.arange(C, device=q.device)[:, None] + C  # a query's place among its block's keys
    j = torch.arange(reach * C, device=q.device)
    inside = (i - j <= window.before) & (j - i <= window.after)  # (C, reach·C)
    near = near._replace(usable=inside & near.usable[:, None])
    shared = Shared(
        shared.keys.repeat_interleave(N, dim=0),
        shared.values.repeat_interleave(N, dim=0),
        F.pad(shared.visible, (0, 0, 0, rest)).reshape(B * N, C, shared.keys.shape[1]),
    )
    o = _attend(_padded(q, 0, rest).reshape(B * N, C, H, d), near, shared, reference=False)
    return o.reshape(B, N * C, H, d)[:, :T]


def _dilated(q: Tensor, near: Near, shared: Shared, window: AttentionWindow) -> Tensor:
    """Each residue of the positions modulo δ is a sequence of its own with a plain window."""
    B, T = q.shape[:2]
    step = window.dilation
    rest = -T % step
    near = near.padded(-(near.keys.shape[1] - T) % step, rest)
    shared = Shared(
        shared.keys.repeat_interleave(step, dim=0),
        shared.values.repeat_interleave(step, dim=0),
        _residues(F.pad(shared.visible, (0, 0, 0, rest)), step),
    )
    apart = Near(*(_residues(u, step) for u in near))
    q = _residues(_padded(q, 0, rest), step)
    o = in_blocks(q, apart, shared, window._replace(dilation=1))  # (B·δ, T/δ, H, d)
    return o.view(B, step, *o.shape[1:]).transpose(1, 2).flatten(1, 2)[:, :T]


def _attend(q: Tensor, near: Near, shared: Shared, reference: bool) -> Tensor:
    """Near's `usable` is by query here: (B, T, S)."""
    k, v, mask = near
    if shared.keys.shape[1]:
        k, v = torch.cat((shared.keys, k), dim=1), torch.cat((shared.values, v), dim=1)
        mask = torch.cat((shared.visible, mask), dim=-1)
    # A query that sees nothing is padding: letting it see all keeps its softmax finite.
    mask = mask | ~mask.any(dim=-1, keepdim=True)
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    return attend(q, k, v, bias=mask[:, None], reference=reference).transpose(1, 2)


def _neighbours(u: Tensor, N: int, C: int, reach: int) -> Tensor:
    """(B, (N + reach − 1)·C, …) → (B·N, reach·C, …): each block beside its successors."""
    blocks = u.view(u.shape[0], -1, C, *u.shape[2:])
    return torch.cat([blocks[:, r : r + N] for r in range(reach)], dim=2).flatten(0, 1)


def _residues(u: Tensor, step: int) -> Tensor:
    """(B, T, …) → (B·δ, T/δ, …): the positions r, r + δ, … of each sequence, for every r < δ."""
    return u.reshape(u.shape[0], -1, step, *u.shape[2:]).transpose(1, 2).flatten(0, 1)


def _padded(u: Tensor, ahead: int, behind: int) -> Tensor:
    return F.pad(u, (0, 0, 0, 0, ahead, behind)) if ahead or behind else u
