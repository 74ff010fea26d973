"""A worker process: assignments come in as JSON lines, events go out as JSON lines.

It is started by the pool, with the study's folder. On SIGTERM, or when its input ends – the study's
process is gone, however it went – it finishes the step, leaves a checkpoint to continue from and
stops. What has no steps – an idle process, a baseline – stops at once, and so does one that was
asked and whose study did not wait for it.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from seqlab.study.assignment import Assignment
from seqlab.study.channel import Channel

GRACE_SECONDS = 30.0  # to finish a step and to write a checkpoint


class Leaving:
    """Whether to stop, and whether there is a step to finish first."""

    def __init__(self) -> None:
        self.busy = self.asked = False

    def now(self) -> bool:
        """Whether to stop."""
        return self.asked

    def rest(self) -> None:
        """Nothing is left to finish."""
        self.busy = False
        if self.asked:
            os._exit(0)

    def orphaned(self) -> None:
        """The study is gone: who was asked before should have been faster."""
        if self.asked:
            os._exit(0)
        self.ask()

    def ask(self, *signalled: object) -> None:
        """Stop: now, or after the step."""
        self.asked = True
        if not self.busy:
            os._exit(0)
        timer = threading.Timer(GRACE_SECONDS, os._exit, (0,))
        timer.daemon = True
        timer.start()


def main(study: Path) -> None:
    """Work until the input ends."""
    leaving = Leaving()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the study's to handle
    signal.signal(signal.SIGTERM, leaving.ask)
    tell = Channel().tell
    inbox: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_read, args=(inbox, leaving), daemon=True).start()

    def report(share: float, figures: dict[str, Any]) -> None:
        tell(event="progress", share=share, figures=figures)

    def remark(text: str) -> None:
        tell(event="remark", text=text)

    # Before it says that it is ready: imports take seconds, which are no part of a run's time.
    from seqlab.study.job import attempt
    from seqlab.study.job_context import Supervisor

    supervisor = Supervisor(report=report, should_stop=leaving.now, remark=remark)
    tell(event="ready")
    while True:
        leaving.rest()
        assignment = Assignment.read(inbox.get())
        leaving.busy = assignment.job.kind == "model"
        event = attempt(assignment, study, supervisor)
        if event["event"] == "left":
            os._exit(0)
        tell(**event)


def _read(inbox: queue.Queue[dict[str, Any]], leaving: Leaving) -> None:
    for line in sys.stdin:
        inbox.put(json.loads(line))
    leaving.orphaned()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
