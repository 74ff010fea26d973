"""The sLSTM's loops. Each head's states mix among themselves only, gate by gate."""

from __future__ import annotations

from typing import Any, NamedTuple

from seqlab.kernels.loops.compilation import compiled, inlined
from seqlab.kernels.loops.matrices import TILE_ROWS, Matrix, multiply, shifted, spread, start
from seqlab.kernels.loops.steps import (
    CellOperands,
    Recurrence,
    added,
    cleared,
    copied,
    is_real,
    locate,
    position,
    state_after,
)
from seqlab.kernels.loops.vector import (
    Lanes,
    elementwise,
    exp,
    log_sigmoid,
    maximum,
    sigmoid,
    tanh,
)


class State(NamedTuple):
    """c, n and m (B, H), which forward takes from the first to the last in place."""

    c: Any
    n: Any
    m: Any


class SlstmGradients(NamedTuple):
    """Of the gates (B, T, 4H), the state (B, H; the last comes in, the first leaves), the weights.

    dgates (K, 4H) and hs (K, H) are memory for a chunk of steps × sequences.
    """

    gates: Any
    c: Any
    n: Any
    h: Any
    weights: Any
    dgates: Any
    hs: Any


def _advanced(
    i: Lanes, f: Lanes, z: Lanes, o: Lanes, c: Lanes, n: Lanes, m: Lanes
) -> tuple[Lanes, ...]:
    log_f = log_sigmoid(f)
    carried = log_f + m
    m = maximum(carried, i)
    forget, admit = exp(carried - m), exp(i - m)
    z, o = tanh(z), sigmoid(o)
    c, n = forget * c + admit * z, forget * n + admit
    return o * c / n, c, n, m, forget, admit, z, o, 1.0 - exp(log_f), c, n


def _state_alone(*values: Lanes) -> tuple[Lanes, ...]:
    return _advanced(*values)[:4]


def _gradients(
    forget: Lanes,
    admit: Lanes,
    z: Lanes,
    o: Lanes,
    slope: Lanes,
    c: Lanes,
    n: Lanes,
    c_before: Lanes,
    n_before: Lanes,
    dy: Lanes,
    dh: Lanes,
    dc: Lanes,
    dn: Lanes,
) -> tuple[Lanes, ...]:
    dh, ratio = dh + dy, c / n
    dc = dc + dh * o / n
    dn = dn - dh * o * ratio / n
    di = (dc * z + dn) * admit
    df = (dc * c_before + dn * n_before) * forget * slope
    dz = dc * admit * (1.0 - z * z)
    do = dh * ratio * o * (1.0 - o)
    return di, df, dz, do, dh.constant(0.0), dc * forget, dn * forget


_advance = elementwise(_advanced)
_advance_unsaved = elementwise(_state_alone)
_find_gradients = elementwise(_gradients)


@inlined
def _mix(run: Recurrence, weights: Any, numbers: Any, tile: tuple[int, int, int]) -> None:
    """Add each head's product to numbers (rows, 4H) of a tile (first sequence, rows, step)."""
    b0, rows, step = tile
    heads, width = weights.shape[1:3]
    H = run.H
    h, row = state_after(run, b0, step - 1), H if step == 0 else run.T * H
    for gate in range(4):
        for head in range(heads):
            at = head * width
            block = shifted(start(weights), (gate * heads + head) * width * width)
            place = Matrix(shifted(numbers, gate * H + at), 4 * H, 1)
            shape = (rows, width, width)
            multiply(Matrix(shifted(h, at), row, 1), Matrix(block, width, 1), place, shape, True)


