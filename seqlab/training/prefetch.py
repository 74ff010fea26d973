"""Items of an iterator made ahead, some at a time or on a thread, in the same order."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Up to `count` items wait while whoever takes them is busy.

    What goes wrong in the thread comes out where its item would have: the iterator behaves as the
    one it is made from. `close` ends the thread.
    """

    def __init__(self, source: Iterator[T], count: int) -> None:
        self._source = source
        self._made: queue.Queue[T | _Ended] = queue.Queue(count)
        self._stopped = threading.Event()
        self._ended: _Ended | None = None
        self._thread = threading.Thread(target=self._make, name="seqlab-batches", daemon=True)
        self._thread.start()

    def _make(self) -> None:
        try:
            for item in self._source:
                self._made.put(item)
                if self._stopped.is_set():
                    return
        except BaseException as error:
            self._made.put(_Ended(error))
        else:
            self._made.put(_Ended(None))

    def __iter__(self) -> Ahead[T]:
        return self

    def __next__(self) -> T:
        if self._ended is None:
            item = self._made.get()
            if not isinstance(item, _Ended):
                return item
            self._ended = item
        raise self._ended.reason or StopIteration

    def close(self) -> Iterator[T]:
        """End the thread, after the item that it is making; returns all items that are left."""
        self._stopped.set()
        left: list[T | _Ended] = []
        while self._thread.is_alive() or not self._made.empty():
            try:  # it may wait for room
                left.append(self._made.get(timeout=0.01))
            except queue.Empty:
                continue
        return _after(left, self._source)


class Groups(Generic[T]):
    """The same items, made `count` at a time: what is repeated at once finds its caches warm."""

    def __init__(self, source: Iterator[T], count: int) -> None:
        self._source, self._count = source, count
        self._made: deque[T | _Ended] = deque()

    def __iter__(self) -> Groups[T]:
        return self

    def __next__(self) -> T:
        if not self._made:
            self._make()
        item = self._made.popleft()
        if isinstance(item, _Ended):
            raise item.reason or StopIteration
        return item

    def _make(self) -> None:
        try:
            self._made.extend(islice(self._source, self._count))
            if not self._made:
                self._made.append(_Ended(None))
        except Exception as error:  # comes after the items before it
            self._made.append(_Ended(error))

    def close(self) -> Iterator[T]:
        """All items that are left."""
        return _after(self._made, self._source)


class _Ended:
    """That no more items come, and what went wrong, if anything did."""

    def __init__(self, reason: BaseException | None) -> None:
        self.reason = reason


def _after(made: Iterable[T | _Ended], source: Iterator[T]) -> Iterator[T]:
    """What was made already, then the rest."""
    for item in made:
        if isinstance(item, _Ended):
            if item.reason is not None:
                raise item.reason
            return
        yield item
    yield from source
