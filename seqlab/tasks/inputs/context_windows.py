"""Contexts that are longer than a window: read in windows that overlap, put together again.

Every window is the question, the separator and a stretch of the context. Each token of the context
takes its output from the window in which it has most context on both sides (Devlin et al., 2019),
so that starts and ends are chosen among all tokens of the context at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor, nn

    from seqlab.batch import Batch

Places = NDArray[np.int64]
PADDING = -1


class ContextWindows(NamedTuple):
    """What each of the windows of a batch reads, and where each position's output is.

    reads    (W, S) places in the batch's inputs, all rows end to end; NOTHING where padded
    outputs  (B, T) places in the windows' outputs, all windows end to end
    of       (W,) whose window it is
    """

    reads: Places
    outputs: Places
    of: Places


def starts_of(length: int, room: int, stride: int) -> Places:
    """Where the windows of a context begin: `stride` apart, the last one at the end."""
    if length <= room:
        return np.zeros(1, dtype=np.int64)
    return np.append(np.arange(0, length - room, stride), length - room)


def positions_read(lengths: Places, begin: Places, window: int, stride: int) -> Places:
    """How many positions a model reads of each example, in all of its windows: (n,)."""
    read = np.array(lengths, dtype=np.int64)
    for row in np.flatnonzero(read > window):
        room = window - int(begin[row])
        read[row] = window * len(starts_of(int(read[row] - begin[row]), room, min(stride, room)))
    return read


def windows_of(lengths: Places, begin: Places, window: int, stride: int) -> ContextWindows:
    """The windows of a batch of examples (B,), padded to the longest."""
    T = int(lengths.max())
    S = min(window, T)
    reads: list[Places] = []
    of: list[int] = []
    outputs = np.zeros((len(lengths), T), dtype=np.int64)
    for row, (length, head) in enumerate(zip(lengths.tolist(), begin.tolist(), strict=True)):
        room = S - head
        starts = starts_of(length - head, room, min(stride, room))
        size = min(room, length - head)
        held = np.arange(length - head)
        left = held - starts[:, None]  # (windows, positions of the context)
        around = np.minimum(left, size - 1 - left)
        best = around.argmax(axis=0)
        first = len(reads)
        outputs[row, :head] = first * S + np.arange(head)
        outputs[row, head:length] = (first + best) * S + head + held - starts[best]
        for start in starts.tolist():
            taken = np.concatenate((np.arange(head), np.arange(size) + head + start))
            reads.append(row * T + taken)
            of.append(row)
    return ContextWindows(_padded(reads, S), outputs, np.asarray(of))


def _padded(rows: Sequence[Places], size: int) -> Places:
    padded = np.full((len(rows), size), PADDING, dtype=np.int64)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    return padded


def logits_of(model: nn.Module, batch: Batch) -> Tensor:
    """(B, T, 2) of a batch's examples, whether they are read whole or in windows.

    The separator, which stands for "there is no answer", is as probable as in the window where it
    is least so: a context holds no answer if none of its windows does.
    """
    if "reads" not in batch.extra:
        whole: Tensor = model(batch.inputs, batch.context)
        return whole
    from seqlab.batch import Context

    reads, places, of = (batch.extra[name] for name in ("reads", "outputs", "of"))
    real = reads >= 0
    inputs = batch.inputs.flatten()[reads.clamp(min=0)].masked_fill(~real, 0)
    scores: Tensor = model(inputs, Context(None if bool(real.all()) else real))  # (W, S, 2)
    logits = scores.flatten(0, 1)[places]  # (B, T, 2)
    separator = batch.extra["begin"] - 1
    own = scores.gather(1, separator[of].view(-1, 1, 1).expand(-1, 1, 2)).squeeze(1)  # (W, 2)
    least = own.new_full((len(logits), 2), float("inf"))
    least = least.scatter_reduce(0, of.unsqueeze(1).expand(-1, 2), own, "amin")
    place = separator.view(-1, 1, 1).expand(-1, 1, 2)
    return logits.scatter(1, place, least.unsqueeze(1))
