"""A batch divided over threads: the sequences of a recurrent layer do not know each other."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch

R = TypeVar("R")

# Waking a thread costs some 20 microseconds: what one of these saves must be worth it.
OPERATIONS_PER_THREAD = 4_000_000


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="seqlab-kernels")


# A forked process inherits the pool without its threads and would wait for them for ever.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)


def shares(count: int, operations: int, tile: int = 1) -> list[tuple[int, int]]:
    """Ranges of a batch, one per thread that is worth waking, in whole tiles where that is fair."""
    threads = max(1, min(torch.get_num_threads(), count, operations // OPERATIONS_PER_THREAD))
    size = -(-count // threads)
    if size > tile:
        size = -(-size // tile) * tile
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def each(ranges: list[tuple[int, int]], work: Callable[[int, int], R]) -> list[R]:
    """The work's results on each range; the first range runs on the caller's own thread."""
    if len(ranges) == 1:
        return [work(*ranges[0])]
    pool = _pool(torch.get_num_threads() - 1)
    others = [pool.submit(work, *part) for part in ranges[1:]]
    return [work(*ranges[0]), *(other.result() for other in others)]
