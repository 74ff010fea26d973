"""The state space's backward loop: chunk after chunk, from a sequence's end to its start."""

from __future__ import annotations

from typing import Any, NamedTuple

from seqlab.kernels.loops.compilation import compiled, inlined
from seqlab.kernels.loops.matrices import TILE_ROWS, Matrix, multiply, number_at, shifted, start
from seqlab.kernels.loops.state_space import (
    Chunk,
    Room,
    StateSpaceOperands,
    add_scaled,
    decay_state,
    find_decays,
    find_pairs,
    find_scores,
    locate,
    multiply_lower,
    multiply_to_lower,
    scale_heads,
    transpose,
)
from seqlab.kernels.loops.steps import cleared, copied
from seqlab.kernels.loops.vector import Lanes, elementwise


class StateSpaceGradients(NamedTuple):
    """The operands' gradients, and the state's (B, N, E), which comes in as the last one's."""

    mixed: Any
    delta: Any
    log_decay: Any
    skip: Any
    state: Any


class Given(NamedTuple):
    """y and dy (B, T, E), the states before each chunk (B, C, N, E) and the final one."""

    y: Any
    dy: Any
    states: Any
    final: Any


def _product(x: Lanes, y: Lanes) -> tuple[Lanes, ...]:
    return (x * y,)


def _itself(x: Lanes) -> tuple[Lanes, ...]:
    return (x,)


def _input_gradient(
    x: Lanes, dscaled: Lanes, y: Lanes, dy: Lanes, delta: Lanes, skip: Lanes
) -> tuple[Lanes, ...]:
    return dscaled * delta + dy * skip, dscaled * x, dy * x, dy * y


_multiply = elementwise(_product)
_sum = elementwise(_itself, sums=1)
_find_input_gradient = elementwise(_input_gradient, sums=3)


@inlined
def _lower_transposed(
    left: Any, L: int, right: Matrix, into: Matrix, shape: tuple[int, int]
) -> None:
    """into (rows, columns) = leftᵀ · right for a lower triangular left (L numbers a row)."""
    rows, columns = shape
    for i in range(0, rows, TILE_ROWS):
        height = min(TILE_ROWS, rows - i)
        a = Matrix(shifted(left, i * L + i), 1, L)
        b = Matrix(shifted(right.first, i * right.row_step), right.row_step, 1)
        c = Matrix(shifted(into.first, i * into.row_step), into.row_step, 1)
        multiply(a, b, c, (height, rows - i, columns), False)


@inlined
def _find_end_slopes(chunk: Chunk, room: Room, dS: Any, after: Any) -> None:
    """slopes (H): dS · S at the chunk's end, for pointers to both (N, H, P)."""
    P, E = chunk.P, chunk.H * chunk.P
    products = start(room.ends)
    cleared(E, (products,), (products,))
    for n in range(chunk.N):
        add_scaled(E, (products, shifted(dS, n * E), shifted(after, n * E)), (products,))
    for h in range(chunk.H):
        _sum(P, (shifted(products, h * P),), (shifted(start(room.slopes), h),))


@inlined
def _through_pairs(chunk: Chunk, room: Room, dy: Any, dmixed: Any) -> None:
    """Within a chunk: fills dscaled, dkeys and dqueries, x_columns too."""
    rows, W, P, N, L = chunk.rows, chunk.W, chunk.P, chunk.N, chunk.L
    E = chunk.H * P
    dscores, dpairs = start(room.dscores), start(room.dpairs)
    cleared(L * L, (dscores,), (dscores,))
    transpose(start(room.scaled), E, room.x_columns, (rows, E))
    for h in range(chunk.H):
        find_pairs(room, h, rows)
        slopes = Matrix(shifted(dy, h * P), E, 1)
        dscaled = Matrix(shifted(start(room.dscaled), h * P), E, 1)
        _lower_transposed(start(room.pairs), L, slopes, dscaled, (rows, P))
        columns = Matrix(shifted(start(room.x_columns), h * P * L), L, 1)
        multiply_to_lower(slopes, columns, dpairs, L, (rows, P))
        for t in range(rows):
            total, decay = shifted(dscores, t * L), shifted(start(room.decay), t * L)
            add_scaled(t + 1, (total, shifted(dpairs, t * L), decay), (total,))
    dkeys, dqueries = Matrix(shifted(dmixed, E), W, 1), Matrix(shifted(dmixed, E + N), W, 1)
    multiply_lower(dscores, L, Matrix(chunk.keys, W, 1), dqueries, (rows, N), False)
    _lower_transposed(dscores, L, Matrix(chunk.queries, W, 1), dkeys, (rows, N))


