"""Items of an iterator made ahead on a thread of their own, in the same order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Up to `count` items wait while whoever takes them is busy.

    What goes wrong in the thread comes out where its item would have: the iterator behaves as the
    one it is made from. `close` ends the thread.
    """

    def __init__(self, source: Iterator[T], count: int) -> None:
        self._made: queue.Queue[T | _Ended] = queue.Queue(count)
        self._stopped = threading.Event()
        self._ended: _Ended | None = None
        self._thread = threading.Thread(
            target=self._make, args=(source,), name="seqlab-batches", daemon=True
        )
        self._thread.start()

    def _make(self, source: Iterator[T]) -> None:
        try:
            for item in source:
                self._made.put(item)
                if self._stopped.is_set():
                    return
        except BaseException as error:
            self._made.put(_Ended(error))
        else:
            self._made.put(_Ended(StopIteration()))

    def __iter__(self) -> Ahead[T]:
        return self

    def __next__(self) -> T:
        if self._ended is None:
            item = self._made.get()
            if not isinstance(item, _Ended):
                return item
            self._ended = item
        raise self._ended.reason

    def close(self) -> None:
        """End the thread, after the item that it is making."""
        self._stopped.set()
        while self._thread.is_alive():
            try:  # it may wait for room
                self._made.get(timeout=0.01)
            except queue.Empty:
                continue


class _Ended:
    """That no more items come, and why."""

    def __init__(self, reason: BaseException) -> None:
        self.reason = reason
