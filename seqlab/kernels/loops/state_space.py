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


class StateSpaceOperands(NamedTuple):
    """mixed (B, T, E + 2N): x, keys and queries; delta and log_decay (B, T, H); skip (H)."""

    mixed: Any
    delta: Any
    log_decay: Any
    skip: Any


class Room(NamedTuple):
    """A thread's numbers of one chunk of L positions, with E = H·P; all zero at first.

    steps, grown and kept (L, H): the decay of a position, from the start to it, from it to the end;
    scores, decay, pairs, dscores, dpairs (L, L; nothing above the diagonal); scaled (L, E) is Δ x;
    dscaled and rows (L, E); x_columns and dy_columns (E, L); key_columns and narrow (N, L);
    ends (E), head (L), slopes (H) and sums (3).
    """

    steps: Any
    grown: Any
    kept: Any
    scores: Any
    decay: Any
    pairs: Any
    dscores: Any
    dpairs: Any
    scaled: Any
    dscaled: Any
    rows: Any
    x_columns: Any
    dy_columns: Any
    key_columns: Any
    narrow: Any
    ends: Any
    head: Any
    slopes: Any
    sums: Any


class Chunk(NamedTuple):
    """Where a chunk's operands are and how large; x, keys and queries are W numbers apart."""

    x: Any
    keys: Any
    queries: Any
    delta: Any
    log_decay: Any
    rows: int
    W: int
    H: int
    P: int
    N: int
    L: int


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
def locate(run: StateSpaceOperands, room: Room, b: int, c: int) -> Chunk:
    """Chunk c of sequence b."""
    _, T, W = run.mixed.shape
    H, (N, L) = run.skip.shape[0], room.narrow.shape
    E, at = W - 2 * N, b * T + c * L
    x = shifted(start(run.mixed), at * W)
    delta, log_decay = shifted(start(run.delta), at * H), shifted(start(run.log_decay), at * H)
    rows = min(L, T - c * L)
    return Chunk(x, shifted(x, E), shifted(x, E + N), delta, log_decay, rows, W, H, E // H, N, L)


@inlined
def find_decays(chunk: Chunk, room: Room) -> None:
    """Fill steps, grown and kept."""
    H, rows = chunk.H, chunk.rows
    steps, grown, kept = start(room.steps), start(room.grown), start(room.kept)
    _exponentials(rows * H, (chunk.log_decay,), (steps,))
    copied(H, (steps,), (grown,))
    for t in range(1, rows):
        here, before = t * H, (t - 1) * H
        _scale(H, (shifted(grown, before), shifted(steps, here)), (shifted(grown, here),))
    room.kept[rows - 1, :] = 1
    for t in range(rows - 2, -1, -1):
        here, after = t * H, (t + 1) * H
        _scale(H, (shifted(kept, after), shifted(steps, after)), (shifted(kept, here),))


@inlined
def transpose(source: Any, step: int, into: Any, shape: tuple[int, int]) -> None:
    """into (columns, ≥ rows) = the transpose of (rows, columns) numbers, rows a step apart."""
    rows, columns = shape
    for i in range(0, rows, 16):
        for j in range(0, columns, 16):
            for r in range(i, min(i + 16, rows)):
                for c in range(j, min(j + 16, columns)):
                    into[c, r] = number_at(source, r * step + c)


@inlined
def scale_heads(chunk: Chunk, x: Matrix, factors: Any, into: Any) -> None:
    """into (rows, E) = x times factors (rows, H), each for the P numbers of its head."""
    H, P = chunk.H, chunk.P
    for t in range(chunk.rows):
        for h in range(H):
            source = shifted(x.first, t * x.row_step + h * P)
            _scale(P, (source, number_at(factors, t * H + h)), (shifted(into, (t * H + h) * P),))


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
def find_scores(chunk: Chunk, room: Room) -> None:
    """Fill key_columns, and scores: each position's query times the keys up to it."""
    transpose(chunk.keys, chunk.W, room.key_columns, (chunk.rows, chunk.N))
    queries, keys = Matrix(chunk.queries, chunk.W, 1), Matrix(start(room.key_columns), chunk.L, 1)
    multiply_to_lower(queries, keys, start(room.scores), chunk.L, (chunk.rows, chunk.N))


@inlined
def decay_state(chunk: Chunk, state: Any, room: Room) -> None:
    """Multiply the state (N, H, P) by the decay of the whole chunk."""
    P, E = chunk.P, chunk.H * chunk.P
    for h in range(chunk.H):
        room.ends[h * P : (h + 1) * P] = room.grown[chunk.rows - 1, h]
    for n in range(chunk.N):
        here = shifted(state, n * E)
        _scale(E, (here, start(room.ends)), (here,))


@compiled
def forward(
    run: StateSpaceOperands, state: Any, y: Any, states: Any, room: Room, first: int, last: int
) -> None:
    """Fill y (B, T, E), take state (B, N, E) from the first to the last one.

    states (B, C, N, E) receives the state before each chunk, unless it is empty.
    """
    _, T, E = y.shape
    N, L = room.narrow.shape
    scaled, rows = start(room.scaled), start(room.rows)
    for b in range(first, last):
        S = shifted(start(state), b * N * E)
        for c in range(-(-T // L)):
            chunk = locate(run, room, b, c)
            W, H, P, count = chunk.W, chunk.H, chunk.P, chunk.rows
            out = shifted(start(y), (b * T + c * L) * E)
            if states.size > 0:
                copied(N * E, (S,), (shifted(start(states), (b * states.shape[1] + c) * N * E),))
            find_decays(chunk, room)
            find_scores(chunk, room)
            queries, into = Matrix(chunk.queries, W, 1), Matrix(out, E, 1)
            multiply(queries, Matrix(S, E, 1), into, (count, N, E), False)
            scale_heads(chunk, into, start(room.grown), out)
            scale_heads(chunk, Matrix(chunk.x, W, 1), chunk.delta, scaled)
            for h in range(H):
                find_pairs(room, h, count)
                source = Matrix(shifted(scaled, h * P), E, 1)
                place = Matrix(shifted(out, h * P), E, 1)
                multiply_lower(start(room.pairs), L, source, place, (count, P), True)
                for t in range(count):
                    here = shifted(out, t * E + h * P)
                    x = shifted(chunk.x, t * W + h * P)
                    add_scaled(P, (here, x, number_at(start(run.skip), h)), (here,))
            scale_heads(chunk, Matrix(scaled, E, 1), start(room.kept), rows)
            decay_state(chunk, S, room)
            keys = Matrix(chunk.keys, 1, W)
            multiply(keys, Matrix(rows, E, 1), Matrix(S, E, 1), (N, count, E), True)
