"""A line on standard error for who waits: what is being done, and for how long."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from seqlab import progress
from seqlab.cli.streams import visible

SILENT_SECONDS = 2.0  # pass before a line is shown
PLAIN_SECONDS = 10.0  # between lines where there is no terminal
TICK_SECONDS = 0.25


class Waiting:
    """Listens to what is done; `tick`, called from time to time, draws the line when it is due.

    On a terminal the line is replaced in its place, and gone when what it tells has ended; anything
    else gets a line of its own now and then.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream, self.clock = stream, clock
        self.replaces = stream.isatty()
        self.held = False
        self._what = ""
        self._begun = 0.0
        self._last: float | None = None  # when a line was drawn of what is done now
        self._drawn = 0  # characters that stand on the terminal
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def hear(self, what: str) -> None:
        """Something else is done now, or nothing: what is printed next then has a clean line."""
        with self._lock:
            if not self._what:
                self._begun, self._last = self.clock(), None
            self._what = what
            if not what:
                self._erase()

    def hold(self) -> None:
        """Draw nothing from now on: another view shows what is done."""
        with self._lock:
            self.held = True
            self._erase()

    def release(self) -> None:
        """Draw again."""
        self.held = False

    def tick(self) -> None:
        """Draw the line if it is due."""
        with self._lock:
            now = self.clock()
            if self.held or not self._what or now - self._begun < SILENT_SECONDS:
                return
            if self.replaces:
                self._draw(f"{self._what} ({now - self._begun:.0f} s)")
            elif self._last is None or now - self._last >= PLAIN_SECONDS:
                self._write(visible(f"{self._what} ({now - self._begun:.0f} s)\n"))
            else:
                return
            self._last = now

    def start(self) -> None:
        """Tick in a thread of its own."""
        self._thread = threading.Thread(target=self._ticking, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Leave no line and no thread behind."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            self._erase()

    def _ticking(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            self.tick()

    def _draw(self, text: str) -> None:
        width = max(1, shutil.get_terminal_size().columns - 1)
        line = " ".join(visible(text).split())[:width]
        self._write("\r" + line.ljust(self._drawn))  # what was longer before is written over
        self._drawn = len(line)

    def _erase(self) -> None:
        if self._drawn:
            self._write("\r" + " " * self._drawn + "\r")
            self._drawn = 0

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):  # closed: nobody waits there
            self.held = True


_shown: list[Waiting] = []


@contextmanager
def told_while_waiting(arguments: Sequence[str]) -> Iterator[None]:
    """Tell during a command what is being done, unless only a JSON document is wanted."""
    if "--json" in arguments:
        yield
        return
    waiting = Waiting(sys.stderr)
    _shown.append(waiting)
    waiting.start()
    try:
        with progress.heard_by(waiting.hear):
            yield
    finally:
        waiting.end()
        _shown.remove(waiting)


@contextmanager
def held() -> Iterator[None]:
    """Have no line drawn inside, where another view is on the terminal."""
    for waiting in _shown:
        waiting.hold()
    try:
        yield
    finally:
        for waiting in _shown:
            waiting.release()
