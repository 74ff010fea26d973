"""What tasks left to show, gathered across contestants: kinds are drawn, tasks are not known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from seqlab.report.figure import Figure, axis, band, line, markers, plain
from seqlab.report.stored import Contestant, StoredStudy

Shown = tuple[Contestant, dict[str, Any]]  # a contestant and its exhibit's data
MOST_SERIES = 8
MOST_CASES = 12
SMALL_COLUMNS, SMALL_ROWS = 6, 8  # a table of at most this size stands beside the others'


@dataclass(frozen=True)
class Answer:
    """What a contestant made of a hard example; None where its exhibit does not say."""

    contestant: Contestant
    predicted: Any = None
    score: Any = None
    note: Any = None


@dataclass(frozen=True)
class Case:
    """A hard example, with the answers of the contestants that list it."""

    text: str
    target: Any
    answers: list[Answer]


@dataclass(frozen=True)
class Merged:
    """One table for all contestants: what they share once, then a column for each."""

    columns: list[str]
    differing: str  # the column in which they differ
    contestants: list[Contestant]
    rows: list[list[Any]]


@dataclass(frozen=True)
class Gathered:
    """Exhibits of one kind and title, over all contestants that have one."""

    kind: str
    title: str
    note: str
    shown: list[Shown]  # once only, if it is the same for all
    figures: list[Figure] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    merged: Merged | None = None
    left_out: int = 0  # series that are not drawn

    @property
    def small(self) -> bool:
        """Whether the tables of all contestants can stand beside each other."""
        return all(
            len(data.get("columns", ())) <= SMALL_COLUMNS
            and len(data.get("rows", ())) <= SMALL_ROWS
            for _, data in self.shown
        )


def gather(study: StoredStudy) -> list[Gathered]:
    """All exhibits of the contestants' representative runs, the recommended contestant first."""
    recommended = study.recommended
    order = sorted(study.contestants, key=lambda c: c is not recommended)
    groups: dict[tuple[str, str], list[Shown]] = {}
    notes: dict[tuple[str, str], str] = {}
    for contestant in order:
        run = contestant.representative
        for exhibit in run.exhibits() if run else []:
            key = (str(exhibit["kind"]), str(exhibit["title"]))
            groups.setdefault(key, []).append((contestant, exhibit["data"]))
            notes.setdefault(key, str(exhibit.get("note") or ""))
    return [
        _gathered(f"exhibit-{number}", *key, notes[key], shown)
        for number, (key, shown) in enumerate(groups.items())
    ]


def _gathered(name: str, kind: str, title: str, note: str, shown: list[Shown]) -> Gathered:
    if kind == "curve":
        return Gathered(kind, title, note, shown, figures=[_curve(name, title, shown)])
    if kind == "series":
        figures = _series(name, shown)
        left_out = len(figures) - MOST_SERIES
        return Gathered(
            kind, title, note, shown, figures=figures[:MOST_SERIES], left_out=max(0, left_out)
        )
    if kind == "examples":
        return Gathered(kind, title, note, shown, cases=_cases(shown))
    if len({json.dumps(data, sort_keys=True) for _, data in shown}) == 1:
        return Gathered(kind, title, note, shown[:1])
    return Gathered(kind, title, note, shown, merged=_merged(shown) if kind == "table" else None)


def _curve(name: str, title: str, shown: list[Shown]) -> Figure:
    first = shown[0][1]
    words = any(isinstance(x, str) for _, data in shown for x in data["x"])
    data = []
    for contestant, curve in shown:
        counts = curve.get("count")
        hover = "%{y:.4g} at %{x}" + (" (%{customdata:,} examples)" if counts else "")
        data.append(
            line(
                contestant,
                [plain(x) for x in curve["x"]] if words else curve["x"],
                curve["y"],
                mode="lines+markers",
                marker=markers(contestant, 7),
                customdata=counts or [],
                hovertemplate=hover,
            )
        )
    x_axis = axis(first["x_label"]) | ({"type": "category"} if words else {})
    return Figure(
        name=name,
        title=title,
        alt=f"{title}: {first['y_label']} over {first['x_label']}, a curve for each of "
        + ", ".join(contestant.name for contestant, _ in shown),
        data=data,
        layout={"xaxis": x_axis, "yaxis": axis(first["y_label"])},
        legend=[contestant for contestant, _ in shown],
    )


