"""One overall progress bar with the time left; plain lines where there is no terminal."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from seqlab.study.clock import Moment

EVERY = 15.0  # seconds between plain lines


class Bar:
    """Shows moments; a context manager."""

    def __init__(self, console: Console, silent: bool = False) -> None:
        self.console = console
        self.plain = not console.is_terminal
        self.silent = silent
        self.last = 0.0
        self.stage = ""
        self.progress: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.progress is not None:
            self.progress.stop()

    def moment(self, moment: Moment) -> None:
        """Show where the study is."""
        if self.silent:
            return
        left = "" if moment.seconds_left is None else f"{in_words(moment.seconds_left)} left"
        share = min(moment.share, 1.0)
        if not self.plain:
            self._bar(moment.stage, share, left)
            return
        now, stage = time.monotonic(), moment.stage.partition(":")[0]
        if now - self.last >= EVERY or stage != self.stage:
            self.last, self.stage = now, stage
            self.console.print(f"{share:5.0%}  {moment.stage}  {left}".rstrip(), highlight=False)

    def _bar(self, stage: str, share: float, left: str) -> None:
        if self.progress is None:
            self.progress = Progress(
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[left]}"),
                TextColumn("[dim]{task.description}"),
                console=self.console,
                transient=True,
            )
            self.progress.start()
            self.bar = self.progress.add_task("", total=1.0, left="")
        self.progress.update(self.bar, completed=share, description=stage, left=left)


def in_words(seconds: float) -> str:
    """45 s, 3 min, 2.1 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
