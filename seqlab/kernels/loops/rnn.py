"""The vanilla recurrent network's loops; the states alone give its activations' slopes."""

from __future__ import annotations

from typing import Any

from seqlab.kernels.loops.compilation import compiled, inlined
from seqlab.kernels.loops.matrices import TILE_ROWS, shifted, start
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
from seqlab.kernels.loops.vector import Lanes, elementwise, expm1, tanh

# The codes by which the loops are told the activation.
TANH, RELU, LEAKY_RELU, ELU = range(4)
CODES = {"tanh": TANH, "relu": RELU, "leaky_relu": LEAKY_RELU, "elu": ELU}
LEAK = 0.01


def _tanh(x: Lanes) -> tuple[Lanes]:
    return (tanh(x),)


def _relu(x: Lanes) -> tuple[Lanes]:
    return (x.constant(0.0).where(x.below(0.0), x),)


def _leaky_relu(x: Lanes) -> tuple[Lanes]:
    return ((x * LEAK).where(x.below(0.0), x),)


def _elu(x: Lanes) -> tuple[Lanes]:
    return (expm1(x).where(x.below(0.0), x),)


def _tanh_gradients(y: Lanes, dy: Lanes, dh: Lanes) -> tuple[Lanes, ...]:
    return (dh + dy) * (1.0 - y * y), y.constant(0.0)


def _relu_gradients(y: Lanes, dy: Lanes, dh: Lanes) -> tuple[Lanes, ...]:
    return (dh + dy).where(y.above(0.0), 0.0), y.constant(0.0)


def _leaky_relu_gradients(y: Lanes, dy: Lanes, dh: Lanes) -> tuple[Lanes, ...]:
    d = dh + dy
    return d.where(y.above(0.0), d * LEAK), y.constant(0.0)


def _elu_gradients(y: Lanes, dy: Lanes, dh: Lanes) -> tuple[Lanes, ...]:
    d = dh + dy
    return d.where(y.above(0.0), d * (y + 1.0)), y.constant(0.0)


_by_tanh, _by_relu = elementwise(_tanh), elementwise(_relu)
_by_leaky_relu, _by_elu = elementwise(_leaky_relu), elementwise(_elu)
_through_tanh, _through_relu = elementwise(_tanh_gradients), elementwise(_relu_gradients)
_through_leaky_relu = elementwise(_leaky_relu_gradients)
_through_elu = elementwise(_elu_gradients)


@inlined
def _activate(activation: int, H: int, x: Any, y: Any) -> None:
    if activation == TANH:
        _by_tanh(H, (x,), (y,))
    elif activation == RELU:
        _by_relu(H, (x,), (y,))
    elif activation == LEAKY_RELU:
        _by_leaky_relu(H, (x,), (y,))
    else:
        _by_elu(H, (x,), (y,))


@inlined
def _go_back(activation: int, H: int, values: tuple[Any, ...], places: tuple[Any, ...]) -> None:
    if activation == TANH:
        _through_tanh(H, values, places)
    elif activation == RELU:
        _through_relu(H, values, places)
    elif activation == LEAKY_RELU:
        _through_leaky_relu(H, values, places)
    else:
        _through_elu(H, values, places)


@compiled
def forward(
    operands: CellOperands, bias: Any, gates: Any, activation: int, first: int, last: int
) -> None:
    """Fill y."""
    T, H = operands.y.shape[1:]
    run = locate(operands, H, H)
    numbers = start(gates)
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        for step in range(T):
            project(run, start(bias), numbers, H, (b0, rows, step))
            for r in range(rows):
                new = state_after(run, b0 + r, step)
                if is_real(run, b0 + r, step):
                    _activate(activation, H, shifted(numbers, r * H), new)
                else:
                    copied(H, (state_after(run, b0 + r, step - 1),), (new,))


@compiled
def backward(
    operands: CellOperands, results: Results, dy: Any, activation: int, first: int, last: int
) -> None:
    """Add up the gradients of the sequences from first to last, given dy (B, T, H)."""
    T, H = dy.shape[1:]
    run, gradients = locate(operands, H, H), locate_results(results)
    for b0 in range(first, last, TILE_ROWS):
        rows = min(TILE_ROWS, last - b0)
        filled = 0
        for step in range(T - 1, -1, -1):
            for r in range(rows):
                b = b0 + r
                d, dh = (
                    shifted(start(dy), (b * T + position(run, step)) * H),
                    shifted(gradients.dh, b * H),
                )
                place = shifted(gradients.dgates, (filled + r) * H)
                if is_real(run, b, step):
                    _go_back(activation, H, (state_after(run, b, step), d, dh), (place, dh))
                else:
                    cleared(H, (place,), (place,))
                    added(H, (d, dh), (dh,))
            filled = retreat(run, gradients, (b0, rows, step), filled)
