"""What a study's folder holds, read for the report; every part but `study.json` may be missing."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seqlab.runs import Run, list_runs, read_json
from seqlab.versions import check_format

TEXT_COLUMNS = ("candidate", "kind", "metric", "status", "backend", "reason")


@dataclass(frozen=True)
class Contestant:
    """One row of the leaderboard, with its finished runs.

    `style` numbers the contestant's colour and symbol; it follows the order in which the study
    names its candidates, so that it stays when the ranking changes or candidates are added.
    """

    name: str
    kind: str  # model | baseline
    status: str  # best | tied | negligible | undecided | worse | failed; empty: not compared
    style: int
    row: dict[str, Any] = field(default_factory=dict)
    trials: tuple[Run, ...] = ()
    verdicts: tuple[Run, ...] = ()  # those on all the training data

    @property
    def scored(self) -> bool:
        """Whether it has a score to show."""
        return self.number("mean") is not None

    @property
    def reason(self) -> str:
        """Why it failed, in the words of its run."""
        told = [str(run.result.get("reason") or "") for run in self.verdicts + self.trials]
        return str(self.row.get("reason") or next(filter(None, told), ""))

    def number(self, column: str) -> float | None:
        """A number of the leaderboard, or None where it was not measured."""
        value = self.row.get(column)
        return value if isinstance(value, float) and math.isfinite(value) else None

    @property
    def representative(self) -> Run | None:
        """The verdict run with the median validation score: the one whose exhibits are shown."""
        scored = [run for run in self.verdicts if run.ok and run.result.get("valid") is not None]
        scored.sort(key=lambda run: float(run.result["valid"]))
        return scored[(len(scored) - 1) // 2] if scored else None


@dataclass(frozen=True)
class StoredStudy:
    """A study as it was stored; what is missing is empty."""

    folder: Path
    settings: dict[str, Any]
    environment: dict[str, Any]
    data_card: dict[str, Any]
    verdict: dict[str, Any]
    comparison: dict[str, Any]
    contestants: tuple[Contestant, ...]  # in the leaderboard's order

    @property
    def metric(self) -> str:
        """The primary metric's name."""
        return str(self.settings.get("metric") or self.verdict.get("metric") or "score")

    @property
    def higher_is_better(self) -> bool:
        """The primary metric's direction."""
        return bool(self.settings.get("higher_is_better", True))

    @property
    def seeds(self) -> int:
        """The fewest verdict seeds of a contestant that has chance; 0 if none has."""
        return int(self.comparison.get("seeds") or self.verdict.get("seeds") or 0)

    @property
    def in_points(self) -> bool:
        """Whether scores lie between 0 and 1, so that differences are told in points of 100."""
        return bool(self.comparison.get("in_points"))

    @property
    def ranked(self) -> list[Contestant]:
        """Those with a score, in the leaderboard's order."""
        return [contestant for contestant in self.contestants if contestant.scored]

    @property
    def recommended(self) -> Contestant | None:
        """The contestant that the verdict recommends."""
        name = self.verdict.get("recommended")
        return next((c for c in self.contestants if c.name == name), None)

    @property
    def margin(self) -> float | None:
        """The margin in the metric's own units, as the comparison used it."""
        value = self.comparison.get("delta")
        return float(value) if isinstance(value, int | float) else None


def read_study(folder: Path) -> StoredStudy:
    """Read a study's folder.

    Raises: UserError if there is no `study.json`, or if a file is damaged.
    """
    settings = read_json(folder / "study.json")
    check_format(settings, folder / "study.json")
    rows = _read_leaderboard(folder / "leaderboard.csv")
    return StoredStudy(
        folder=folder,
        settings=settings,
        environment=_optional(folder / "environment.json"),
        data_card=_optional(folder / "data_card.json"),
        verdict=_optional(folder / "verdict.json"),
        comparison=_optional(folder / "comparison.json"),
        contestants=_contestants(rows, settings, list(list_runs(folder))),
    )


def scores(runs: tuple[Run, ...], metric: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The test scores of finished runs, (runs,)."""
    found = [run.result.get("test", {}).get(metric) for run in runs if run.ok]
    return np.array([value for value in found if value is not None], dtype=np.float64)


def _optional(path: Path) -> dict[str, Any]:
    return dict(read_json(path)) if path.exists() else {}


def _read_leaderboard(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return [
            {
                name: value if name in TEXT_COLUMNS else _number(value)
                for name, value in row.items()
                if name is not None
            }
            for row in csv.DictReader(file)
        ]


def _number(text: str | None) -> float | str | None:
    try:
        return float(text) if text else None
    except ValueError:
        return text


def _contestants(
    rows: list[dict[str, Any]], settings: dict[str, Any], runs: list[Run]
) -> tuple[Contestant, ...]:
    named = [_name(candidate) for candidate in settings.get("candidates") or []]
    ranked = [str(row["candidate"]) for row in rows]
    of_runs = [str(run.result["candidate"]) for run in runs]
    styles = {name: number for number, name in enumerate(dict.fromkeys(named + ranked + of_runs))}
    by_name = {str(row["candidate"]): row for row in rows}
    contestants = []
    for name in dict.fromkeys(ranked + [n for n in styles if n in of_runs]):
        own = [run for run in runs if run.result["candidate"] == name]
        row = by_name.get(name, {})
        kind = str(row.get("kind") or (own[0].result["kind"] if own else "model"))
        verdicts = [run for run in own if run.result["role"] == "verdict"]
        contestants.append(
            Contestant(
                name=name,
                kind=kind,
                status=str(row.get("status") or ""),
                style=styles[name],
                row=row,
                trials=tuple(run for run in own if run.result["role"] == "trial"),
                verdicts=tuple(run for run in verdicts if run.result.get("size") is None),
            )
        )
    return tuple(contestants)


def _name(candidate: Any) -> str:
    return str(candidate.get("name", candidate) if isinstance(candidate, dict) else candidate)
