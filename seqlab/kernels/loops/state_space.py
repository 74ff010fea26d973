"""The state space's loops: chunk after chunk of a sequence, all products in the nearest caches.

Within a chunk, outputs are a triangular matrix of pairs of positions times the inputs; what came
before is read from the state. Decays are running products, which neither overflow nor cancel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from seqlab.kernels.loops.compilation import compiled, inlined
from seqlab.kernels.loops.matrices import TILE_ROWS, Matrix, multiply, number_at, shifted, start
from seqlab.kernels.loops.steps import copied
from seqlab.kernels.loops.vector import Lanes, elementwise, exp


class Operands(NamedTuple):
    """x (B, T, H, P), log_decay (B, T, H), keys and queries (B, T, N): the paper's B and C."""

    x: Any
    log_decay: Any
    keys: Any
    queries: Any


class Room(NamedTuple):
    """A thread's numbers of one chunk of L positions, with E = H·P; all zero at first.

    steps, grown and kept (L, H): the decay of a position, from the start to it, from it to the end;
    scores, decay, pairs, dscores, dpairs (L, L; nothing above the diagonal); rows and weighted
    (L, E); x_columns and dy_columns (E, L); key_columns and narrow (N, L); ends (E), head (L) and
    slopes (H).
    """

    steps: Any
    grown: Any
    kept: Any
    scores: Any
    decay: Any
    pairs: Any
    dscores: Any
    dpairs: Any
    rows: Any
    weighted: Any
    x_columns: Any
    dy_columns: Any
    key_columns: Any
    narrow: Any
    ends: Any
    head: Any
    slopes: Any


def _exponential(a: Lanes) -> tuple[Lanes, ...]:
    return (exp(a),)


def _scaled(x: Lanes, factor: Lanes) -> tuple[Lanes, ...]:
    return (x * factor,)


def _plus_scaled(x: Lanes, y: Lanes, factor: Lanes) -> tuple[Lanes, ...]:
    return (x + y * factor,)


def _paired(earlier: Lanes, score: Lanes, step: Lanes) -> tuple[Lanes, ...]:
    decay = earlier * step
    return decay, decay * score


_exponentials = elementwise(_exponential)
_scale = elementwise(_scaled)
add_scaled = elementwise(_plus_scaled)
_pair = elementwise(_paired)


@inlined
def find_decays(log_decay: Any, room: Room, rows: int) -> None:
    """Fill steps, grown and kept from the pointer to the chunk's first log_decay."""
    H = room.steps.shape[1]
    steps, grown, kept = start(room.steps), start(room.grown), start(room.kept)
    _exponentials(rows * H, (log_decay,), (steps,))
    copied(H, (steps,), (grown,))
    for t in range(1, rows):
        here, before = t * H, (t - 1) * H
        _scale(H, (shifted(grown, before), shifted(steps, here)), (shifted(grown, here),))
    room.kept[rows - 1, :] = 1
    for t in range(rows - 2, -1, -1):
        here, after = t * H, (t + 1) * H
        _scale(H, (shifted(kept, after), shifted(steps, after)), (shifted(kept, here),))


@inlined
def transpose(source: Any, first: int, rows: int, columns: int, into: Any) -> None:
    """into (columns, ≥ rows) = the transpose of `rows` rows of the flat array from `first` on."""
    for i in range(0, rows, 16):
        for j in range(0, columns, 16):
            for r in range(i, min(i + 16, rows)):
                for c in range(j, min(j + 16, columns)):
                    into[c, r] = source[first + r * columns + c]


@inlined
def scale_heads(x: Any, factors: Any, into: Any, rows: int) -> None:
    """into = x · factors, for pointers x and into (rows, H, P) and an array factors (rows, H)."""
    H, P = factors.shape[1], into[1]
    for t in range(rows):
        for h in range(H):
            at = (t * H + h) * P
            factor = number_at(start(factors), t * H + h)
            _scale(P, (shifted(x, at), factor), (shifted(into[0], at),))


