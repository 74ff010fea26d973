"""The state space's backward loop: chunk after chunk, from a sequence's end to its start."""

from __future__ import annotations

from typing import Any, NamedTuple

from seqlab.kernels.loops.compilation import compiled, inlined
from seqlab.kernels.loops.matrices import TILE_ROWS, Matrix, multiply, number_at, shifted, start
from seqlab.kernels.loops.state_space import (
    Operands,
    Room,
    add_scaled,
    decay_state,
    find_decays,
    find_pairs,
    find_scores,
    multiply_lower,
    multiply_to_lower,
    scale_heads,
    transpose,
)
from seqlab.kernels.loops.steps import added, cleared, copied
from seqlab.kernels.loops.vector import Lanes, elementwise


class Gradients(NamedTuple):
    """The operands' gradients, and the state's (B, N, E), which comes in as the last one's."""

    x: Any
    log_decay: Any
    keys: Any
    queries: Any
    state: Any


class Given(NamedTuple):
    """y and dy (B, T, H, P), the states before each chunk (B, C, N, E) and the final one."""

    y: Any
    dy: Any
    states: Any
    final: Any


def _difference(dy: Lanes, y: Lanes, x: Lanes, dx: Lanes) -> tuple[Lanes, ...]:
    return (dy * y - x * dx,)


def _itself(x: Lanes) -> tuple[Lanes, ...]:
    return (x,)


def _product(x: Lanes, y: Lanes) -> tuple[Lanes, ...]:
    return (x * y,)


_multiply = elementwise(_product)
_sum = elementwise(_itself, sums=1)
_sum_of_difference = elementwise(_difference, sums=1)


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
def _through_pairs(
    run: Operands, results: Gradients, room: Room, dy: Any, chunk: tuple[int, int]
) -> None:
    """The gradients of x, keys and queries within a chunk; fills x_columns."""
    at, rows = chunk
    H, P = run.x.shape[2:]
    N, L = room.key_columns.shape
    E = H * P
    dscores, dpairs = start(room.dscores), start(room.dpairs)
    cleared(L * L, (dscores,), (dscores,))
    transpose(run.x.reshape(-1), at * E, rows, E, room.x_columns)
    for h in range(H):
        find_pairs(room, h, rows)
        slopes = Matrix(shifted(dy, h * P), E, 1)
        dx = Matrix(shifted(start(results.x), at * E + h * P), E, 1)
        _lower_transposed(start(room.pairs), L, slopes, dx, (rows, P))
        columns = Matrix(shifted(start(room.x_columns), h * P * L), L, 1)
        multiply_to_lower(slopes, columns, dpairs, L, (rows, P))
        for t in range(rows):
            total, decay = shifted(dscores, t * L), shifted(start(room.decay), t * L)
            add_scaled(t + 1, (total, shifted(dpairs, t * L), decay), (total,))
    keys = Matrix(shifted(start(run.keys), at * N), N, 1)
    queries = Matrix(shifted(start(run.queries), at * N), N, 1)
    dkeys = Matrix(shifted(start(results.keys), at * N), N, 1)
    dqueries = Matrix(shifted(start(results.queries), at * N), N, 1)
    multiply_lower(dscores, L, keys, dqueries, (rows, N), False)
    _lower_transposed(dscores, L, queries, dkeys, (rows, N))


