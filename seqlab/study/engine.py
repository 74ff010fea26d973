"""Where a study's runs are done: by processes of this machine, or on the nodes of a Ray cluster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from seqlab.errors import UserError
from seqlab.kernels.threads import cores
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
LOCAL, RAY = "local", "ray"
RAY_PORT = 6379  # Ray's own default


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


def read_engine(engine: str) -> tuple[str, str | None]:
    """An engine's name and the address of its cluster; None: one of its own, on this machine."""
    name, given, address = engine.partition(":")
    if name not in (LOCAL, RAY) or (name == LOCAL and given) or (given and not address):
        raise UserError(
            f'--engine "{engine}": accepted are local, ray (on this machine) and ray:ADDRESS',
            "the address is that of the cluster's head, such as ray:10.0.0.1:6379; ray:auto finds "
            "the one that runs on this machine",
        )
    if address.startswith("//"):
        raise UserError(
            f'--engine "{engine}": a client of a cluster is not one of its nodes',
            f"run the command on a node of the cluster, with --engine ray:HEAD:{RAY_PORT}",
        )
    if address and address != "auto" and ":" not in address:
        address = f"{address}:{RAY_PORT}"
    return name, address or None


@contextmanager
def connected(engine: str, workers: int | None) -> Iterator[None]:
    """In which the cluster of an engine can be used, if it has one.

    Raises: UserError if there is none at the address, or if its nodes are not all alike.
    """
    name, address = read_engine(engine)
    if name == LOCAL:
        yield
        return
    from seqlab.study.cluster.connection import ray_connected

    with ray_connected(address, workers):
        yield


def slots(engine: str, device: str) -> int:
    """How many runs are done at once.

    On a CPU small models are fastest on one thread each, so there are as many processes as cores;
    an accelerator is not shared.
    """
    if read_engine(engine)[0] == RAY:
        from seqlab.study.cluster.connection import Needs, free_slots

        return free_slots(Needs.of(device))
    return 1 if device == "cuda" else cores()


def open_engine(study: Path, engine: str, device: str, workers: int | None) -> Engine:
    """What does the assignments of a study on a cluster; `workers` runs at once at most."""
    from seqlab.study.cluster.ray_engine import RayEngine

    return RayEngine(study, device, workers)
