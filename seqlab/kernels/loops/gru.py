"""The GRU's loops. Its numbers before the gates: n of the input, r, z, n of the state."""

from __future__ import annotations

from typing import Any

from seqlab.kernels.loops.compilation import compiled
from seqlab.kernels.loops.matrices import TILE_ROWS, shifted, spread, start
from seqlab.kernels.loops.steps import (
    CellOperands,
    Results,
    added,
    cleared,
    copied,
    is_real,
    locate,
    locate_results,
    position,
    project,
    retreat,
    state_after,
)
from seqlab.kernels.loops.vector import Lanes, clamp, elementwise, maximum, sigmoid, tanh


def _advanced(x_n: Lanes, r: Lanes, z: Lanes, h_n: Lanes, h: Lanes) -> tuple[Lanes, ...]:
    r, z = sigmoid(r), sigmoid(z)
    n = tanh(x_n + r * h_n)
    return n + z * (h - n), r, z, h_n


def _state_alone(x_n: Lanes, r: Lanes, z: Lanes, h_n: Lanes, h: Lanes) -> tuple[Lanes, ...]:
    return _advanced(x_n, r, z, h_n, h)[:1]


def _gradients(
    r: Lanes, z: Lanes, h_n: Lanes, before: Lanes, after: Lanes, dy: Lanes, dh: Lanes
) -> tuple[Lanes, ...]:
    dh, admitted = dh + dy, 1.0 - z
    # n is not kept but found again: inexact where z is near 1, but all it enters is times 1 − z.
    n = clamp((after - z * before) / maximum(admitted, 1e-30), -1.0, 1.0)
    dn = dh * admitted * (1.0 - n * n)
    dr = dn * h_n * r * (1.0 - r)
    dz = dh * admitted * (before - n) * z
    return dn, dr, dz, dn * r, dh * z


_advance = elementwise(_advanced)
_advance_unsaved = elementwise(_state_alone)
_find_gradients = elementwise(_gradients)


@compiled
def forward(
    operands: CellOperands, bias: Any, gates: Any, saved: Any, first: int, last: int
) -> None:
    """Fill y and, unless it is empty, saved (B, T, 3, H: r, z, n of the state)."""
    T, H = operands.y.shape[1:]
    run = locate(operands, 3 * H, 3 * H)
    numbers, kept, keep = start(gates), start(saved), saved.size > 0
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        for step in range(T):
            project(run, start(bias), numbers, 4 * H, (b0, rows, step))
            t = position(run, step)
            for r in range(rows):
                b = b0 + r
                h, new = state_after(run, b, step - 1), state_after(run, b, step)
                values = (*spread(shifted(numbers, r * 4 * H), H, 4), h)
                if not is_real(run, b, step):
                    copied(H, (h,), (new,))
                elif keep:
                    _advance(H, values, (new, *spread(shifted(kept, (b * T + t) * 3 * H), H, 3)))
                else:
                    _advance_unsaved(H, values, (new,))


@compiled
def backward(
    operands: CellOperands, results: Results, saved: Any, dy: Any, first: int, last: int
) -> None:
    """Add up the gradients of the sequences from first to last, given dy (B, T, H)."""
    T, H = dy.shape[1:]
    run, gradients = locate(operands, 3 * H, 3 * H), locate_results(results)
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        filled = 0
        for step in range(T - 1, -1, -1):
            for r in range(rows):
                b = b0 + r
                at = b * T + position(run, step)
                d, dh = shifted(start(dy), at * H), shifted(gradients.dh, b * H)
                places = spread(shifted(gradients.dgates, (filled + r) * 4 * H), H, 4)
                if is_real(run, b, step):
                    values = spread(shifted(start(saved), at * 3 * H), H, 3)
                    around = (state_after(run, b, step - 1), state_after(run, b, step))
                    _find_gradients(H, (*values, *around, d, dh), (*places, dh))
                else:
                    cleared(4 * H, places[:1], places[:1])
                    added(H, (d, dh), (dh,))
            filled = retreat(run, gradients, (b0, rows, step), filled)
