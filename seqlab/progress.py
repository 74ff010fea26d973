"""What is being done now: said by whatever may take long, heard by the command line alone.

Used as a library nobody listens, and saying it prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str], None]

_doing: list[str] = []  # the innermost last
_listeners: list[Listener] = []


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Say what is done inside, as in "reading data.csv"; of several the innermost is told."""
    _doing.append(what)
    _tell()
    try:
        yield
    finally:
        _doing.pop()
        _tell()


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Tell a listener whenever something else is done; an empty string: nothing is any more."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def _tell() -> None:
    for listener in _listeners:
        listener(_doing[-1] if _doing else "")
