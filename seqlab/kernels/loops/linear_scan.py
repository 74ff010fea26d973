"""The linear scan's loops: position after position, all channels of a sequence at once."""

from __future__ import annotations

from typing import Any

from seqlab.kernels.loops.compilation import compiled
from seqlab.kernels.loops.matrices import shifted, start
from seqlab.kernels.loops.vector import Lanes, elementwise


def _advanced(a: Lanes, b: Lanes, h: Lanes) -> tuple[Lanes, ...]:
    return (a * h + b,)


def _gradients(a: Lanes, h: Lanes, dy: Lanes, dh: Lanes) -> tuple[Lanes, ...]:
    dh = dh + dy
    return dh * h, dh, dh * a


_advance = elementwise(_advanced)
_find_gradients = elementwise(_gradients)


@compiled
def forward(
    a: Any, b: Any, h0: Any, h: Any, reverse: bool, width: int, first: int, last: int
) -> None:
    """Fill h (B, T, D) for the units from first to last: `width` channels of a sequence each."""
    T, D = a.shape[1:]
    units = -(-D // width)
    for unit in range(first, last):
        sequence, channel = unit // units, unit % units * width
        count = min(width, D - channel)
        before = shifted(start(h0), sequence * D + channel)
        for step in range(T):
            t = T - 1 - step if reverse else step
            at = (sequence * T + t) * D + channel
            here = shifted(start(h), at)
            _advance(count, (shifted(start(a), at), shifted(start(b), at), before), (here,))
            before = here


@compiled
def backward(
    a: Any,
    h0: Any,
    h: Any,
    dy: Any,
    da: Any,
    db: Any,
    dh: Any,
    reverse: bool,
    width: int,
    first: int,
    last: int,
) -> None:
    """Fill da and db (B, T, D) and take dh (B, D), which comes in as zero, to the first state's."""
    T, D = a.shape[1:]
    units = -(-D // width)
    for unit in range(first, last):
        sequence, channel = unit // units, unit % units * width
        count = min(width, D - channel)
        carried = shifted(start(dh), sequence * D + channel)
        for step in range(T - 1, -1, -1):
            t = T - 1 - step if reverse else step
            at = (sequence * T + t) * D + channel
            earlier = at + D if reverse else at - D
            before = shifted(start(h), earlier)
            if step == 0:
                before = shifted(start(h0), sequence * D + channel)
            _find_gradients(
                count,
                (shifted(start(a), at), before, shifted(start(dy), at), carried),
                (shifted(start(da), at), shifted(start(db), at), carried),
            )
