"""A run's folder and a study's folder: write, read, list. Settings as plain data, weights as paths.

A run's `result.json` is written last, to a temporary file that is then renamed: its existence
means that the run is complete, whatever happened to the machine meanwhile.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.errors import UserError
from seqlab.outside import DamagedError, parse_json, read_bytes, read_npz
from seqlab.shapes import ANY, NUMBER, Shape, departure

Array = NDArray[np.float64]


MOST_KEPT_RESULTS = 20_000  # of runs, that a process remembers
UNFINISHED = ".unfinished"  # how the names of files and folders end that have no name yet


def from_here(path: Path) -> Path:
    """A path as one would say it in the current folder: what lies below it by the rest alone."""
    try:
        return path.relative_to(Path.cwd())
    except (OSError, ValueError):  # there is no current folder any more, or it lies elsewhere
        return path


def unfinished_name() -> str:
    """A hidden name that nobody can foresee and so put a link there."""
    return f".{secrets.token_hex(8)}{UNFINISHED}"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new, empty file to write to, which takes the place of `path` if nothing was raised.

    A reader sees the old file or the new one, never half of it. The new one may be replaced, too;
    whatever its own mode was, it ends with that of any new file.
    """
    temporary = path.with_name(unfinished_name())
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        mode = os.fstat(descriptor).st_mode
        os.close(descriptor)
        yield temporary
        os.chmod(temporary, stat.S_IMODE(mode))  # safetensors gives a file to its owner alone
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if error.filename == str(temporary):
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON, in the place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        json.dump(finite(value), file, indent=1, ensure_ascii=False)


def read_json(path: Path, shape: Shape = ANY) -> Any:
    """Read JSON that no study would write otherwise, and that must have a shape.

    Raises: DamagedError if it is damaged or of another shape, UserError if it is not there.
    """
    try:
        content = read_bytes(path)
        value = parse_json(content)
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file", "is this the folder of a finished study?"
        ) from None
    except ValueError as error:
        raise DamagedError(path, f"damaged, {error}") from None
    problem = departure(value, shape)
    if problem:
        raise DamagedError(path, f"damaged, {problem}")
    return value


@dataclass(frozen=True)
class Job:
    """One training (or baseline fit): who, in which role, with which seed, on which data.

    role  short or trial (tuning, scored on validation; short is a part of the usual length) or
          verdict (fresh seed, scored on test)
    size  training examples, None: all
    """

    candidate: str
    kind: str  # model | baseline
    role: str  # short | trial | verdict
    number: int
    fold: int = 0
    size: int | None = None

    @property
    def folder(self) -> str:
        """Where the run lives below the study's `runs/`."""
        parts = [self.role, str(self.number)]
        parts += [f"fold{self.fold}"] if self.fold else []
        parts += [f"size{self.size}"] if self.size is not None else []
        return f"{self.candidate}/{'-'.join(parts)}"


# Of a stored result: what every one holds, and what is read of some.
RESULT: Shape = {
    "candidate": str,
    "kind": "model|baseline",
    "role": str,
    "number": int,
    "fold": int,
    "size": (int, None),
    "status": "ok|failed",
    "reason": str,
    "seed": int,
    "settings": {...: dict},
    "valid": (*NUMBER, None),
    "digest?": str,
    "test?": ({...: (*NUMBER, None)}, None),
    "parameters?": ({...: NUMBER}, None),
    "transient?": bool,
    **dict.fromkeys(("width?", "steps?", "best_step?", "tokens?"), (int, None)),
    **dict.fromkeys(("learning_rate?", "epochs?", "seconds?"), (*NUMBER, None)),
    "backend?": (str, None),
    "choices?": ({...: dict}, None),
    "machine?": {"host": str, "cpu": str, "threads": int},
}


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder.

    `result` holds at least: candidate, kind, role, number, fold, size, status (ok | failed),
    reason, seed, valid (primary metric on validation), test (metric → value; verdict runs only),
    parameters {body, embedding}, width, learning_rate, epochs, steps, tokens, seconds, backend,
    settings {model, train}.
    """

    folder: Path
    result: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the run finished without failing."""
        return bool(self.result["status"] == "ok")

    @property
    def job(self) -> Job:
        """What the run was."""
        names = ("candidate", "kind", "role", "number", "fold", "size")
        return Job(**{name: self.result[name] for name in names})

    def statistics(self, metric: str) -> Array:
        """Per-example test statistics of a metric, (examples, K)."""
        try:
            stored = read_npz(self.folder / "statistics.npz")[metric]
            if stored.dtype.kind not in "biuf" or stored.ndim != 2:
                raise ValueError(f"{stored.ndim} dimensions of {stored.dtype}")
            return np.asarray(stored, dtype=np.float64)
        except (FileNotFoundError, ValueError, KeyError):
            raise DamagedError(self.folder, "damaged statistics") from None

    def history(self) -> list[dict[str, float]]:
        """One record per evaluation: step, epoch, seconds, train_loss, valid, learning_rate, …"""
        path = self.folder / "history.json"
        return list(read_json(path)) if path.exists() else []

    def exhibits(self) -> list[dict[str, Any]]:
        """What the task left to show: kind, title, data, note."""
        path = self.folder / "exhibits.json"
        return list(read_json(path)) if path.exists() else []


def write_run(folder: Path, result: dict[str, Any], parts: dict[str, Any]) -> None:
    """Write a run: its parts first (`statistics`: arrays; others: JSON), its result last."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in parts.items():
        if name == "statistics":
            with replacing(folder / "statistics.npz") as temporary, open(temporary, "wb") as file:
                np.savez_compressed(file, allow_pickle=False, **value)
        else:
            write_json(folder / f"{name}.json", value)
    write_json(folder / "result.json", result)


def read_run(folder: Path) -> Run | None:
    """The run in a folder, or None if it is not complete; raises DamagedError."""
    path = folder / "result.json"
    try:
        return Run(folder, _result(path))
    except (FileNotFoundError, NotADirectoryError):
        return None


def _result(path: Path) -> dict[str, Any]:
    """A stored result, read once: a study asks for each of its runs again and again.

    Raises FileNotFoundError where there is none, and DamagedError. It is not to be changed.
    """
    found = path.stat()  # a file that is replaced is another one
    return _read_result(path, found.st_ino, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=MOST_KEPT_RESULTS)
def _read_result(path: Path, *state: int) -> dict[str, Any]:
    result: dict[str, Any] = read_json(path, RESULT)
    return result


def list_runs(study: Path, note: Callable[[str], None] | None = None) -> Iterator[Run]:
    """All complete runs of a study, in the order of their names.

    Where a result is damaged, `note` is told and the run left out; without it, DamagedError.
    """
    for path in sorted((study / "runs").glob("*/*/result.json")):
        try:
            yield Run(path.parent, _result(path))
        except DamagedError as error:
            if note is None:
                raise
            note(error.message)


def finite(value: Any) -> Any:
    """JSON has no NaN or infinity: they are written as null."""
    if isinstance(value, dict):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        return finite(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
