"""The minimal cells' loops: gates and scan in one pass, all channels of a sequence at once."""

from __future__ import annotations

from typing import Any

from seqlab.kernels.loops.compilation import compiled
from seqlab.kernels.loops.matrices import shifted, spread, start
from seqlab.kernels.loops.vector import Lanes, elementwise, sigmoid


def _positive(x: Lanes) -> tuple[Lanes, Lanes]:
    """g(x) and its slope."""
    s, negative = sigmoid(x), x.below(0.0)
    return s.where(negative, x + 0.5), (s * (1.0 - s)).where(negative, 1.0)


def _share(i: Lanes, f: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """The sigmoids of both gates, and the input gate's share of their sum."""
    i, f = sigmoid(i), sigmoid(f)
    return i, f, i / (i + f)


def _gru(x: Lanes, z: Lanes, h: Lanes) -> tuple[Lanes, ...]:
    candidate, _ = _positive(x)
    return (h + sigmoid(z) * (candidate - h),)


def _lstm(x: Lanes, f: Lanes, i: Lanes, h: Lanes) -> tuple[Lanes, ...]:
    candidate, _ = _positive(x)
    return (h + _share(i, f)[2] * (candidate - h),)


def _gru_gradients(x: Lanes, z: Lanes, h: Lanes, dy: Lanes, dh: Lanes) -> tuple[Lanes, ...]:
    dh = dh + dy
    candidate, slope = _positive(x)
    z = sigmoid(z)
    return dh * z * slope, dh * (candidate - h) * z * (1.0 - z), dh * (1.0 - z)


def _lstm_gradients(
    x: Lanes, f: Lanes, i: Lanes, h: Lanes, dy: Lanes, dh: Lanes
) -> tuple[Lanes, ...]:
    dh = dh + dy
    candidate, slope = _positive(x)
    i, f, new = _share(i, f)
    dnew = dh * (candidate - h) * new * (1.0 - new)
    return dh * new * slope, dnew * (f - 1.0), dnew * (1.0 - i), dh * (1.0 - new)


_advance_gru = elementwise(_gru)
_advance_lstm = elementwise(_lstm)
_find_gru_gradients = elementwise(_gru_gradients)
_find_lstm_gradients = elementwise(_lstm_gradients)


@compiled
def forward(gates: Any, h0: Any, h: Any, first: int, last: int) -> None:
    """Fill h (B, T, D) from gates (B, T, 2·D for the GRU, 3·D for the LSTM)."""
    _, T, D = h.shape
    width = gates.shape[2]
    for b in range(first, last):
        before = shifted(start(h0), b * D)
        for t in range(T):
            here = shifted(start(h), (b * T + t) * D)
            place = shifted(start(gates), (b * T + t) * width)
            if width == 2 * D:
                _advance_gru(D, (*spread(place, D, 2), before), (here,))
            else:
                _advance_lstm(D, (*spread(place, D, 3), before), (here,))
            before = here


@compiled
def backward(
    gates: Any, h0: Any, h: Any, dy: Any, dgates: Any, dh: Any, first: int, last: int
) -> None:
    """Fill dgates, and take dh (B, D), which comes in as zero, to the first state's gradient."""
    _, T, D = h.shape
    width = gates.shape[2]
    for b in range(first, last):
        carried = shifted(start(dh), b * D)
        for t in range(T - 1, -1, -1):
            at = b * T + t
            before = shifted(start(h0), b * D) if t == 0 else shifted(start(h), (at - 1) * D)
            slope = shifted(start(dy), at * D)
            place, dplace = shifted(start(gates), at * width), shifted(start(dgates), at * width)
            if width == 2 * D:
                gru = (*spread(place, D, 2), before, slope, carried)
                _find_gru_gradients(D, gru, (*spread(dplace, D, 2), carried))
            else:
                lstm = (*spread(place, D, 3), before, slope, carried)
                _find_lstm_gradients(D, lstm, (*spread(dplace, D, 3), carried))
