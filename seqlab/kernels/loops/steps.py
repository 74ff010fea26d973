"""What the loops of all cells share: a step's products, and a step's share of the gradients.

A cell has P numbers per sequence and step before its gates. The input's product fills the first
of them, the state's product is added to the last; where the two do not mix (the GRU's n), they
do not overlap. The gradients of these P numbers are all that a cell's own backward loop computes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from seqlab.kernels.loops.compilation import inlined
from seqlab.kernels.loops.matrices import Matrix, multiply, number_at, shifted, start
from seqlab.kernels.loops.vector import add, copy, elementwise, zero


class CellOperands(NamedTuple):
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


class Results(NamedTuple):
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


class Recurrence(NamedTuple):
    """Where the operands are and how large: plain numbers, which cost nothing to pass on."""

    x: Any
    h0: Any
    y: Any
    w_ih: Any
    w_hh: Any
    mask: Any
    masked: bool
    reverse: bool
    T: int
    D: int
    H: int
    Gx: int
    Gh: int


class CellGradients(NamedTuple):
    """Where the results are; K is how many rows a chunk holds, P how long they are."""

    dx: Any
    dh: Any
    dw_ih: Any
    dw_hh: Any
    dbias: Any
    dgates: Any
    xs: Any
    hs: Any
    wants_dx: bool
    K: int
    P: int


copied = elementwise(copy)
added = elementwise(add)
cleared = elementwise(zero)


@inlined
def locate(operands: CellOperands, Gx: int, Gh: int) -> Recurrence:
    """The operands' places and sizes."""
    x, h0, y, w_ih, w_hh, mask, reverse = operands
    _, T, D = x.shape
    places = (start(x), start(h0), start(y), start(w_ih), start(w_hh), start(mask))
    return Recurrence(*places, mask.size > 0, reverse, T, D, h0.shape[1], Gx, Gh)


@inlined
def locate_results(results: Results) -> CellGradients:
    """The results' places and sizes."""
    dx, dh, dw_ih, dw_hh, dbias, dgates, xs, hs = results
    sums = (start(dx), start(dh), start(dw_ih), start(dw_hh), start(dbias))
    chunk = (start(dgates), start(xs), start(hs))
    return CellGradients(*sums, *chunk, dx.size > 0, dgates.shape[0], dgates.shape[1])


@inlined
def position(run: Recurrence, step: int) -> int:
    """Where in the sequence a step is."""
    return run.T - 1 - step if run.reverse else step


@inlined
def state_after(run: Recurrence, b: int, step: int) -> Any:
    """The place of the state of sequence b that a step leaves behind; step −1 is the start."""
    if step < 0:
        return shifted(run.h0, b * run.H)
    return shifted(run.y, (b * run.T + position(run, step)) * run.H)


@inlined
def is_real(run: Recurrence, b: int, step: int) -> bool:
    """Whether a step of sequence b is not padding."""
    return not run.masked or number_at(run.mask, b * run.T + position(run, step))


@inlined
def project(run: Recurrence, bias: Any, gates: Any, P: int, tile: tuple[int, int, int]) -> None:
    """gates (rows, P) of a tile (first sequence, rows, step): the bias plus both products."""
    b0, rows, step = tile
    T, D, H = run.T, run.D, run.H
    for r in range(rows):
        copied(P, (bias,), (shifted(gates, r * P),))
    x = Matrix(shifted(run.x, (b0 * T + position(run, step)) * D), T * D, 1)
    weights, place = Matrix(run.w_ih, run.Gx, 1), Matrix(gates, P, 1)
    multiply(x, weights, place, (rows, D, run.Gx), True)
    h = Matrix(state_after(run, b0, step - 1), H if step == 0 else T * H, 1)
    weights, place = Matrix(run.w_hh, run.Gh, 1), Matrix(shifted(gates, P - run.Gh), P, 1)
    multiply(h, weights, place, (rows, H, run.Gh), True)


@inlined
def retreat(
    run: Recurrence, gradients: CellGradients, tile: tuple[int, int, int], filled: int
) -> int:
    """Pass dgates[filled : filled + rows] on to the step before, the inputs and the weights.

    Returns how many rows of the chunk are filled; a full one is added to the weights' gradients.
    """
    b0, rows, step = tile
    T, D, H, P = run.T, run.D, run.H, gradients.P
    dgates = shifted(gradients.dgates, filled * P)
    t = position(run, step)
    for r in range(rows):
        k = filled + r
        copied(H, (state_after(run, b0 + r, step - 1),), (shifted(gradients.hs, k * H),))
        copied(D, (shifted(run.x, ((b0 + r) * T + t) * D),), (shifted(gradients.xs, k * D),))
        added(P, (shifted(dgates, r * P), gradients.dbias), (gradients.dbias,))
    of_state = Matrix(shifted(dgates, P - run.Gh), P, 1)
    place = Matrix(shifted(gradients.dh, b0 * H), H, 1)
    multiply(of_state, Matrix(run.w_hh, H, 1), place, (rows, run.Gh, H), True)
    if gradients.wants_dx:
        place = Matrix(shifted(gradients.dx, (b0 * T + t) * D), T * D, 1)
        multiply(Matrix(dgates, P, 1), Matrix(run.w_ih, D, 1), place, (rows, run.Gx, D), False)
    filled += rows
    if filled + rows > gradients.K or step == 0:
        _add_to_weights(run, gradients, filled)
        filled = 0
    return filled


@inlined
def _add_to_weights(run: Recurrence, gradients: CellGradients, filled: int) -> None:
    D, H, P = run.D, run.H, gradients.P
    of_input = Matrix(gradients.dgates, 1, P)  # transposed
    place = Matrix(gradients.dw_ih, D, 1)
    multiply(of_input, Matrix(gradients.xs, D, 1), place, (run.Gx, filled, D), True)
    of_state = Matrix(shifted(gradients.dgates, P - run.Gh), 1, P)
    place = Matrix(gradients.dw_hh, H, 1)
    multiply(of_state, Matrix(gradients.hs, H, 1), place, (run.Gh, filled, H), True)
