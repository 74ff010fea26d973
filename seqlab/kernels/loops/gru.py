"""The GRU's loops: one pass over time for each tile of sequences, products and gates together."""

from __future__ import annotations

from typing import Any, NamedTuple

from seqlab.kernels.loops.compilation import compiled
from seqlab.kernels.loops.matrices import TILE_ROWS, Matrix, at, multiply
from seqlab.kernels.loops.vector import Lanes, add, copy, elementwise, sigmoid, tanh


class Inputs(NamedTuple):
    """x (B, T, D), h0 (B, H), weights, biases (4, H: r, z, n of x, n of h), mask (B, T) or (0, 0)."""

    x: Any
    h0: Any
    w_ih: Any
    w_hh: Any
    bias: Any
    mask: Any


def _new_state(
    x_r: Lanes, x_z: Lanes, x_n: Lanes, h_r: Lanes, h_z: Lanes, h_n: Lanes,
    b_r: Lanes, b_z: Lanes, b_xn: Lanes, b_hn: Lanes, h: Lanes,
) -> tuple[Lanes, ...]:  # fmt: skip
    r = sigmoid(x_r + h_r + b_r)
    z = sigmoid(x_z + h_z + b_z)
    h_n = h_n + b_hn
    n = tanh(x_n + b_xn + r * h_n)
    return n + z * (h - n), r, z, n, h_n


def _state_alone(*values: Lanes) -> tuple[Lanes, ...]:
    return _new_state(*values)[:1]


def _gradients(
    dy: Lanes, dh: Lanes, r: Lanes, z: Lanes, n: Lanes, h_n: Lanes, h: Lanes
) -> tuple[Lanes, ...]:
    dh = dh + dy
    dn = dh * (1.0 - z) * (1.0 - n * n)
    dr = dn * h_n * r * (1.0 - r)
    dz = dh * (h - n) * z * (1.0 - z)
    return dn, dr, dz, dn * r, dh * z


_save_state = elementwise(_new_state)
_move_state = elementwise(_state_alone)
_find_gradients = elementwise(_gradients)
_copy = elementwise(copy)
_add = elementwise(add)


@compiled
def forward(inputs, reverse, y, saved, x_part, h_part, first, last):
    x, h0, w_ih, w_hh, bias, mask = inputs
    B, T, D = x.shape
    H = h0.shape[1]
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        previous = Matrix(at(h0, (b0, 0)), H, 1)
        for step in range(T):
            t = T - 1 - step if reverse else step
            multiply(
                Matrix(at(x, (b0, t, 0)), T * D, 1),
                Matrix(at(w_ih, (0, 0)), 3 * H, 1),
                Matrix(at(x_part, (0, 0)), 3 * H, 1),
                (rows, D, 3 * H),
                False,
            )
            multiply(
                previous,
                Matrix(at(w_hh, (0, 0)), 3 * H, 1),
                Matrix(at(h_part, (0, 0)), 3 * H, 1),
                (rows, H, 3 * H),
                False,
            )
            for r in range(rows):
                h = at(h0, (b0 + r, 0)) if step == 0 else at(y, (b0 + r, t + 1 if reverse else t - 1, 0))
                new = at(y, (b0 + r, t, 0))
                if mask.size > 0 and not mask[b0 + r, t]:
                    _copy(H, (h,), (new,))
                    continue
                values = (
                    at(x_part, (r, 0)), at(x_part, (r, H)), at(x_part, (r, 2 * H)),
                    at(h_part, (r, 0)), at(h_part, (r, H)), at(h_part, (r, 2 * H)),
                    at(bias, (0, 0)), at(bias, (1, 0)), at(bias, (2, 0)), at(bias, (3, 0)), h,
                )
                if saved.size > 0:
                    _save_state(H, values, (new, at(saved, (b0 + r, t, 0, 0)), at(saved, (b0 + r, t, 1, 0)), at(saved, (b0 + r, t, 2, 0)), at(saved, (b0 + r, t, 3, 0))))
                else:
                    _move_state(H, values, (new,))
            previous = Matrix(at(y, (b0, t, 0)), T * H, 1)


@compiled
def backward(inputs, reverse, y, saved, dy, dh, dx, dgates, xs, hs, dw_ih, dw_hh, dbias, first, last):
    """w_ih: (n, r, z) rows x D; w_hh (r z n) x H. dgates (chunk rows, 4H): n of x, r, z, n of h"""
    x, h0, w_ih, w_hh, bias, mask = inputs
    B, T, D = x.shape
    H = h0.shape[1]
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        steps = dgates.shape[0] // rows
        filled = 0
        for step in range(T - 1, -1, -1):
            t = T - 1 - step if reverse else step
            for r in range(rows):
                k = filled + r
                h = at(h0, (b0 + r, 0)) if step == 0 else at(y, (b0 + r, t + 1 if reverse else t - 1, 0))
                d = at(dh, (b0 + r, 0))
                g = at(dy, (b0 + r, t, 0))
                if mask.size > 0 and not mask[b0 + r, t]:
                    dgates[k, :] = 0
                    _add(H, (g, d), (d,))
                else:
                    _find_gradients(H, (g, d,
                        at(saved, (b0 + r, t, 0, 0)), at(saved, (b0 + r, t, 1, 0)), at(saved, (b0 + r, t, 2, 0)), at(saved, (b0 + r, t, 3, 0)), h),
                        (at(dgates, (k, 0)), at(dgates, (k, H)), at(dgates, (k, 2*H)), at(dgates, (k, 3*H)), d))
                _copy(H, (h,), (at(hs, (k, 0)),))
                _copy(D, (at(x, (b0 + r, t, 0)),), (at(xs, (k, 0)),))
                _add(4 * H, (at(dgates, (k, 0)), at(dbias, (0,))), (at(dbias, (0,)),))
            multiply(
                Matrix(at(dgates, (filled, H)), 4 * H, 1),
                Matrix(at(w_hh, (0, 0)), H, 1),
                Matrix(at(dh, (b0, 0)), H, 1),
                (rows, 3 * H, H),
                True,
            )
            if dx.size > 0:
                multiply(
                    Matrix(at(dgates, (filled, 0)), 4 * H, 1),
                    Matrix(at(w_ih, (0, 0)), D, 1),
                    Matrix(at(dx, (b0, t, 0)), T * D, 1),
                    (rows, 3 * H, D),
                    False,
                )
            filled += rows
            if filled + rows > dgates.shape[0] or step == 0:
                multiply(
                    Matrix(at(dgates, (0, 0)), 1, 4 * H),
                    Matrix(at(xs, (0, 0)), D, 1),
                    Matrix(at(dw_ih, (0, 0)), D, 1),
                    (3 * H, filled, D),
                    True,
                )
                multiply(
                    Matrix(at(dgates, (0, H)), 1, 4 * H),
                    Matrix(at(hs, (0, 0)), H, 1),
                    Matrix(at(dw_hh, (0, 0)), H, 1),
                    (3 * H, filled, H),
                    True,
                )
                filled = 0