@inlined
def _add_narrow(
    chunk: Chunk, room: Room, state: Any, columns: Any, factors: Any, into: Any
) -> None:
    """Add to into, a view (rows, N), the transpose of state · (columns ⊙ factors).

    state (N, E), columns (E, L), which are consumed, and factors (L, H).
    """
    rows, N, L, P = chunk.rows, chunk.N, chunk.L, chunk.P
    E = chunk.H * P
    for h in range(chunk.H):
        for t in range(rows):
            room.head[t] = factors[t, h]
        for e in range(h * P, (h + 1) * P):
            column = shifted(start(columns), e * L)
            _multiply(rows, (column, start(room.head)), (column,))
    places, narrow = Matrix(start(columns), L, 1), Matrix(start(room.narrow), L, 1)
    multiply(Matrix(state, E, 1), places, narrow, (N, E, rows), False)
    for t in range(rows):
        for n in range(N):
            into[t, n] += room.narrow[n, t]


@inlined
def _through_state(chunk: Chunk, room: Room, dy: Any, dS: Any) -> None:
    """Add to dscaled what comes through the state; take dS from the chunk's end to its start."""
    rows, W, H, P, N = chunk.rows, chunk.W, chunk.H, chunk.P, chunk.N
    E = H * P
    state, numbers = Matrix(dS, E, 1), start(room.rows)
    multiply(Matrix(chunk.keys, W, 1), state, Matrix(numbers, E, 1), (rows, N, E), False)
    for t in range(rows):
        for h in range(H):
            place = shifted(start(room.dscaled), t * E + h * P)
            source, kept = shifted(numbers, t * E + h * P), number_at(start(room.kept), t * H + h)
            add_scaled(P, (place, source, kept), (place,))
    scale_heads(chunk, Matrix(dy, E, 1), start(room.grown), numbers)
    decay_state(chunk, dS, room)
    multiply(Matrix(chunk.queries, 1, W), Matrix(numbers, E, 1), state, (N, rows, E), True)


@inlined
def _through_inputs(
    chunk: Chunk, room: Room, skip: Any, y: Any, dy: Any, gradients: StateSpaceGradients
) -> None:
    """From dscaled the gradients of x, delta, log_decay and skip; these are the chunk's own places.

    The total log decay c_t is in y_t as a factor e^{c_t} and in what x_t leaves as e^{−c_t}, so its
    gradient is dy_t · y_t − Δ_t x_t · d(Δ_t x_t) (y without the skip), and dS · S at the end.
    """
    W, H, P = chunk.W, chunk.H, chunk.P
    slopes, sums = start(room.slopes), start(room.sums)
    for t in range(chunk.rows - 1, -1, -1):
        for h in range(H):
            here, at = (t * H + h) * P, t * W + h * P
            delta, weight = number_at(chunk.delta, t * H + h), number_at(skip, h)
            numbers = (
                shifted(chunk.x, at),
                shifted(start(room.dscaled), here),
                shifted(y, here),
                shifted(dy, here),
                delta,
                weight,
            )
            places = (shifted(gradients.mixed, at), sums, shifted(sums, 1), shifted(sums, 2))
            _find_input_gradient(P, numbers, places)
            gradients.delta[t, h] = room.sums[0]
            gradients.skip[h] += room.sums[1]
            room.slopes[h] += room.sums[2] - weight * room.sums[1] - delta * room.sums[0]
        copied(H, (slopes,), (shifted(gradients.log_decay, t * H),))


@compiled
def backward(
    run: StateSpaceOperands,
    results: StateSpaceGradients,
    given: Given,
    room: Room,
    first: int,
    last: int,
) -> None:
    """Fill the gradients; that of skip is added to."""
    _, T, E = given.y.shape
    N, L = room.narrow.shape
    H, chunks = run.skip.shape[0], given.states.shape[1]
    for b in range(first, last):
        dS = shifted(start(results.state), b * N * E)
        after = shifted(start(given.final), b * N * E)
        for c in range(chunks - 1, -1, -1):
            chunk = locate(run, room, b, c)
            t0, at, W = c * L, b * T + c * L, chunk.W
            before = shifted(start(given.states), (b * chunks + c) * N * E)
            y, dy = shifted(start(given.y), at * E), shifted(start(given.dy), at * E)
            dmixed = shifted(start(results.mixed), at * W)
            _find_end_slopes(chunk, room, dS, after)
            find_decays(chunk, room)
            find_scores(chunk, room)
            scale_heads(chunk, Matrix(chunk.x, W, 1), chunk.delta, start(room.scaled))
            _through_pairs(chunk, room, dy, dmixed)
            transpose(dy, E, room.dy_columns, (chunk.rows, E))
            dqueries = results.mixed[b, t0:, E + N :]
            _add_narrow(chunk, room, before, room.dy_columns, room.grown, dqueries)
            dkeys = results.mixed[b, t0:, E : E + N]
            _add_narrow(chunk, room, dS, room.x_columns, room.kept, dkeys)
            _through_state(chunk, room, dy, dS)
            places = StateSpaceGradients(
                dmixed,
                results.delta[b, t0:],
                shifted(start(results.log_decay), at * H),
                results.skip,
                results.state,
            )
            _through_inputs(chunk, room, start(run.skip), y, dy, places)
            after = before
