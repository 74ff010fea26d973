"""What a study's folder holds, read for the report.

Every part but `study.json` may be missing, and damage of a file costs that file alone.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seqlab import registry
from seqlab.errors import UserError
from seqlab.outside import read_bytes
from seqlab.report import layout
from seqlab.runs import Run
from seqlab.shapes import MOST, Shape, read_shaped
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
    trials: tuple[Run, ...] = ()  # one of each setting: the short ones, where there are such
    full_trials: tuple[Run, ...] = ()  # of the settings that were the best of short ones
    verdicts: tuple[Run, ...] = ()  # those on all the training data

    @property
    def title(self) -> str:
        """What a baseline is, in plain words."""
        card = registry.cards("baselines").get(self.name)
        return "baseline" if card is None else str(card.get("title", "baseline"))

    @property
    def plain_name(self) -> str:
        """The name for who does not know the short one: word counts + … (tfidf-lr)."""
        return f"{self.title} ({self.name})" if self.kind == "baseline" else self.name

    @property
    def scored(self) -> bool:
        """Whether it has a score to show."""
        return self.number("mean") is not None

    @property
    def reason(self) -> str:
        """Why it failed, in the words of its run."""
        told = [
            str(run.result.get("reason") or "")
            for run in self.verdicts + self.full_trials + self.trials
        ]
        return str(self.row.get("reason") or next(filter(None, told), ""))

    def number(self, column: str) -> float | None:
        """A number of the leaderboard, or None where it was not measured."""
        value = self.row.get(column)
        known = isinstance(value, float) and math.isfinite(value) and abs(value) < MOST
        return value if known else None

    @property
    def representative(self) -> Run | None:
        """The verdict run with the median validation score: the one whose exhibits are shown."""
        scored = [run for run in self.verdicts if run.ok and run.result.get("valid") is not None]
        scored.sort(key=lambda run: float(run.result["valid"]))
        return scored[(len(scored) - 1) // 2] if scored else None


class Shelf:
    """A study's folder as it is read: each file once, with a line for each that is damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damage: dict[Path, str] = {}
        self._read: dict[Path, Any] = {}

    def json(self, path: Path, shape: Shape) -> Any:
        """What a file holds, or None where it is missing or damaged."""
        if path not in self._read:
            self._read[path] = None
            try:
                self._read[path] = read_shaped(path, shape)
            except FileNotFoundError:
                pass
            except (UserError, OSError) as error:
                self.lose(path, _reason(error, path))
        return self._read[path]

    def lose(self, path: Path, why: str) -> None:
        """Remember that a file is left out."""
        name = path.relative_to(self.folder).as_posix()
        self.damage[path] = f"{name} is damaged and left out: {why}"


@dataclass(frozen=True)
class StoredRun(Run):
    """A run whose parts are checked before they are shown."""

    shelf: Shelf

    def history(self) -> list[dict[str, float]]:
        """Its records, or none where they are damaged."""
        return self.shelf.json(self.folder / "history.json", layout.HISTORY) or []

    def exhibits(self) -> list[dict[str, Any]]:
        """Its exhibits, or none where they are damaged."""
        return self.shelf.json(self.folder / "exhibits.json", layout.SHOWN) or []


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
    shelf: Shelf

    @property
    def damage(self) -> list[str]:
        """A line for each file that is damaged, as far as files were read."""
        return sorted(self.shelf.damage.values())

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
    def trivial(self) -> set[str]:
        """The contestants that have learned nothing: they are no points of figures."""
        standings = self.comparison.get("standings") or []
        return {one["name"] for one in standings if one.get("trivial")}

    def family(self, contestant: Contestant) -> str:
        """The first family that a contestant belongs to; its own name where it has none."""
        standings = self.comparison.get("standings") or []
        own = [one.get("families") or [] for one in standings if one["name"] == contestant.name]
        return str(own[0][0]) if own and own[0] else contestant.name

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

    Raises: UserError if there is no `study.json`.
    """
    path = folder / "study.json"
    if not path.exists():
        raise UserError(f"{path}: no such file", "is this the folder of a finished study?")
    shelf = Shelf(folder)
    settings = shelf.json(path, layout.STUDY) or {}
    if settings:  # one that is damaged costs itself, and no more
        check_format(settings, path)
    return StoredStudy(
        folder=folder,
        settings=settings,
        environment=shelf.json(folder / "environment.json", dict) or {},
        data_card=shelf.json(folder / "data_card.json", layout.DATA_CARD) or {},
        verdict=shelf.json(folder / "verdict.json", layout.VERDICT) or {},
        comparison=shelf.json(folder / "comparison.json", layout.COMPARISON) or {},
        contestants=_contestants(_read_leaderboard(shelf), settings, _runs(shelf)),
        shelf=shelf,
    )


def _runs(shelf: Shelf) -> list[Run]:
    """All complete runs that can be read, in the order of their names."""
    paths = sorted((shelf.folder / "runs").glob("*/*/result.json"))
    results = ((path.parent, shelf.json(path, layout.RESULT)) for path in paths)
    return [StoredRun(run, result, shelf) for run, result in results if result is not None]


def scores(runs: tuple[Run, ...], metric: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The test scores of finished runs, (runs,)."""
    found = [(run.result.get("test") or {}).get(metric) for run in runs if run.ok]
    return np.array([value for value in found if value is not None], dtype=np.float64)


def _read_leaderboard(shelf: Shelf) -> list[dict[str, Any]]:
    path = shelf.folder / "leaderboard.csv"
    try:
        lines = io.StringIO(read_bytes(path).decode("utf-8"), newline="")
        rows = [
            {
                name: value if name in TEXT_COLUMNS else _number(value)
                for name, value in row.items()
                if name is not None
            }
            for row in csv.DictReader(lines)
        ]
    except FileNotFoundError:
        if (shelf.folder / "verdict.json").exists():  # a study that is under way has none yet
            shelf.damage[path] = (
                f"{path.name} is missing: no contestant is shown; run the study's command again"
                " to write it anew"
            )
        return []
    except (UserError, OSError, ValueError, csv.Error) as error:
        shelf.lose(path, _reason(error, path))
        return []
    if not all(row.get("candidate") for row in rows):
        shelf.lose(path, "a row without a candidate")
        return []
    return rows


def _reason(error: Exception, path: Path) -> str:
    """Why a file cannot be read, without its name."""
    if isinstance(error, UserError):
        return error.message.removeprefix(f"{path}: ")
    return (getattr(error, "strerror", None) or str(error)).lower()


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
        short, trials, verdicts = (
            tuple(run for run in own if run.result["role"] == role)
            for role in ("short", "trial", "verdict")
        )
        contestants.append(
            Contestant(
                name=name,
                kind=kind,
                status=str(row.get("status") or ""),
                style=styles[name],
                row=row,
                trials=short or trials,
                full_trials=trials if short else (),
                verdicts=tuple(run for run in verdicts if run.result.get("size") is None),
            )
        )
    return tuple(contestants)


def _name(candidate: Any) -> str:
    return str(candidate.get("name", candidate) if isinstance(candidate, dict) else candidate)
