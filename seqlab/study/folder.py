"""A study's folder: one owner at a time, and one set of settings."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from seqlab.errors import NO_ROOM, UserError
from seqlab.runs import UNFINISHED, from_here, read_json
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import Sources
from seqlab.versions import FORMAT, check_format

# What a study's folder may hold before its identity is known.
OWN_FILES = {
    *(".lock", "prepared", "runs", "best", "choices", "workers.log"),
    *("identity.json", "settings.json", "environment.json", "plan.json", "data_card.json"),
    *("costs.json", "looks.json", "comparison.json", "study.json", "verdict.json"),
    *("leaderboard.csv", "results.parquet", "report.html"),
}


@contextmanager
def claimed(folder: Path) -> Iterator[Path]:
    """Hold a study's folder, by its full path; a second process is refused, never let in.

    What ends before the study has begun leaves nothing behind.
    """
    _refuse_strangers(folder)
    # The current folder may be another one by the time that this ends.
    place = folder.absolute()
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise UserError(
            f"-o {folder}: another process is working on this study",
            "wait until it has finished, or give another folder with -o",
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            f"-o {folder}: cannot be written to: {reason}", "give another folder with -o"
        ) from None
    try:
        _tidy(place)
        yield place
    except OSError as error:
        if error.errno in NO_ROOM and error.filename is None:  # as libraries say it
            error.filename = str(place)
        raise
    finally:
        lock.release()
        if not (place / "identity.json").exists():
            _sweep(place, made)


def _refuse_strangers(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UserError(f"-o {folder}: this is a file, expected a folder")
    names = {path.name for path in folder.iterdir() if path.suffix != UNFINISHED}
    strangers = sorted(names - OWN_FILES)
    if strangers and not (folder / "identity.json").exists():
        raise UserError(
            f'-o {folder}: the folder is not empty and holds no study ("{strangers[0]}")',
            "give another folder with -o",
        )


def _tidy(folder: Path) -> None:
    """Take away what a process that was killed had half written; runs see to theirs."""
    for path in folder.iterdir():
        if path.suffix != UNFINISHED:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _sweep(folder: Path, made: bool) -> None:
    """Take away what was prepared for a study that never began."""
    if (folder / "runs").exists():
        return
    shutil.rmtree(folder / "prepared", ignore_errors=True)
    for name in ("data_card.json", ".lock"):
        (folder / name).unlink(missing_ok=True)
    if made:
        folder.rmdir()


def identify(folder: Path, spec: StudySpec, fingerprint: str) -> dict[str, Any]:
    """What a folder's study is; one of other data, another task or other settings is refused."""
    path = folder / "identity.json"
    own = {**spec.identity(), "fingerprint": fingerprint, "format": FORMAT}
    wanted: dict[str, Any] = json.loads(json.dumps(own))
    if not path.exists():
        return wanted
    stored = read_json(path)
    check_format(stored, path)
    for name, words in (("task", "of another task"), ("fingerprint", "of other data")):
        if stored.get(name) != wanted[name]:
            given = f" ({stored.get(name)}, not {wanted[name]})" if name == "task" else ""
            raise UserError(
                f"-o {from_here(folder)}: the folder holds a study {words}{given}",
                "give another folder with -o; nothing in this one was changed",
            )
    different = _difference({**stored, "format": FORMAT}, wanted)
    if different:
        raise UserError(
            f"-o {from_here(folder)}: the folder holds a study with other settings: {different}",
            "a study can grow by seeds, trials, candidates and sizes only; "
            "for other settings give another folder with -o",
        )
    return wanted


def _difference(stored: Any, wanted: Any, name: str = "") -> str:
    if isinstance(stored, dict) and isinstance(wanted, dict):
        for key in sorted({*stored, *wanted}):
            difference = _difference(stored.get(key), wanted.get(key), f"{name}.{key}".strip("."))
            if difference:
                return difference
        return ""
    return "" if stored == wanted else f"{name} was {stored}, is {wanted}"


def fingerprint_of(sources: Sources) -> str:
    """One digest for all given tables."""
    tables = (sources.train, sources.valid, sources.test)
    text = "/".join("" if table is None else table.fingerprint for table in tables)
    return hashlib.sha256(text.encode()).hexdigest()