@compiled
def forward(
    operands: CellOperands, state: State, numbers: Any, saved: Any, first: int, last: int
) -> None:
    """Fill y, take the state to the last one, and fill saved unless it is empty.

    The operands' x are the gates (B, T, 4H: i, f, z, o), their w_hh is (4, heads, width, width),
    input before output. saved is (B, T, 7, H): forget, admit, z, o, 1 − σ(f), c, n.
    """
    T, H = operands.y.shape[1:]
    run = locate(operands, 0, 0)
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        for step in range(T):
            t = position(run, step)
            for r in range(rows):
                gates = shifted(run.x, ((b0 + r) * T + t) * 4 * H)
                copied(4 * H, (gates,), (shifted(start(numbers), r * 4 * H),))
            _mix(run, operands.w_hh, start(numbers), (b0, rows, step))
            for r in range(rows):
                b = b0 + r
                new = state_after(run, b, step)
                c, n = shifted(start(state.c), b * H), shifted(start(state.n), b * H)
                m = shifted(start(state.m), b * H)
                place = shifted(start(saved), (b * T + t) * 7 * H)
                values = (*spread(shifted(start(numbers), r * 4 * H), H, 4), c, n, m)
                if not is_real(run, b, step):
                    copied(H, (state_after(run, b, step - 1),), (new,))
                    if saved.size > 0:
                        copied(H, (c,), (shifted(place, 5 * H),))
                        copied(H, (n,), (shifted(place, 6 * H),))
                elif saved.size > 0:
                    _advance(H, values, (new, c, n, m, *spread(place, H, 7)))
                else:
                    _advance_unsaved(H, values, (new, c, n, m))


@compiled
def backward(
    operands: CellOperands,
    c0: Any,
    n0: Any,
    gradients: SlstmGradients,
    saved: Any,
    dy: Any,
    first: int,
    last: int,
) -> None:
    """Add up the gradients of the sequences from first to last, given dy (B, T, H).

    The operands' w_hh is (4, heads, width, width), output before input.
    """
    T, H = dy.shape[1:]
    run = locate(operands, 0, 0)
    dgates, dh = start(gradients.dgates), start(gradients.h)
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        filled = 0
        for step in range(T - 1, -1, -1):
            for r in range(rows):
                b = b0 + r
                at = b * T + position(run, step)
                d = (shifted(start(dy), at * H), shifted(dh, b * H))
                carried = (shifted(start(gradients.c), b * H), shifted(start(gradients.n), b * H))
                places = spread(shifted(dgates, (filled + r) * 4 * H), H, 4)
                if is_real(run, b, step):
                    before = (shifted(start(c0), b * H), shifted(start(n0), b * H))
                    if step > 0:
                        earlier = b * T + position(run, step - 1)
                        before = spread(shifted(start(saved), (earlier * 7 + 5) * H), H, 2)
                    values = (*spread(shifted(start(saved), at * 7 * H), H, 7), *before)
                    _find_gradients(H, (*values, *d, *carried), (*places, d[1], *carried))
                else:
                    cleared(4 * H, places[:1], places[:1])
                    added(H, d, d[1:])
                copied(4 * H, places[:1], (shifted(start(gradients.gates), at * 4 * H),))
                h = state_after(run, b, step - 1)
                copied(H, (h,), (shifted(start(gradients.hs), (filled + r) * H),))
            _go_back(operands.w_hh, gradients, b0, rows, filled)
            filled += rows
            if filled + rows > gradients.dgates.shape[0] or step == 0:
                _add_to_weights(gradients, filled)
                filled = 0


@inlined
def _go_back(weights: Any, gradients: SlstmGradients, b0: int, rows: int, filled: int) -> None:
    """Add a step's part to the gradient of the h before it."""
    heads, width = weights.shape[1:3]
    H = gradients.h.shape[1]
    dgates = shifted(start(gradients.dgates), filled * 4 * H)
    for gate in range(4):
        for head in range(heads):
            at = head * width
            block = shifted(start(weights), (gate * heads + head) * width * width)
            left = Matrix(shifted(dgates, gate * H + at), 4 * H, 1)
            place = Matrix(shifted(start(gradients.h), b0 * H + at), H, 1)
            multiply(left, Matrix(block, width, 1), place, (rows, width, width), True)


@inlined
def _add_to_weights(gradients: SlstmGradients, filled: int) -> None:
    heads, width = gradients.weights.shape[1:3]
    H = gradients.h.shape[1]
    for gate in range(4):
        for head in range(heads):
            at = head * width
            left = Matrix(shifted(start(gradients.dgates), gate * H + at), 1, 4 * H)  # transposed
            right = Matrix(shifted(start(gradients.hs), at), H, 1)
            block = shifted(start(gradients.weights), (gate * heads + head) * width * width)
            multiply(left, right, Matrix(block, width, 1), (width, filled, width), True)
