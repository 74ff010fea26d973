"""A worker process: assignments come in as JSON lines, events go out as JSON lines.

It is started as `python -m seqlab.study.worker STUDY`. When its input ends – the study's process
is gone, however it went – it stops at once and leaves no half-written run behind.
"""

from __future__ import annotations

import errno
import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from seqlab.study.assignment import Assignment


def main(study: Path) -> None:
    """Work until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the study's to handle
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not mix with the events
    inbox: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_read, args=(inbox,), daemon=True).start()

    def tell(**event: Any) -> None:
        print(json.dumps(event), file=events, flush=True)

    from seqlab.study.work import work

    tell(event="ready")
    while True:
        assignment = Assignment.read(inbox.get())
        try:
            work(assignment, study, lambda share: tell(event="progress", share=share))
        except OSError as error:
            reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or error
            tell(event="fatal", reason=f"{error.filename or study}: cannot be written: {reason}")
            continue
        tell(event="done")


def _read(inbox: queue.Queue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        inbox.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
