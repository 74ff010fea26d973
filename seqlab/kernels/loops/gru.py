"""The GRU's loops. Its numbers before the gates: n of the input, r, z, n of the state."""

from __future__ import annotations

from typing import Any

from seqlab.kernels.loops.compilation import compiled
from seqlab.kernels.loops.matrices import TILE_ROWS, shifted, spread, start
from seqlab.kernels.loops.steps import (
    Operands,
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
def forward(operands: Operands, bias: Any, gates: Any, saved: Any, first: int, last: int) -> None:
    """Fill y and, unless it is empty, saved (B, T, 4, H: r, z, n, n of the state)."""
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
                    _advance(H, values, (new, *spread(shifted(kept, (b * T + t) * 4 * H), H, 4)))
                else:
                    _advance_unsaved(H, values, (new,))


@compiled
def backward(
    operands: Operands, results: Results, saved: Any, dy: Any, first: int, last: int
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
                    values = spread(shifted(start(saved), at * 4 * H), H, 4)
                    h = state_after(run, b, step - 1)
                    _find_gradients(H, (*values, h, d, dh), (*places, dh))
                else:
                    cleared(4 * H, places[:1], places[:1])
                    added(H, (d, dh), (dh,))
            filled = retreat(run, gradients, (b0, rows, step), filled)