@inlined
def _read_narrow(state: Any, columns: Any, factors: Any, room: Room, rows: int) -> None:
    """narrow = state (N, E) · (columns (E, L) ⊙ factors (L, H)); the columns are consumed."""
    N, L = room.narrow.shape
    E, H = columns.shape[0], factors.shape[1]
    for h in range(H):
        for t in range(rows):
            room.head[t] = factors[t, h]
        for e in range(h * (E // H), (h + 1) * (E // H)):
            column = shifted(start(columns), e * L)
            _multiply(rows, (column, start(room.head)), (column,))
    places = Matrix(start(columns), L, 1)
    multiply(Matrix(state, E, 1), places, Matrix(start(room.narrow), L, 1), (N, E, rows), False)


@inlined
def _add_narrow(room: Room, into: Any, chunk: tuple[int, int]) -> None:
    """Add the transpose of narrow to the rows of a chunk in the array into (B, T, N)."""
    at, rows = chunk
    T = into.shape[1]
    for t in range(rows):
        for n in range(into.shape[2]):
            into[at // T, at % T + t, n] += room.narrow[n, t]


@inlined
def _through_state(
    run: Operands, results: Gradients, room: Room, dy: Any, dS: Any, chunk: tuple[int, int]
) -> None:
    """The gradient of x through the state, and dS from the chunk's end to its start."""
    at, rows = chunk
    H, P = run.x.shape[2:]
    N = room.narrow.shape[0]
    E = H * P
    keys = Matrix(shifted(start(run.keys), at * N), N, 1)
    multiply(keys, Matrix(dS, E, 1), Matrix(start(room.rows), E, 1), (rows, N, E), False)
    for t in range(rows):
        for h in range(H):
            place = shifted(start(results.x), (at + t) * E + h * P)
            source = shifted(start(room.rows), t * E + h * P)
            add_scaled(P, (place, source, number_at(start(room.kept), t * H + h)), (place,))
    scale_heads(dy, room.grown, (start(room.weighted), P), rows)
    decay_state(dS, room, (N, H, P), rows - 1)
    queries = Matrix(shifted(start(run.queries), at * N), 1, N)
    weighted = Matrix(start(room.weighted), E, 1)
    multiply(queries, weighted, Matrix(dS, E, 1), (N, rows, E), True)


@inlined
def _find_end_slopes(room: Room, dS: Any, after: Any, shape: tuple[int, int, int]) -> None:
    """slopes (H): dS · S at the chunk's end, for pointers to both (N, H, P)."""
    N, H, P = shape
    E = H * P
    products = start(room.ends)
    cleared(E, (products,), (products,))
    for n in range(N):
        add_scaled(E, (products, shifted(dS, n * E), shifted(after, n * E)), (products,))
    for h in range(H):
        _sum(P, (shifted(products, h * P),), (shifted(start(room.slopes), h),))


@inlined
def _through_decays(
    run: Operands, results: Gradients, room: Room, y: Any, dy: Any, chunk: tuple[int, int]
) -> None:
    """The gradient of log_decay; y and dy are pointers to the chunk's first rows."""
    at, rows = chunk
    H, P = run.x.shape[2:]
    x, dx = shifted(start(run.x), at * H * P), shifted(start(results.x), at * H * P)
    slopes = start(room.slopes)
    for t in range(rows - 1, -1, -1):
        here = shifted(start(results.log_decay), (at + t) * H)
        for h in range(H):
            place = (t * H + h) * P
            sources = (shifted(dy, place), shifted(y, place), shifted(x, place), shifted(dx, place))
            _sum_of_difference(P, sources, (shifted(here, h),))
        added(H, (slopes, here), (slopes,))
        copied(H, (slopes,), (here,))


@compiled
def backward(
    run: Operands, results: Gradients, given: Given, room: Room, first: int, last: int
) -> None:
    """Fill the gradients.

    The total log decay c_t is in y_t as a factor e^{c_t} and in what x_t leaves as e^{−c_t}, so its
    gradient is dy_t · y_t − x_t · dx_t, and at the chunk's end dS · S as well.
    """
    y, dy, states, final = given
    _, T, H, P = run.x.shape
    N, L = room.key_columns.shape
    E, chunks = H * P, states.shape[1]
    for b in range(first, last):
        dS = shifted(start(results.state), b * N * E)
        after = shifted(start(final), b * N * E)
        for c in range(chunks - 1, -1, -1):
            at, rows = b * T + c * L, min(L, T - c * L)
            before = shifted(start(states), (b * chunks + c) * N * E)
            slopes = shifted(start(dy), at * E)
            _find_end_slopes(room, dS, after, (N, H, P))
            find_decays(shifted(start(run.log_decay), at * H), room, rows)
            find_scores(run, room, at, rows)
            _through_pairs(run, results, room, slopes, (at, rows))
            transpose(dy.reshape(-1), at * E, rows, E, room.dy_columns)
            _read_narrow(before, room.dy_columns, room.grown, room, rows)
            _add_narrow(room, results.queries, (at, rows))
            _read_narrow(dS, room.x_columns, room.kept, room, rows)
            _add_narrow(room, results.keys, (at, rows))
            _through_state(run, results, room, slopes, dS, (at, rows))
            _through_decays(run, results, room, shifted(start(y), at * E), slopes, (at, rows))
            after = before
