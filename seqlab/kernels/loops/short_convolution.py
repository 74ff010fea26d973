"""The short convolution's loops: position after position, all channels of a sequence at once."""

from __future__ import annotations

from typing import Any

from seqlab.kernels.loops.compilation import compiled, inlined
from seqlab.kernels.loops.matrices import shifted, start
from seqlab.kernels.loops.steps import copied
from seqlab.kernels.loops.vector import Lanes, elementwise, sigmoid


def _added(sum_: Lanes, weight: Lanes, x: Lanes) -> tuple[Lanes, ...]:
    return (sum_ + weight * x,)


def _silu(a: Lanes) -> tuple[Lanes, ...]:
    return (a * sigmoid(a),)


def _silu_gradient(a: Lanes, dy: Lanes, dbias: Lanes) -> tuple[Lanes, ...]:
    s = sigmoid(a)
    da = dy * s * (1.0 + a * (1.0 - s))
    return da, dbias + da


def _tap_gradients(
    da: Lanes, weight: Lanes, x: Lanes, dx: Lanes, dweight: Lanes
) -> tuple[Lanes, ...]:
    return dx + da * weight, dweight + da * x


_add = elementwise(_added)
_activate = elementwise(_silu)
_find_gradient = elementwise(_silu_gradient)
_find_tap_gradients = elementwise(_tap_gradients)


@inlined
def _convolve(x: Any, weight: Any, bias: Any, into: Any, taps: int, width: int) -> None:
    """Fill `into` with the taps' sum over the positions from the pointer x on."""
    copied(width, (bias,), (into,))
    for k in range(taps):
        tap = shifted(weight, k * width)
        _add(width, (into, tap, shifted(x, k * width)), (into,))


@compiled
def forward(x: Any, weight: Any, bias: Any, y: Any, first: int, last: int) -> None:
    """Fill y (B, T, W) from x (B, K − 1 + T, W), weight (K, W) and bias (W)."""
    K, W = weight.shape
    T = y.shape[1]
    for b in range(first, last):
        for t in range(T):
            here = shifted(start(y), (b * T + t) * W)
            seen = shifted(start(x), (b * (T + K - 1) + t) * W)
            _convolve(seen, start(weight), start(bias), here, K, W)
            _activate(W, (here,), (here,))


@compiled
def backward(
    x: Any,
    weight: Any,
    bias: Any,
    dy: Any,
    dx: Any,
    dweight: Any,
    dbias: Any,
    row: Any,
    first: int,
    last: int,
) -> None:
    """Add to dx, dweight and dbias, given dy (B, T, W) and room for one row (W)."""
    K, W = weight.shape
    T = dy.shape[1]
    da = start(row)
    for b in range(first, last):
        for t in range(T):
            at = (b * (T + K - 1) + t) * W
            _convolve(shifted(start(x), at), start(weight), start(bias), da, K, W)
            slope = shifted(start(dy), (b * T + t) * W)
            _find_gradient(W, (da, slope, start(dbias)), (da, start(dbias)))
            for k in range(K):
                tap, dtap = shifted(start(weight), k * W), shifted(start(dweight), k * W)
                seen, dseen = shifted(start(x), at + k * W), shifted(start(dx), at + k * W)
                _find_tap_gradients(W, (da, tap, seen, dseen, dtap), (dseen, dtap))
