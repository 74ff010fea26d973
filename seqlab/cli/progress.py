"""How a study goes: its runs and the time left, live; plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from seqlab import registry
from seqlab.cli import waiting
from seqlab.cli.terminal import Terminal, styled
from seqlab.study.clock import Moment, Running

FIRST_WAIT_SECONDS = 15.0  # between plain lines, at first
LONGEST_WAIT_SECONDS = 300.0  # between plain lines, in a long study
TIME_A_DRAWING = 20  # drawings take at most one part in so many of the time so far
LINES_BESIDE_RUNS = 8  # of a terminal


class Bar:
    """Shows moments; a context manager. `metric` names what the runs are scored by.

    One bar with the best validation score so far and the time left; `verbose` adds a row for each
    run that trains, with the numbers of its training.
    """

    def __init__(self, console: Terminal, silent: bool = False, verbose: bool = False) -> None:
        self.console = console
        self.verbose = verbose
        self.best: tuple[float, str] | None = None  # validation score, and whose it is
        self.higher_is_better = True
        self.plain = not console.is_terminal
        self.silent = silent
        self.metric = "score"
        self.begun = self.last = time.monotonic()
        self.stage = ""
        self.live: Live | None = None
        self.view = ExitStack()

    def scored_by(self, metric: str) -> None:
        """The metric that decides."""
        self.metric = metric
        self.higher_is_better = bool(registry.load("metrics", metric).higher_is_better)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.view.close()

    def moment(self, moment: Moment) -> None:
        """Show where the study is."""
        if self.silent:
            return
        if moment.remark:
            self._print(moment.remark)
        for run in moment.running:
            self._score(run)
        if not self.plain:
            self._show(moment)
            return
        now, stage = time.monotonic(), moment.stage.partition(":")[0]
        wait = min(
            LONGEST_WAIT_SECONDS, max(FIRST_WAIT_SECONDS, (now - self.begun) / TIME_A_DRAWING)
        )
        if now - self.last >= wait or stage != self.stage:
            self.last, self.stage = now, stage
            rows = moment.running if self.verbose else ()
            for line in (self._line(moment), *(f"       {self._words(r)}" for r in rows)):
                self._print(line)

    def _score(self, run: Running) -> None:
        valid = run.figures.get("valid")
        sign = 1 if self.higher_is_better else -1
        if valid is not None and (self.best is None or sign * valid > sign * self.best[0]):
            self.best = valid, run.name.partition(" ")[0]

    def _line(self, moment: Moment) -> str:
        parts = (f"{_share(moment):4.0%}", moment.stage, self._best(), _left(moment))
        return "  ".join(part for part in parts if part)

    def _best(self) -> str:
        """The best score so far, in words."""
        return "" if self.best is None else f"best so far {self.best[0]:.3g} ({self.best[1]})"

    def _print(self, line: str) -> None:
        self.console.say(line, whole=True)

    def _show(self, moment: Moment) -> None:
        if self.live is None:
            self.view.enter_context(waiting.held())
            self.live = self.view.enter_context(
                Live(console=self.console, transient=True, refresh_per_second=4)
            )
        bar = Table.grid(padding=(0, 1))
        stage = styled(moment.stage, style="dim")
        stage.overflow, stage.no_wrap = "ellipsis", True
        share = _share(moment)
        best = styled(self._best())
        bar.add_row(ProgressBar(1.0, share, width=20), f"{share:.0%}", _left(moment), best, stage)
        rows = self.verbose and moment.running
        self.live.update(Group(self._runs(moment.running), bar) if rows else bar)

    def _runs(self, running: tuple[Running, ...]) -> Group:
        """A row for each run that trains, as many as there is room for."""
        heads = ("loss", self.metric, "tokens/s", "grad", "clip", "memory", "load", "left")
        table = Table(box=None, padding=(0, 1), header_style="dim", pad_edge=False)
        table.add_column("run", no_wrap=True, overflow="ellipsis", min_width=12)
        for head in ("done", *heads):
            table.add_column(head, justify="right", no_wrap=True)
        room = max(1, self.console.height - LINES_BESIDE_RUNS)
        for run in running[:room]:
            table.add_row(run.name, *_cells(run.figures))
        more = len(running) - room
        return Group(table, Text(f"and {more} more", "dim")) if more > 0 else Group(table)

    def _words(self, run: Running) -> str:
        done, loss, valid, tokens, norm, clipped, memory, loading, left = _cells(run.figures)
        return (
            f"{run.name}: {done}, loss {loss}, {self.metric} {valid}, {tokens} tokens/s, gradient "
            f"{norm} ({clipped} clipped), {memory}, loading {loading}, {left} left"
        )


def _share(moment: Moment) -> float:
    return min(moment.share, 1.0)


def _left(moment: Moment) -> str:
    return "" if moment.seconds_left is None else f"{in_words(moment.seconds_left)} left"


def _cells(figures: Mapping[str, Any]) -> tuple[str, ...]:
    """A training's numbers in few characters: the share that is done first, the time left last."""
    return (
        f"{figures['step'] / figures['steps']:.0%}{_format(figures)}",
        f"{figures['loss']:.3g}",
        "–" if figures["valid"] is None else f"{figures['valid']:.3g}",
        _thousands(figures["tokens_per_second"]),
        f"{figures['gradient_norm']:.2g}",
        f"{figures['clipped']:.0%}",
        f"{figures['memory_mb']:,.0f} MB",
        f"{figures['loading']:.0%}",
        in_words(figures["seconds_left"]),
    )


def _format(figures: Mapping[str, Any]) -> str:
    """The number format, where it is not the usual one."""
    name = figures.get("precision", "float32")
    return "" if name == "float32" else f" in {name}"


def _thousands(number: float) -> str:
    """950, 23.1k, 1.2M."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.0f}"


def in_words(seconds: float) -> str:
    """45 s, 3 min, 2.1 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
