"""What is damaged in a study's folder is taken away, and only that is lost.

Every file that a study reads again is looked at before it is continued, so that whoever reads it
later finds it whole or missing; and whatever is missing is made again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqlab.outside import DamagedError
from seqlab.runs import Run, list_runs, read_json
from seqlab.study.looks import StoredLook
from seqlab.study.plan import Allowance

Note = Callable[[str], None]


@dataclass(frozen=True)
class _Identity:
    task: str
    fingerprint: str
    data: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)
    budget: dict[str, Any] = field(default_factory=dict)
    backend: str = ""
    seed: int = 0


@dataclass(frozen=True)
class _Plan:
    key: dict[str, Any]
    allowance: Allowance


@dataclass(frozen=True)
class _Costs:
    digest: str
    params: int
    train_seconds: float | None = None
    latency_ms_p50: float | None = None
    latency_ms_low: float | None = None
    latency_ms_high: float | None = None
    latency_ms_p95: float | None = None
    latency_batch64_ms: float | None = None
    peak_memory_mb: float | None = None
    size_mb: float | None = None
    rounds: str | None = None
    backend: str | None = None


@dataclass(frozen=True)
class _DataCard:
    origin: str
    fingerprint: str
    findings: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Realised:
    time: float = 0.0


@dataclass(frozen=True)
class _Study:
    realised: _Realised


# By name: the shape that a file must have, and what is done without it.
FILES: dict[str, tuple[Any, str]] = {
    "identity.json": (_Identity, "only runs of these data and settings are kept"),
    "plan.json": (_Plan, "the study is planned anew"),
    "costs.json": (dict[str, _Costs], "costs are measured again"),
    "looks.json": (
        list[str | StoredLook],
        "how often the test set was looked at before is no longer known",
    ),
    "data_card.json": (_DataCard, "the data are prepared again"),
    "study.json": (_Study, "the time spent before is no longer known"),
    "choices/*.json": (dict[str, dict[str, Any]], "it is measured again"),
    "runs/*/*/history.json": (list[dict[str, Any]], "how this run was trained is no longer shown"),
    "runs/*/*/exhibits.json": (list[dict[str, Any]], "what this run shows is left out"),
}


def take_away_damage(study: Path, note: Note) -> None:
    """Delete what cannot be read as it was written; `note` is told a line for each."""
    for pattern, (shape, consequence) in FILES.items():
        for path in sorted(study.glob(pattern)):
            try:
                read_json(path, shape)
            except DamagedError as error:
                _delete(path)
                note(f"{error.message}; {consequence}")
    for folder, message in _damaged_runs(study):
        shutil.rmtree(folder)
        note(f"{message}; this run is done again")


def _damaged_runs(study: Path) -> Iterator[tuple[Path, str]]:
    messages: list[str] = []
    whole = list(list_runs(study, messages.append))
    kept = {run.folder for run in whole}
    folders = [path.parent for path in sorted(study.glob("runs/*/*/result.json"))]
    yield from zip([one for one in folders if one not in kept], messages, strict=True)
    for run in whole:
        try:
            _read_statistics(run)
        except DamagedError as error:
            yield run.folder, error.message


def _read_statistics(run: Run) -> None:
    """All that a comparison reads of a run."""
    if run.ok and run.result["role"] == "verdict":
        for metric in run.result.get("test") or {}:
            run.statistics(metric)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
