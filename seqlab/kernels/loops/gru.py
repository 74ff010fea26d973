"""The GRU's loops. Its numbers before the gates: n of the input, r, z, n of the state."""

from __future__ import annotations

from typing import Any

from seqlab.kernels.loops.compilation import compiled
from seqlab.kernels.loops.matrices import TILE_ROWS, at, spread
from seqlab.kernels.loops.steps import (
    Gradients,
    Recurrence,
    added,
    copied,
    is_real,
    position,
    project,
    retreat,
    state_before,
)
from seqlab.kernels.loops.vector import Lanes, elementwise, sigmoid, tanh


def _advanced(x_n: Lanes, r: Lanes, z: Lanes, h_n: Lanes, h: Lanes) -> tuple[Lanes, ...]:
    r, z = sigmoid(r), sigmoid(z)
    n = tanh(x_n + r * h_n)
    return n + z * (h - n), r, z, n, h_n


def _state_alone(x_n: Lanes, r: Lanes, z: Lanes, h_n: Lanes, h: Lanes) -> tuple[Lanes, ...]:
    return _advanced(x_n, r, z, h_n, h)[:1]


def _gradients(
    r: Lanes, z: Lanes, n: Lanes, h_n: Lanes, h: Lanes, dy: Lanes, dh: Lanes
) -> tuple[Lanes, ...]:
    dh = dh + dy
    dn = dh * (1.0 - z) * (1.0 - n * n)
    dr = dn * h_n * r * (1.0 - r)
    dz = dh * (h - n) * z * (1.0 - z)
    return dn, dr, dz, dn * r, dh * z


_advance = elementwise(_advanced)
_advance_unsaved = elementwise(_state_alone)
_find_gradients = elementwise(_gradients)


@compiled
def forward(run: Recurrence, bias: Any, gates: Any, saved: Any, first: int, last: int) -> None:
    """Fill y and, unless it is empty, saved (B, T, 4, H: r, z, n, n of the state)."""
    T, H = run.y.shape[1:]
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        for step in range(T):
            project(run, bias, gates, (b0, rows), step)
            t = position(run, step)
            for r in range(rows):
                b = b0 + r
                h, new = state_before(run, b, step), at(run.y, (b, t, 0))
                values = spread(at(gates, (r, 0)), H, 4)
                if not is_real(run, b, t):
                    copied(H, (h,), (new,))
                elif saved.size == 0:
                    _advance_unsaved(H, (*values, h), (new,))
                else:
                    kept = spread(at(saved, (b, t, 0, 0)), H, 4)
                    _advance(H, (*values, h), (new, *kept))


@compiled
def backward(
    run: Recurrence, gradients: Gradients, saved: Any, dy: Any, first: int, last: int
) -> None:
    """Add up the gradients of the sequences from first to last, given dy (B, T, H)."""
    T, H = dy.shape[1:]
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        filled = 0
        for step in range(T - 1, -1, -1):
            t = position(run, step)
            for r in range(rows):
                b, k = b0 + r, filled + r
                d, dh = at(dy, (b, t, 0)), at(gradients.dh, (b, 0))
                if is_real(run, b, t):
                    values = spread(at(saved, (b, t, 0, 0)), H, 4)
                    places = spread(at(gradients.dgates, (k, 0)), H, 4)
                    h = state_before(run, b, step)
                    _find_gradients(H, (*values, h, d, dh), (*places, dh))
                else:
                    gradients.dgates[k, :] = 0
                    added(H, (d, dh), (dh,))
            filled = retreat(run, gradients, (b0, rows), step, filled)
