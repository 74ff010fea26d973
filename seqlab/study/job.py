"""Doing one assignment: fit a model or a baseline, score it, write its run folder."""

from __future__ import annotations

import contextlib
import errno
import shutil
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock

from seqlab.errors import NO_ROOM, UserError, out_of_memory
from seqlab.runs import UNFINISHED, write_run
from seqlab.study.assignment import Assignment
from seqlab.study.environment import machine
from seqlab.study.fitting import Facts, Parts, fit_baseline, fit_model
from seqlab.study.job_context import JobContext, Supervisor
from seqlab.study.prepared_folder import load_prepared
from seqlab.training.checkpoints import CheckpointError, Interrupted
from seqlab.training.history import DivergedError
from seqlab.training.ranks import LostRankError


def run_job(assignment: Assignment, study: Path, supervisor: Supervisor | None = None) -> None:
    """Do an assignment and leave its run folder; a failure is recorded there as a result.

    A training that was cut off continues from its checkpoint. A full disk, or a study's folder that
    is gone or cannot be read, is not the job's own failure: it is raised, as OSError; so are
    Interrupted, once the supervisor wants it to stop, and CheckpointError: what is in the way is
    for the user to decide.
    """
    folder = assignment.folder(study)
    folder.mkdir(parents=True, exist_ok=True)
    # The process of a study that was killed may still be at its last step here.
    with FileLock(folder / ".lock"):
        if not assignment.settled(study):
            _fit_and_record(assignment, study, supervisor or Supervisor())
    with contextlib.suppress(OSError):
        (folder / ".lock").unlink()


def attempt(assignment: Assignment, study: Path, supervisor: Supervisor) -> dict[str, Any]:
    """Do an assignment as far as it goes; the event that tells what came of it.

    done   its run is in the folder
    left   it was asked to stop, and has left a checkpoint to continue from
    fatal  what is in the way is for the user to put right: `reason`, and perhaps a `hint`
    """
    try:
        run_job(assignment, study, supervisor)
    except Interrupted:
        return {"event": "left"}
    except OSError as error:
        full = error.errno == errno.ENOSPC
        reason = "the disk is full" if full else error.strerror or error
        verb = "written" if full else "read or written"
        place = error.filename or study
        return {"event": "fatal", "reason": f"{place}: cannot be {verb}: {reason}"}
    except UserError as error:
        return {"event": "fatal", "reason": error.message, "hint": error.hint}
    return {"event": "done"}


def _fit_and_record(assignment: Assignment, study: Path, supervisor: Supervisor) -> None:
    folder = assignment.folder(study)
    result = {**asdict(assignment.job), "digest": assignment.digest, "status": "ok", "reason": ""}
    result |= {"seed": assignment.train["seed"], "settings": assignment.settings}
    result["machine"] = {**machine(), "threads": assignment.train.get("threads", 1)}
    parts: Parts = {}
    # A result from before must not vouch for the files that are written now.
    (folder / "result.json").unlink(missing_ok=True)
    for path in folder.glob(f".*{UNFINISHED}"):  # of a process that was killed while it wrote
        path.unlink(missing_ok=True)
    begun = time.perf_counter()
    try:
        prepared = load_prepared(assignment.task, study / assignment.prepared)
        context = JobContext.of(assignment, study, prepared, supervisor)
        fit = fit_model if assignment.job.kind == "model" else fit_baseline
        facts, parts = fit(context)
        result |= facts
    except (Interrupted, CheckpointError, LostRankError):
        raise
    except Exception as error:
        if _disk_is_full(error):
            raise OSError(errno.ENOSPC, "No space left on device", str(folder)) from error
        if _is_of(error, study):
            raise
        failure, parts = _failure(error)
        result |= failure
        supervisor.remark(f"failed: {result['reason']}")
    # Only now: until the result is known, a checkpoint is all that there is of the run.
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    write_run(folder, {**result, "wall_seconds": time.perf_counter() - begun}, parts)


def _failure(error: Exception) -> tuple[Facts, Parts]:
    """What a run records of its failure; one that may be our own fault leaves its traceback."""
    facts: dict[str, Any] = {"status": "failed", "reason": _reason(error), "valid": None}
    facts |= {"test": {}, "transient": out_of_memory(error)}
    facts["diverged"] = isinstance(error, DivergedError)
    if isinstance(error, DivergedError | UserError) or facts["transient"]:
        return facts, {}
    return facts, {"traceback": traceback.format_exc().splitlines()}


def _disk_is_full(error: Exception) -> bool:
    """Whether this is no fault of the job; safetensors says it in words only."""
    return getattr(error, "errno", None) in NO_ROOM or "(os error 28)" in str(error)


def _is_of(error: Exception, study: Path) -> bool:
    """Whether a file of the study itself is gone, or cannot be read or written."""
    if not isinstance(error, OSError) or not isinstance(error.filename, str):
        return False
    return Path(error.filename).is_relative_to(study)


def _reason(error: Exception) -> str:
    text = str(error).partition("\n")[0] or type(error).__name__
    if out_of_memory(error):
        return "out of memory; a smaller batch_size or fewer --params would fit"
    if isinstance(error, DivergedError | UserError):
        return text
    return f"{type(error).__name__}: {text}"
