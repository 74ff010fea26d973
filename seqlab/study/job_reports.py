"""A training's reports to the supervisor of its job: how far it is, and what went wrong."""

from __future__ import annotations

import time
from dataclasses import asdict

from seqlab.study.job_context import Supervisor
from seqlab.training.checkpoints import Checkpoints
from seqlab.training.hooks import Hook, Progress

REPORT_SECONDS = 0.5  # between two reports


class ReportingHook(Hook):
    """Tells the supervisor of progress, of damaged checkpoints and of weights put back."""

    def __init__(self, supervisor: Supervisor, checkpoints: Checkpoints) -> None:
        self.supervisor, self.checkpoints = supervisor, checkpoints
        self.last_report = time.perf_counter()

    def on_train_begin(self, progress: Progress) -> None:
        resumed = progress.history.resumed
        place = f"the one before, of step {resumed[-1]}" if resumed else "the beginning"
        for path in self.checkpoints.damaged:
            self.supervisor.remark(f"{path.name} is damaged; continues from {place}")

    def on_roll_back(self, progress: Progress) -> None:
        last = progress.history.rollbacks[-1]
        self.supervisor.remark(
            f"rolled back from step {last['step']} to {last['back_to']}, on at "
            f"{last['factor']:g} of the learning rate: {last['reason'].partition(';')[0]}"
        )

    def on_step_end(self, progress: Progress) -> None:
        now = time.perf_counter()
        if now - self.last_report > REPORT_SECONDS:
            self.last_report = now
            share = progress.history.steps / progress.total_steps
            self.supervisor.report(share, asdict(progress.figures()))
