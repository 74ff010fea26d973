"""Compiling the loops before they are needed, so that the wait can be shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from seqlab.errors import unknown
from seqlab.kernels.backend import KINDS


def warm_up(kinds: Iterable[str] = KINDS) -> Iterator[tuple[str, float]]:
    """Compile each kind's float32 loops, or load them from the cache: its name and the seconds."""
    for kind in kinds:
        if kind not in KINDS:
            raise unknown("kernel", kind, KINDS)
        started = time.perf_counter()
        _example(kind)()
        yield kind, time.perf_counter() - started


def _example(kind: str) -> Callable[[], None]:
    import torch

    from seqlab.kernels.gru import gru
    from seqlab.kernels.linear_scan import linear_scan
    from seqlab.kernels.lstm import lstm
    from seqlab.kernels.rnn import rnn
    from seqlab.kernels.selective_scan import selective_scan
    from seqlab.kernels.short_convolution import short_convolution
    from seqlab.kernels.slstm import SLSTMState, slstm

    def ones(*shape: int) -> torch.Tensor:
        return torch.ones(*shape, requires_grad=True)

    def weights(gates: int) -> tuple[torch.Tensor, ...]:
        return ones(gates, 1), ones(gates, 1), ones(gates), ones(gates)

    x, h = ones(1, 1, 1), ones(1, 1)
    examples: dict[str, Callable[[], torch.Tensor]] = {
        "rnn": lambda: rnn(x, h, *weights(1), backend="fused")[0],
        "gru": lambda: gru(x, h, *weights(3), backend="fused")[0],
        "lstm": lambda: lstm(x, h, h, *weights(4), backend="fused")[0],
        "slstm": lambda: slstm(
            ones(1, 1, 4, 1), SLSTMState.empty(h.detach()), ones(4, 1, 1, 1), backend="fused"
        )[0],
        "linear_scan": lambda: linear_scan(x, x, h, backend="fused"),
        "short_convolution": lambda: short_convolution(x, ones(1, 1), ones(1), backend="fused"),
        "selective_scan": lambda: selective_scan(x, x, h, x, x, x, backend="fused")[0],
    }
    example = examples["rnn" if kind.startswith("rnn_") else kind]
    return lambda: torch.autograd.backward(example().sum())
