"""The gated norm's loops: row after row."""

from __future__ import annotations

import math
from typing import Any

from seqlab.kernels.loops.compilation import compiled
from seqlab.kernels.loops.matrices import shifted, start
from seqlab.kernels.loops.vector import Lanes, elementwise, sigmoid


def _gated(y: Lanes, z: Lanes) -> tuple[Lanes, ...]:
    u = y * z * sigmoid(z)
    return u, u * u


def _normed(u: Lanes, weight: Lanes, scale: Lanes) -> tuple[Lanes, ...]:
    return (u * scale * weight,)


def _prepared(y: Lanes, z: Lanes, weight: Lanes, dout: Lanes) -> tuple[Lanes, ...]:
    s = sigmoid(z)
    u = y * z * s
    return s, u * u, dout * weight * u


def _gradients(
    y: Lanes, z: Lanes, s: Lanes, weight: Lanes, dout: Lanes, dweight: Lanes, scale: Lanes,
    inner: Lanes,
) -> tuple[Lanes, ...]:  # fmt: skip
    u = y * z * s
    du = (dout * weight - u * inner) * scale
    slope = s * (1.0 + z * (1.0 - s))
    return du * z * s, du * y * slope, dweight + dout * u * scale


_gate = elementwise(_gated, sums=1)
_norm = elementwise(_normed)
_prepare = elementwise(_prepared, sums=2)
_find_gradients = elementwise(_gradients)


@compiled
def forward(
    y: Any, z: Any, z_step: int, weight: Any, eps: float, out: Any, sums: Any, first: int, last: int
) -> None:
    """Fill out (R, W) from y (R, W), and z (R, W), whose rows are z_step numbers apart."""
    W = y.shape[1]
    for r in range(first, last):
        here = shifted(start(out), r * W)
        sources = (shifted(start(y), r * W), shifted(start(z), r * z_step))
        _gate(W, sources, (here, start(sums)))
        sums[0] = 1 / math.sqrt(sums[0] / W + eps)
        _norm(W, (here, start(weight), sums[0]), (here,))


@compiled
def backward(
    y: Any,
    z: Any,
    z_step: int,
    weight: Any,
    eps: float,
    dout: Any,
    dy: Any,
    dz: Any,
    dweight: Any,
    row: Any,
    sums: Any,
    first: int,
    last: int,
) -> None:
    """Fill dy and dz (R, W) and add to dweight, given dout and room for a row and two sums."""
    W = y.shape[1]
    for r in range(first, last):
        at = r * W
        operands = (shifted(start(y), at), shifted(start(z), r * z_step))
        slope = shifted(start(dout), at)
        places = (start(row), start(sums), shifted(start(sums), 1))
        _prepare(W, (*operands, start(weight), slope), places)
        scale = 1 / math.sqrt(sums[0] / W + eps)
        sums[0] = scale
        sums[1] = sums[1] * scale * scale / W
        numbers = (start(row), start(weight), slope, start(dweight), sums[0], sums[1])
        _find_gradients(
            W,
            (*operands, *numbers),
            (shifted(start(dy), at), shifted(start(dz), at), start(dweight)),
        )
