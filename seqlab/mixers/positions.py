"""Where a position stands: tables that are added, rotations of queries and keys, biases on scores.

Each takes an offset, the number of positions that came before, so that stepping continues where
the last call ended.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

KINDS = ("none", "rotary", "alibi", "relative")  # those that live inside attention


def sinusoidal(
    length: int,
    width: int,
    offset: int = 0,
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """sin and cos of t / 10000^{2i/D} side by side, (length, width) (Vaswani et al., 2017)."""
    return sinusoidal_at(_places(length, offset, device, dtype), width).to(dtype)


def sinusoidal_at(t: Tensor, width: int) -> Tensor:
    """The same at given places t (length,), of a floating type."""
    angles = _angles(t, width + width % 2)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[:, :width]


def rotate(x: Tensor, offset: int = 0) -> Tensor:
    """Rotary positions (Su et al., 2021): x (B, H, T, d) → the same, d even.

    Coordinates i and i + d/2 turn together by t / 10000^{2i/d}: the half-split layout.
    """
    T, d = x.shape[2:]
    angles = _angles(_places(T, offset, x.device, x.dtype), d)  # (T, d/2)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


def alibi_slopes(heads: int) -> Tensor:
    """One slope a head, 2^{−8h/H} for powers of two, interleaved otherwise (Press et al., 2022)."""
    power = 2 ** math.floor(math.log2(heads))
    slopes = [2 ** (-8 * h / power) for h in range(1, power + 1)]
    slopes += [2 ** (-4 * h / power) for h in range(1, 2 * (heads - power), 2)]
    return torch.tensor(slopes)


def distances(queries: int, keys: int, device: torch.device | None = None) -> Tensor:
    """Query position minus key position (T, S); the last query stands at the last key."""
    t = torch.arange(keys - queries, keys, device=device)
    return t[:, None] - torch.arange(keys, device=device)


class Alibi(nn.Module):
    """−slope · distance for each head (Press et al., 2022); symmetric where the future is seen."""

    slopes: Tensor

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.register_buffer("slopes", alibi_slopes(heads), persistent=False)

    def forward(self, distance: Tensor) -> Tensor:
        """Distances (T, S) → bias (H, T, S)."""
        return -self.slopes[:, None, None] * distance.abs()


class RelativeBias(nn.Module):
    """A learned bias for each head and bucket of distances (Raffel et al., 2020).

    Half of the buckets hold one distance each, the others grow logarithmically up to
    `furthest`, beyond which all share the last. Past and future have buckets of their own.
    """

    def __init__(self, heads: int, buckets: int = 32, furthest: int = 128) -> None:
        super().__init__()
        self.buckets = buckets
        self.furthest = furthest
        self.table = nn.Parameter(torch.zeros(2 * buckets, heads))

    def forward(self, distance: Tensor) -> Tensor:
        """Distances (T, S) → bias (H, T, S)."""
        return self.table[self.bucket(distance)].permute(2, 0, 1)

    def bucket(self, distance: Tensor) -> Tensor:
        """The row of the table for each distance; the future's follow the past's."""
        exact = self.buckets // 2
        far = distance.abs()
        ratio = torch.log(far.clamp(min=1) / exact) / math.log(self.furthest / exact)
        logarithmic = exact + (ratio * (self.buckets - exact)).long()
        near = torch.where(far < exact, far, logarithmic.clamp(max=self.buckets - 1))
        return near + self.buckets * (distance < 0)


def _places(
    length: int, offset: int, device: torch.device | str | None, dtype: torch.dtype | None
) -> Tensor:
    # Half precision cannot hold a position above 2,048: angles are at least float32.
    exact = torch.float64 if dtype == torch.float64 else torch.float32
    return torch.arange(offset, offset + length, device=device, dtype=exact)


def _angles(t: Tensor, width: int) -> Tensor:
    exponents = torch.arange(0, width, 2, device=t.device, dtype=t.dtype) / width
    return t[:, None] * 10000.0**-exponents  # (length, width / 2)
