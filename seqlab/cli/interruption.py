"""Ctrl-C and SIGTERM: the first stops cleanly and says how to continue, the second ends at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seqlab.cli.streams import shell_line

SIGNALS = (signal.SIGINT, signal.SIGTERM)
CONTINUED = ("compare", "ablate", "demo")  # commands whose work is in a study's folder


class Interruption:
    """Which signal has interrupted a command; 0: none."""

    def __init__(self) -> None:
        self.signal = 0

    def handle(self, number: int, frame: Any) -> None:
        """The first is an exception that everything cleans up after; the second waits for none."""
        if self.signal:
            _end(number)
        self.signal = number
        raise KeyboardInterrupt


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
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
