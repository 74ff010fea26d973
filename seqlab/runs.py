"""A run's folder and a study's folder: write, read, list. Settings as plain data, weights as paths.

A run's `result.json` is written last, to a temporary file that is then renamed: its existence
means that the run is complete, whatever happened to the machine meanwhile.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.errors import UserError
from seqlab.outside import parse_json, read_bytes, read_npz

Array = NDArray[np.float64]


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(finite(value), file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """Read JSON; a damaged file, or one that no study would write, is a user's error."""
    try:
        return parse_json(read_bytes(path))
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file", "is this the folder of a finished study?"
        ) from None
    except ValueError as error:
        raise UserError(
            f"{path}: damaged, {error}", "delete it and run the study's command again"
        ) from None


@dataclass(frozen=True)
class Job:
    """One training (or baseline fit): who, in which role, with which seed, on which data.

    role  trial (tuning, scored on validation) or verdict (fresh seed, scored on test)
    size  training examples, None: all
    """

    candidate: str
    kind: str  # model | baseline
    role: str  # trial | verdict
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
        except (OSError, ValueError, KeyError):
            raise UserError(
                f"{self.folder}: damaged statistics",
                "delete this folder and run the study's command again: only this run is redone",
            ) from None

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
            np.savez_compressed(folder / "statistics.npz", allow_pickle=False, **value)
        else:
            write_json(folder / f"{name}.json", value)
    write_json(folder / "result.json", result)


def read_run(folder: Path) -> Run | None:
    """The run in a folder, or None if it is not complete."""
    path = folder / "result.json"
    return Run(folder, read_json(path)) if path.exists() else None


def list_runs(study: Path) -> Iterator[Run]:
    """All complete runs of a study, in the order of their names."""
    for path in sorted((study / "runs").glob("*/*/result.json")):
        yield Run(path.parent, read_json(path))


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
