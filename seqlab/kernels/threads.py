"""A batch divided over threads: the sequences of a recurrent layer do not know each other."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import torch

R = TypeVar("R")
Ranges = list[tuple[int, int]]

# Waking a thread costs some 20 microseconds: what one of these saves must be worth it.
OPERATIONS_PER_THREAD = 4_000_000


def cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shares(count: int, operations: int, tile: int = 1) -> Ranges:
    """Ranges of a batch, one per thread that is worth waking, in whole tiles where that is fair."""
    threads = max(1, min(torch.get_num_threads(), count, operations // OPERATIONS_PER_THREAD))
    size = -(-count // threads)
    if size > tile:
        size = -(-size // tile) * tile
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def each(ranges: Ranges, work: Callable[[int, int], R]) -> list[R]:
    """The work's results on each range; the first range runs on the caller's own thread."""
    if len(ranges) == 1:
        return [work(*ranges[0])]
    team = _openmp()
    if team is not None:
        return _by_openmp(team, ranges, work)
    others = [_pool(len(ranges) - 1).submit(work, *part) for part in ranges[1:]]
    return [work(*ranges[0]), *(other.result() for other in others)]


@cache
def _openmp() -> Any | None:
    """The OpenMP that PyTorch's own threads belong to, where it can be called.

    Those threads spin for milliseconds after each piece of work; any others would have to share
    the processor with them, and at small sizes gain nothing.
    """
    try:
        library = ctypes.CDLL(None)
        library.GOMP_parallel.argtypes = [_Callback, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        library.GOMP_parallel.restype = None
        _ = library.omp_get_thread_num, library.omp_get_num_threads
    except (AttributeError, OSError, TypeError):
        return None
    return library


_Callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def _by_openmp(team: Any, ranges: Ranges, work: Callable[[int, int], R]) -> list[R]:
    results: dict[int, R] = {}
    errors: list[BaseException] = []

    def member(_: Any) -> None:
        try:  # an exception cannot leave a callback
            # The team may be smaller than asked for.
            for n in range(team.omp_get_thread_num(), len(ranges), team.omp_get_num_threads()):
                results[n] = work(*ranges[n])
        except BaseException as error:
            errors.append(error)

    team.GOMP_parallel(_Callback(member), None, len(ranges), 0)
    if errors:
        raise errors[0]
    return [results[n] for n in range(len(ranges))]


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="seqlab-kernels")


def _forget_threads() -> None:
    """A forked process has none of its parent's threads and would wait for them for ever."""
    global _openmp
    _openmp = cache(lambda: None)
    _pool.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
