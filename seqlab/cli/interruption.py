"""Ctrl-C and SIGTERM: the first stops cleanly and says how to continue, the second ends at once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from seqlab.cli.streams import shell_line

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# A library's loop that Python cannot interrupt keeps a signal waiting; it may not do so for ever.
UNHEARD_SECONDS = 10.0
CONTINUED = ("compare", "ablate", "demo", "train")  # commands whose work is in a study's folder


class Interruption:
    """Which signal has interrupted a command; 0: none."""

    def __init__(self) -> None:
        self.signal = 0
        self.heard = 0  # how many signals have come through to Python

    def handle(self, number: int, frame: Any) -> None:
        """The first is an exception that everything cleans up after; the second waits for none."""
        self.heard += 1
        if self.signal:
            _end(number)
        self.signal = number
        raise KeyboardInterrupt

    def end_if_unheard(self, numbers: socket.socket) -> None:
        """End this process on a signal that does not come through; `numbers` gets each at once."""
        arrived = 0
        with numbers:
            while number := numbers.recv(1):
                arrived += number[0] in SIGNALS
                patience = time.monotonic() + UNHEARD_SECONDS
                while self.heard < arrived and time.monotonic() < patience:
                    time.sleep(0.05)
                if self.heard < arrived:
                    os._exit(128 + number[0])


@contextlib.contextmanager
def interruptible() -> Iterator[Interruption]:
    """Handle both signals; those that whoever started this process had ignored stay so."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, interruption.handle)
    try:
        with _unheard_signals_end(interruption):
            yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stop_asked() -> Iterator[Callable[[], bool]]:
    """In which the first signal is only noted, for a training to finish its step; the next ends it.

    Yields what says whether it came.
    """
    numbers: list[int] = []
    before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, frame: Any) -> None:
        command = getattr(before[number], "__self__", None)
        if isinstance(command, Interruption):  # which else takes it for unheard
            command.heard, command.signal = command.heard + 1, number
        if numbers:
            _end(number)
        numbers.append(number)

    main = threading.current_thread() is threading.main_thread()
    for number in SIGNALS if main else ():
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, note)
    try:
        yield lambda: bool(numbers)
    finally:
        for number in SIGNALS if main else ():
            signal.signal(number, before[number])


@contextlib.contextmanager
def _unheard_signals_end(interruption: Interruption) -> Iterator[None]:
    """Have a thread notice signals for which the main thread has no ear."""
    numbers, noted = socket.socketpair()
    noted.setblocking(False)
    before = signal.set_wakeup_fd(noted.fileno(), warn_on_full_buffer=False)
    try:
        watch = interruption.end_if_unheard
        threading.Thread(target=watch, args=(numbers,), daemon=True).start()
        yield
    finally:
        signal.set_wakeup_fd(before)
        noted.close()  # ends the thread


def _end(number: int) -> None:
    """Die of the signal, with the cursor that a live view hides."""
    if sys.stderr.isatty():
        os.write(2, b"\x1b[?25h\n")
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def how_to_continue(arguments: Sequence[str]) -> str:
    """The command that continues, or nothing where there is nothing to continue."""
    if not arguments or arguments[0] not in CONTINUED:
        return ""
    module = Path(sys.argv[0]).name == "__main__.py"
    program = [Path(sys.executable).name, "-m", "seqlab"] if module else ["seqlab"]
    return f"continue with: {shell_line(*program, *arguments)}"
