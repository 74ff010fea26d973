"""How a process of ours tells the one that started it how it is doing: lines of JSON.

They go out by what was its standard output; whatever a library prints goes to standard error.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from typing import Any

ALIVE_SECONDS = 2.0  # between two signs of life


class Channel:
    """The sending end; it gives signs of life from its beginning on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._descriptor = os.dup(1)
        os.dup2(2, 1)
        self._send("\n")  # something may have been printed before, and its line not have ended
        threading.Thread(target=self._stay_alive, daemon=True).start()

    def tell(self, **event: Any) -> None:
        """Send an event; `event` names its kind."""
        self._send(json.dumps(event) + "\n")

    def _send(self, text: str) -> None:
        # No file object: its lock would be in the way of a process that ends, as the thread that
        # gives signs of life does not.
        rest = text.encode()
        with self._lock, contextlib.suppress(BrokenPipeError):  # nobody listens any more
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def _stay_alive(self) -> None:
        while True:
            self.tell(event="alive")
            time.sleep(ALIVE_SECONDS)


def read_event(line: bytes) -> dict[str, Any] | None:
    """The event of a line, or None for what is none: something printed before the channel was."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    named = isinstance(event, dict) and isinstance(event.get("event"), str)
    return event if named else None
