"""Compiling the loops before they are needed, so that the wait can be shown."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterable, Iterator

from seqlab.errors import unknown
from seqlab.kernels.backend import KINDS


def warm_up(kinds: Iterable[str] = KINDS) -> Iterator[tuple[str, float]]:
    """Compile each kind's float32 loops, or load them from the cache: its name and the seconds.

    A kernel's file has an `example`, the smallest call that needs all its loops.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise unknown("kernel", kind, KINDS)
        started = time.perf_counter()
        file = "rnn" if kind.startswith("rnn_") else kind
        output = importlib.import_module(f"seqlab.kernels.{file}").example()
        output.sum().backward()
        yield kind, time.perf_counter() - started
