"""What the loops of all cells share: a step's products, and a step's share of the gradients.

A cell has P numbers per sequence and step before its gates. The input's product fills the first
of them, the state's product is added to the last; where the two do not mix (the GRU's n), they
do not overlap. The gradients of these P numbers are all that a cell's own backward loop computes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from seqlab.kernels.loops.compilation import inlined
from seqlab.kernels.loops.matrices import Matrix, at, multiply
from seqlab.kernels.loops.vector import add, copy, elementwise


class Recurrence(NamedTuple):
    """What a cell's loops read and, forward, write: its states y.

    x (B, T, D), h0 (B, H), y (B, T, H), mask (B, T) or (0, 0) for none. Forward, w_ih is (D, Gx)
    and w_hh (H, Gh); backward both are the other way round.
    """

    x: Any
    h0: Any
    y: Any
    w_ih: Any
    w_hh: Any
    mask: Any
    reverse: bool


class Gradients(NamedTuple):
    """What a cell's backward loop adds up, and its memory for a chunk of K steps × sequences.

    dx (B, T, D) or (0, 0, 0), dh (B, H; comes in as the last state's, leaves as the first's),
    dw_ih (Gx, D), dw_hh (Gh, H), dbias (P); dgates (K, P), xs (K, D), hs (K, H).
    """

    dx: Any
    dh: Any
    dw_ih: Any
    dw_hh: Any
    dbias: Any
    dgates: Any
    xs: Any
    hs: Any


copied = elementwise(copy)
added = elementwise(add)


@inlined
def position(run: Recurrence, step: int) -> int:
    """Where in the sequence a step is."""
    return run.x.shape[1] - 1 - step if run.reverse else step


@inlined
def state_before(run: Recurrence, b: int, step: int) -> Any:
    """The pointer to the state of sequence b that a step starts from."""
    return at(run.h0, (b, 0)) if step == 0 else at(run.y, (b, position(run, step - 1), 0))


@inlined
def is_real(run: Recurrence, b: int, t: int) -> bool:
    """Whether position t of sequence b is not padding."""
    return run.mask.size == 0 or run.mask[b, t]


@inlined
def project(run: Recurrence, bias: Any, gates: Any, tile: tuple[int, int], step: int) -> None:
    """gates (rows, P) of a tile (first sequence, rows): the bias plus both products."""
    b0, rows = tile
    _, T, D = run.x.shape
    H = run.h0.shape[1]
    P = gates.shape[1]
    for r in range(rows):
        copied(P, (at(bias, (0,)),), (at(gates, (r, 0)),))
    Gx, Gh = run.w_ih.shape[1], run.w_hh.shape[1]
    x = Matrix(at(run.x, (b0, position(run, step), 0)), T * D, 1)
    weights, place = Matrix(at(run.w_ih, (0, 0)), Gx, 1), Matrix(at(gates, (0, 0)), P, 1)
    multiply(x, weights, place, (rows, D, Gx), True)
    h = Matrix(state_before(run, b0, step), H if step == 0 else T * H, 1)
    weights, place = Matrix(at(run.w_hh, (0, 0)), Gh, 1), Matrix(at(gates, (0, P - Gh)), P, 1)
    multiply(h, weights, place, (rows, H, Gh), True)


@inlined
def retreat(
    run: Recurrence, gradients: Gradients, tile: tuple[int, int], step: int, filled: int
) -> int:
    """Pass dgates[filled : filled + rows] on to the step before, the inputs and the weights.

    Returns how many rows of the chunk are filled; a full one is added to the weights' gradients.
    """
    b0, rows = tile
    dx, dh, _, _, dbias, dgates, xs, hs = gradients
    _, T, D = run.x.shape
    H, P = dh.shape[1], dgates.shape[1]
    Gx, Gh = run.w_ih.shape[0], run.w_hh.shape[0]
    t = position(run, step)
    for r in range(rows):
        k = filled + r
        copied(H, (state_before(run, b0 + r, step),), (at(hs, (k, 0)),))
        copied(D, (at(run.x, (b0 + r, t, 0)),), (at(xs, (k, 0)),))
        added(P, (at(dgates, (k, 0)), at(dbias, (0,))), (at(dbias, (0,)),))
    of_state = Matrix(at(dgates, (filled, P - Gh)), P, 1)
    weights, place = Matrix(at(run.w_hh, (0, 0)), H, 1), Matrix(at(dh, (b0, 0)), H, 1)
    multiply(of_state, weights, place, (rows, Gh, H), True)
    if dx.size > 0:
        of_input = Matrix(at(dgates, (filled, 0)), P, 1)
        weights, place = Matrix(at(run.w_ih, (0, 0)), D, 1), Matrix(at(dx, (b0, t, 0)), T * D, 1)
        multiply(of_input, weights, place, (rows, Gx, D), False)
    filled += rows
    if filled + rows > dgates.shape[0] or step == 0:
        _add_to_weights(gradients, filled)
        filled = 0
    return filled


@inlined
def _add_to_weights(gradients: Gradients, filled: int) -> None:
    _, _, dw_ih, dw_hh, _, dgates, xs, hs = gradients
    P, (Gx, D), (Gh, H) = dgates.shape[1], dw_ih.shape, dw_hh.shape
    of_input = Matrix(at(dgates, (0, 0)), 1, P)  # transposed
    inputs, place = Matrix(at(xs, (0, 0)), D, 1), Matrix(at(dw_ih, (0, 0)), D, 1)
    multiply(of_input, inputs, place, (Gx, filled, D), True)
    of_state = Matrix(at(dgates, (0, P - Gh)), 1, P)
    states, place = Matrix(at(hs, (0, 0)), H, 1), Matrix(at(dw_hh, (0, 0)), H, 1)
    multiply(of_state, states, place, (Gh, filled, H), True)
