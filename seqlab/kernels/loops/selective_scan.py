"""The selective scan's loops: h is (N, channels), so that registers hold neighbouring channels.

The states are never all in memory: forward keeps those before each chunk, backward computes the
states of one chunk again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from seqlab.kernels.loops.compilation import compiled, inlined
from seqlab.kernels.loops.matrices import number_at, shifted, start
from seqlab.kernels.loops.steps import cleared, copied
from seqlab.kernels.loops.vector import Lanes, elementwise, exp


class ScanOperands(NamedTuple):
    """u and delta (batch, T, D), A (N, D), B and C (batch, T, N); `width` channels are a unit."""

    u: Any
    delta: Any
    A: Any
    B: Any
    C: Any
    width: int


class ScanGradients(NamedTuple):
    """Of the operands, but A's for each sequence (batch, N, D; comes in as zero), and B's and C's
    for each unit of a sequence (batch, units, T, N): no two threads write to the same place.
    """

    u: Any
    delta: Any
    A: Any
    B: Any
    C: Any


def _advanced(
    u: Lanes, delta: Lanes, A: Lanes, B: Lanes, C: Lanes, h: Lanes, y: Lanes
) -> tuple[Lanes, ...]:
    h = exp(delta * A) * h + delta * u * B
    return h, y + h * C


def _state_alone(u: Lanes, delta: Lanes, A: Lanes, B: Lanes, h: Lanes) -> tuple[Lanes, ...]:
    return (exp(delta * A) * h + delta * u * B,)


def _gradients(
    u: Lanes,
    delta: Lanes,
    A: Lanes,
    B: Lanes,
    C: Lanes,
    before: Lanes,
    after: Lanes,
    dy: Lanes,
    dh: Lanes,
    du: Lanes,
    ddelta: Lanes,
    dA: Lanes,
) -> tuple[Lanes, ...]:
    decay = exp(delta * A)
    dh = dh + dy * C
    dexponent = dh * before * decay
    du = du + dh * delta * B
    ddelta = ddelta + dexponent * A + dh * u * B
    return dh * decay, du, ddelta, dA + dexponent * delta, dh * delta * u, dy * after


_advance = elementwise(_advanced)
_advance_state = elementwise(_state_alone)
_find_gradients = elementwise(_gradients, sums=2)


@inlined
def _unit(operands: ScanOperands, unit: int) -> tuple[int, int, int]:
    """The sequence, the first channel and the number of channels of a unit."""
    D = operands.u.shape[2]
    units = -(-D // operands.width)
    channel = unit % units * operands.width
    return unit // units, channel, min(operands.width, D - channel)


@compiled
def forward(
    operands: ScanOperands, h: Any, y: Any, saved: Any, chunk: int, first: int, last: int
) -> None:
    """Fill y (batch, T, D) and take h (batch, N, D) from the first state to the last.

    Unless it is empty, saved (batch, chunks, N, D) gets the states before each chunk.
    """
    u, delta, A, B, C, _ = operands
    T, D = y.shape[1:]
    N, chunks = A.shape[0], saved.shape[1]
    for unit in range(first, last):
        b, channel, count = _unit(operands, unit)
        states = shifted(start(h), b * N * D + channel)
        for t in range(T):
            if chunks > 0 and t % chunk == 0:
                kept = shifted(start(saved), (b * chunks + t // chunk) * N * D + channel)
                for n in range(N):
                    copied(count, (shifted(states, n * D),), (shifted(kept, n * D),))
            at, numbers = (b * T + t) * D + channel, (b * T + t) * N
            inputs = (shifted(start(u), at), shifted(start(delta), at))
            output = shifted(start(y), at)
            cleared(count, (output,), (output,))
            for n in range(N):
                B_n, C_n = number_at(start(B), numbers + n), number_at(start(C), numbers + n)
                A_n, state = shifted(start(A), n * D + channel), shifted(states, n * D)
                _advance(count, (*inputs, A_n, B_n, C_n, state, output), (state, output))


@inlined
def _states_again(
    operands: ScanOperands, saved: Any, states: Any, place: tuple[int, int, int], steps: int
) -> None:
    """states[s] after s steps of a chunk; place is (sequence, chunk, first channel)."""
    u, delta, A, B, _, width = operands
    b, part, channel = place
    T, D = u.shape[1:]
    N, chunk = A.shape[0], states.shape[0] - 1
    count = min(width, D - channel)
    kept = shifted(start(saved), (b * saved.shape[1] + part) * N * D + channel)
    for n in range(N):
        copied(count, (shifted(kept, n * D),), (shifted(start(states), n * width),))
    for s in range(steps):
        t = part * chunk + s
        at = (b * T + t) * D + channel
        inputs = (shifted(start(u), at), shifted(start(delta), at))
        for n in range(N):
            A_n = shifted(start(A), n * D + channel)
            B_n = number_at(start(B), (b * T + t) * N + n)
            before = shifted(start(states), (s * N + n) * width)
            _advance_state(count, (*inputs, A_n, B_n, before), (shifted(before, N * width),))


@compiled
def backward(
    operands: ScanOperands,
    saved: Any,
    dy: Any,
    dh: Any,
    gradients: ScanGradients,
    states: Any,
    first: int,
    last: int,
) -> None:
    """Fill the gradients and take dh (batch, N, D) from the last state's to the first's.

    states (chunk + 1, N, width) is memory for the states of a chunk and the one before it.
    """
    T, chunk, chunks = dy.shape[1], states.shape[0] - 1, saved.shape[1]
    for unit in range(first, last):
        b, channel, _ = _unit(operands, unit)
        for part in range(chunks - 1, -1, -1):
            steps = min(chunk, T - part * chunk)
            _states_again(operands, saved, states, (b, part, channel), steps)
            for s in range(steps - 1, -1, -1):
                t = part * chunk + s
                _retreat(operands, states[s:], dy, dh, gradients, (b, t, channel))


@inlined
def _retreat(
    operands: ScanOperands,
    states: Any,
    dy: Any,
    dh: Any,
    gradients: ScanGradients,
    place: tuple[int, int, int],
) -> None:
    """One step back at place (sequence, position, first channel); states begin before it."""
    u, delta, A, B, C, width = operands
    b, t, channel = place
    T, D = dy.shape[1:]
    N, units = A.shape[0], gradients.B.shape[1]
    count = min(width, D - channel)
    at, numbers = (b * T + t) * D + channel, (b * T + t) * N
    inputs = (shifted(start(u), at), shifted(start(delta), at))
    du, ddelta = shifted(start(gradients.u), at), shifted(start(gradients.delta), at)
    cleared(count, (du,), (du,))
    cleared(count, (ddelta,), (ddelta,))
    sums = ((b * units + channel // width) * T + t) * N
    for n in range(N):
        B_n, C_n = number_at(start(B), numbers + n), number_at(start(C), numbers + n)
        before = shifted(start(states), n * width)
        d = (shifted(start(dy), at), shifted(start(dh), (b * N + n) * D + channel))
        dA = shifted(start(gradients.A), (b * N + n) * D + channel)
        A_n = shifted(start(A), n * D + channel)
        after = shifted(before, N * width)
        _find_gradients(
            count,
            (*inputs, A_n, B_n, C_n, before, after, *d, du, ddelta, dA),
            (
                d[1],
                du,
                ddelta,
                dA,
                shifted(start(gradients.B), sums + n),
                shifted(start(gradients.C), sums + n),
            ),
        )
