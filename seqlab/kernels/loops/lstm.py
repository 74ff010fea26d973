"""The LSTM's loops."""

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
from seqlab.kernels.loops.vector import Lanes, elementwise, sigmoid, tanh


def _advanced(i: Lanes, f: Lanes, g: Lanes, o: Lanes, c: Lanes) -> tuple[Lanes, ...]:
    i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
    c = f * c + i * g
    return o * tanh(c), c, i, f, g, o, c


def _state_alone(i: Lanes, f: Lanes, g: Lanes, o: Lanes, c: Lanes) -> tuple[Lanes, ...]:
    return _advanced(i, f, g, o, c)[:2]


def _gradients(
    i: Lanes, f: Lanes, g: Lanes, o: Lanes, c: Lanes, before: Lanes, dy: Lanes, dh: Lanes, dc: Lanes
) -> tuple[Lanes, ...]:
    dh, squashed = dh + dy, tanh(c)
    dc = dc + dh * o * (1.0 - squashed * squashed)
    di = dc * g * i * (1.0 - i)
    df = dc * before * f * (1.0 - f)
    dg = dc * i * (1.0 - g * g)
    do = dh * squashed * o * (1.0 - o)
    return di, df, dg, do, dh.constant(0.0), dc * f


_advance = elementwise(_advanced)
_advance_unsaved = elementwise(_state_alone)
_find_gradients = elementwise(_gradients)


@compiled
def forward(
    operands: CellOperands, bias: Any, gates: Any, c: Any, saved: Any, first: int, last: int
) -> None:
    """Fill y, take c (B, H) from the first to the last, and fill saved unless it is empty.

    saved is (B, T, 5, H): i, f, g, o after their activations, and c.
    """
    T, H = operands.y.shape[1:]
    run = locate(operands, 4 * H, 4 * H)
    numbers, cells, kept, keep = start(gates), start(c), start(saved), saved.size > 0
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        for step in range(T):
            project(run, start(bias), numbers, 4 * H, (b0, rows, step))
            for r in range(rows):
                b = b0 + r
                h, new = state_after(run, b, step - 1), state_after(run, b, step)
                cell = shifted(cells, b * H)
                values = (*spread(shifted(numbers, r * 4 * H), H, 4), cell)
                place = shifted(kept, (b * T + position(run, step)) * 5 * H)
                if not is_real(run, b, step):
                    copied(H, (h,), (new,))
                    if keep:
                        copied(H, (cell,), (shifted(place, 4 * H),))
                elif keep:
                    _advance(H, values, (new, cell, *spread(place, H, 5)))
                else:
                    _advance_unsaved(H, values, (new, cell))


@compiled
def backward(
    operands: CellOperands,
    results: Results,
    c0: Any,
    dc: Any,
    saved: Any,
    dy: Any,
    first: int,
    last: int,
) -> None:
    """Add up the gradients of the sequences from first to last, given dy (B, T, H).

    dc (B, H) comes in as the last cell's gradient and leaves as the first's.
    """
    T, H = dy.shape[1:]
    run, gradients = locate(operands, 4 * H, 4 * H), locate_results(results)
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        filled = 0
        for step in range(T - 1, -1, -1):
            for r in range(rows):
                b = b0 + r
                at = b * T + position(run, step)
                carried = (shifted(gradients.dh, b * H), shifted(start(dc), b * H))
                d = shifted(start(dy), at * H)
                places = spread(shifted(gradients.dgates, (filled + r) * 4 * H), H, 4)
                if is_real(run, b, step):
                    values = spread(shifted(start(saved), at * 5 * H), H, 5)
                    before = shifted(start(c0), b * H)
                    if step > 0:
                        earlier = b * T + position(run, step - 1)
                        before = shifted(start(saved), (earlier * 5 + 4) * H)
                    _find_gradients(H, (*values, before, d, *carried), (*places, *carried))
                else:
                    cleared(4 * H, places[:1], places[:1])
                    added(H, (d, carried[0]), carried[:1])
            filled = retreat(run, gradients, (b0, rows, step), filled)
