"""What does a study's runs: the contract of the local processes and of a cluster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from seqlab.runs import write_run
from seqlab.study.assignment import Assignment

# Told an assignment, the share that is done, and the TrainingFigures of it as plain data, if any.
Watch = Callable[[Assignment, float, dict[str, Any] | None], None]
Keep = Callable[[Assignment], bool]  # asked before an assignment starts; false leaves it out
MOST_ATTEMPTS = 2  # a process may be killed by chance once
RUN_AGAIN = "put it right and run the same command again: finished runs are kept"
KILLED = "killed: most likely out of memory"
# glibc hands large tensors back to the system and pays for their pages at every step; a process
# that trains keeps them. Other systems do not read these.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
}


class Engine(ABC):
    """Does assignments until it is closed, and may be given more after that; a context manager.

    A caller may rely on this: `execute` returns when every assignment has its run in the study's
    folder or was left out, and whatever happens to one assignment – a failure, a process or a
    machine that dies – costs no other one's run.
    """

    def __init__(self, study: Path) -> None:
        self.study = study
        self.left_out: list[Assignment] = []
        self.attempts: dict[str, int] = {}
        self.started: Callable[[float], None] = lambda seconds: None  # told how long starts take
        self.remark: Callable[[Assignment, str], None] = lambda assignment, text: None
        self.leaving: Callable[[int], None] = lambda busy: None  # told how many finish their step
        self.late: Callable[[], bool] = lambda: False  # asked whether a time limit has passed
        self.overdue: Keep = lambda assignment: False  # asked of a run that has begun; true ends it

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Stop whatever is being done; what it trained can be continued."""

    @abstractmethod
    def execute(
        self,
        assignments: Sequence[Assignment],
        watch: Watch = lambda assignment, share, figures: None,
        keep: Keep = lambda assignment: True,
    ) -> list[Assignment]:
        """Do what is not done yet, in order; returns what was left out.

        Raises UserError when the disk is full; runs that finished before stay.
        """


def record_failure(assignment: Assignment, study: Path, reason: str) -> None:
    """The run of an assignment that could not be done, for no fault of its own."""
    result = {
        **asdict(assignment.job),
        "digest": assignment.digest,
        "status": "failed",
        "reason": reason,
        "seed": assignment.train["seed"],
        "settings": assignment.settings,
        "transient": True,
        "valid": None,
        "test": {},
    }
    write_run(assignment.folder(study), result, {})