def _series(name: str, shown: list[Shown]) -> list[Figure]:
    """A figure per title, those that most contestants have first."""
    found: dict[str, list[Shown]] = {}
    for contestant, data in shown:
        for item in data["items"]:
            found.setdefault(str(item["title"]), []).append((contestant, item))
    ordered = sorted(found.items(), key=lambda entry: -len(entry[1]))
    return [
        _forecast(f"{name}-{number}", title, items) for number, (title, items) in enumerate(ordered)
    ]


def _forecast(name: str, title: str, found: list[Shown]) -> Figure:
    leader, first = found[0]
    data = [
        _observed(first["history"], "history", "@muted", 1.5),
        _observed(first["target"], "what came", "@ink", 3.5),
    ]
    caption = "Thin: what came before; thick: what came."
    predicted = first["predicted"]
    if predicted.get("low") and predicted.get("high"):
        data.append(band(leader, predicted["x"], predicted["low"], predicted["high"]))
        caption += f" Band: the interval that {leader.name} gives."
    data += [line(c, item["predicted"]["x"], item["predicted"]["y"]) for c, item in found]
    return Figure(
        name=name,
        title=title,
        alt=f"{title}: history, what came, and the predictions of "
        + ", ".join(contestant.name for contestant, _ in found),
        data=data,
        layout={"xaxis": axis(""), "yaxis": axis("")},
        caption=caption,
        legend=[contestant for contestant, _ in found],
    )


def _observed(
    points: dict[str, Sequence[Any]], name: str, ink: str, width: float
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(points["x"]),
        "y": list(points["y"]),
        "name": name,
        "line": {"color": ink, "width": width},
    }


def _cases(shown: list[Shown]) -> list[Case]:
    """The examples, those that most contestants list first."""
    cases: dict[tuple[str, str], Case] = {}
    for contestant, data in shown:
        for item in data["items"]:
            key = (str(item["text"]), str(item.get("target")))
            case = cases.setdefault(key, Case(key[0], item.get("target"), []))
            said = (item.get(name) for name in ("predicted", "score", "note"))
            case.answers.append(Answer(contestant, *said))
    return sorted(cases.values(), key=lambda case: -len(case.answers))


def _merged(shown: list[Shown]) -> Merged | None:
    """One table of several, if they describe the same rows and differ in one column."""
    columns = shown[0][1]["columns"]
    tables = [{str(row[0]): row for row in data["rows"]} for _, data in shown]
    keys = list(dict.fromkeys(key for table in tables for key in table))
    same_columns = all(data["columns"] == columns for _, data in shown)
    unique = all(
        len(table) == len(data["rows"]) for table, (_, data) in zip(tables, shown, strict=True)
    )
    if len(shown) < 2 or not (same_columns and unique):
        return None
    versions = {key: [table[key] for table in tables if key in table] for key in keys}
    differing = [
        place
        for place in range(1, len(columns))
        if any(row[place] != rows[0][place] for rows in versions.values() for row in rows)
    ]
    if len(differing) != 1:
        return None
    (place,) = differing
    shared = [number for number in range(len(columns)) if number != place]
    return Merged(
        columns=[columns[number] for number in shared],
        differing=columns[place],
        contestants=[contestant for contestant, _ in shown],
        rows=[
            [versions[key][0][number] for number in shared]
            + [table[key][place] if key in table else None for table in tables]
            for key in keys
        ],
    )