@inlined
def multiply_lower(
    left: Any, L: int, right: Matrix, into: Matrix, shape: tuple[int, int], add_: bool
) -> None:
    """into (rows, columns) = left · right for a lower triangular left (L numbers a row)."""
    rows, columns = shape
    for i in range(0, rows, TILE_ROWS):
        height = min(TILE_ROWS, rows - i)
        a = Matrix(shifted(left, i * L), L, 1)
        c = Matrix(shifted(into.first, i * into.row_step), into.row_step, 1)
        multiply(a, right, c, (height, i + height, columns), add_)


@inlined
def multiply_to_lower(
    left: Matrix, right: Matrix, into: Any, L: int, shape: tuple[int, int]
) -> None:
    """The part on and below the diagonal of into (rows, L) = left (rows, inner) · right."""
    rows, inner = shape
    for i in range(0, rows, TILE_ROWS):
        height = min(TILE_ROWS, rows - i)
        a = Matrix(shifted(left.first, i * left.row_step), left.row_step, left.column_step)
        c = Matrix(shifted(into, i * L), L, 1)
        multiply(a, right, c, (height, inner, i + height), False)


@inlined
def find_pairs(room: Room, h: int, rows: int) -> None:
    """Fill decay and pairs of a head: what position s weighs at t, without and with its score."""
    L, H = room.steps.shape
    decay, pairs, scores = start(room.decay), start(room.pairs), start(room.scores)
    for t in range(rows):
        if t > 0:
            here, step = t * L, number_at(start(room.steps), t * H + h)
            sources = (shifted(decay, here - L), shifted(scores, here), step)
            _pair(t, sources, (shifted(decay, here), shifted(pairs, here)))
        room.decay[t, t] = 1
        room.pairs[t, t] = room.scores[t, t]


@inlined
def find_scores(run: Operands, room: Room, at: int, rows: int) -> None:
    """Fill key_columns, and scores: each position's query times the keys up to it."""
    N, L = room.key_columns.shape
    transpose(run.keys.reshape(-1), at * N, rows, N, room.key_columns)
    queries = Matrix(shifted(start(run.queries), at * N), N, 1)
    keys = Matrix(start(room.key_columns), L, 1)
    multiply_to_lower(queries, keys, start(room.scores), L, (rows, N))


@inlined
def decay_state(state: Any, room: Room, shape: tuple[int, int, int], last: int) -> None:
    """Multiply the state (N, H, P) by the decay of the whole chunk, whose last row is `last`."""
    N, H, P = shape
    for h in range(H):
        room.ends[h * P : (h + 1) * P] = room.grown[last, h]
    for n in range(N):
        here = shifted(state, n * H * P)
        _scale(H * P, (here, start(room.ends)), (here,))


@compiled
def forward(
    run: Operands, state: Any, y: Any, states: Any, room: Room, first: int, last: int
) -> None:
    """Fill y (B, T, H, P), take state (B, N, E) from the first to the last one.

    states (B, C, N, E) receives the state before each chunk, unless it is empty.
    """
    _, T, H, P = run.x.shape
    N, L = room.key_columns.shape
    E = H * P
    for b in range(first, last):
        S = shifted(start(state), b * N * E)
        for c in range(-(-T // L)):
            at, rows = b * T + c * L, min(L, T - c * L)
            if states.size > 0:
                copied(N * E, (S,), (shifted(start(states), (b * states.shape[1] + c) * N * E),))
            find_decays(shifted(start(run.log_decay), at * H), room, rows)
            find_scores(run, room, at, rows)
            x, out = shifted(start(run.x), at * E), shifted(start(y), at * E)
            queries = Matrix(shifted(start(run.queries), at * N), N, 1)
            multiply(queries, Matrix(S, E, 1), Matrix(out, E, 1), (rows, N, E), False)
            scale_heads(out, room.grown, (out, P), rows)
            for h in range(H):
                find_pairs(room, h, rows)
                source, into = Matrix(shifted(x, h * P), E, 1), Matrix(shifted(out, h * P), E, 1)
                multiply_lower(start(room.pairs), L, source, into, (rows, P), True)
            scale_heads(x, room.kept, (start(room.weighted), P), rows)
            decay_state(S, room, (N, H, P), rows - 1)
            keys = Matrix(shifted(start(run.keys), at * N), 1, N)
            weighted = Matrix(start(room.weighted), E, 1)
            multiply(keys, weighted, Matrix(S, E, 1), (N, rows, E), True)
