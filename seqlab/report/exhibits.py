"""What tasks left to show, gathered across contestants: kinds are drawn, tasks are not known."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from seqlab.report.cases import Case, Shown, cases
from seqlab.report.figure import Figure, axis, band, colour, line, markers, plain, symbol
from seqlab.report.stored import StoredStudy
from seqlab.report.tables import Merged, merged

MOST_SERIES = 8
MOST_CASES = 12
BY_EXAMPLE = ("examples", "marked", "samples", "images")
# Of at most this size, columns and rows, they stand beside each other.
MOST_BESIDE = 6  # contestants
SMALL = {"table": (6, 8), "matrix": (11, 11)}


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
    of_one: bool = False  # whether the other contestants have none

    @property
    def small(self) -> bool:
        """Whether the tables of all contestants can stand beside each other."""
        columns, rows = SMALL.get(self.kind, (0, 0))
        return len(self.shown) <= MOST_BESIDE and all(
            len(data.get("columns", ())) <= columns and len(data.get("rows", ())) <= rows
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
    found = [
        _gathered(f"exhibit-{number}", *key, notes[key], shown)
        for number, (key, shown) in enumerate(groups.items())
    ]
    several = len({c.name for shown in groups.values() for c, _ in shown}) > 1
    alone = [several and len(shown) == 1 for shown in groups.values()]
    return [replace(made, of_one=own) for made, own in zip(found, alone, strict=True)]


def _gathered(name: str, kind: str, title: str, note: str, shown: list[Shown]) -> Gathered:
    if kind == "curve":
        return Gathered(kind, title, note, shown, figures=[_curve(name, title, shown)])
    if kind == "series":
        figures = _series(name, shown)
        left_out = len(figures) - MOST_SERIES
        return Gathered(
            kind, title, note, shown, figures=figures[:MOST_SERIES], left_out=max(0, left_out)
        )
    if kind == "scatter":
        return Gathered(kind, title, note, shown, figures=_scatters(name, title, shown))
    if kind in BY_EXAMPLE:
        return Gathered(kind, title, note, shown, cases=cases(kind, shown))
    if len({json.dumps(data, sort_keys=True) for _, data in shown}) == 1:
        return Gathered(kind, title, note, shown[:1])
    return Gathered(kind, title, note, shown, merged=merged(shown) if kind == "table" else None)


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
                marker=markers(contestant, 7) | _weights(counts),
                customdata=counts or [],
                hovertemplate=hover,
            )
        )
    if first.get("diagonal") and not words:
        data.insert(0, _diagonal(chain.from_iterable(curve["x"] for _, curve in shown)))
    x_axis = axis(first["x_label"]) | ({"type": "category"} if words else {})
    return Figure(
        name=name,
        title=title,
        alt=f"{title}: {first['y_label']} over {first['x_label']}, a curve for each of "
        + ", ".join(contestant.name for contestant, _ in shown),
        data=data,
        layout={"xaxis": x_axis, "yaxis": axis(first["y_label"])},
        caption=_caption(
            any(len(set(curve.get("count") or ())) > 1 for _, curve in shown),
            bool(first.get("diagonal")) and not words,
        ),
        legend=[contestant for contestant, _ in shown],
    )


def _caption(counted: bool, diagonal: bool) -> str:
    said = [
        *(["Dashed: where both are equal."] if diagonal else []),
        *(["Larger points stand for more examples."] if counted else []),
    ]
    return " ".join(said)


def _weights(counts: Sequence[float] | None) -> dict[str, Any]:
    """The size of each point: what is read from few examples is small."""
    if not counts:
        return {}
    most = max(counts) or 1
    sizes = [round(4 + 6 * math.sqrt(max(0, count) / most), 1) for count in counts]
    return {"size": sizes, "opacity": 1}  # points of many sizes are translucent unless told


def _scatters(name: str, title: str, shown: list[Shown]) -> list[Figure]:
    """A figure for each contestant, all over the same stretch: one cloud would hide the others."""
    points = {end: [v for _, data in shown for v in data[end] if v is not None] for end in "xy"}
    figures = []
    for number, (contestant, data) in enumerate(shown):
        cloud = {
            "type": "scatter",
            "mode": "markers",
            "x": list(data["x"]),
            "y": list(data["y"]),
            "marker": {"color": colour(contestant, 45), "size": 6, "symbol": symbol(contestant)},
            "name": plain(contestant.name),
            "hovertemplate": "%{y:.4g} at %{x:.4g}",
        }
        ideal = [_diagonal(chain(*points.values()))] if data.get("diagonal") else []
        figures.append(
            Figure(
                name=f"{name}-{number}",
                title=contestant.name,
                alt=f"{title}, {contestant.name}: {data['y_label']} over {data['x_label']},"
                f" {len(data['x']):,} points",
                data=[*ideal, cloud],
                layout={
                    "xaxis": axis(data["x_label"], range=_stretch(points["x"])),
                    "yaxis": axis(data["y_label"], range=_stretch(points["y"])),
                },
                caption="Dashed: where both are equal." if ideal else "",
            )
        )
    return figures


def _stretch(values: Sequence[float]) -> list[float]:
    """From the lowest to the highest, and a little more on both sides."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = 0.04 * (high - low) or 1.0
    return [low - room, high + room]


def _diagonal(values: Iterable[float | None]) -> dict[str, Any]:
    """The line where both axes agree, as far as the values go."""
    found = [value for value in values if value is not None]
    ends = [min(found), max(found)] if found else [0.0, 1.0]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": ends,
        "y": ends,
        "line": {"color": "@muted", "width": 1.5, "dash": "dash"},
        "hoverinfo": "skip",
        "name": "agreement",
    }


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
    _, first = found[0]
    predicted = [(c, item["predicted"]) for c, item in found if item["predicted"]["y"]]
    data = [_observed(first["target"], "true values", "@ink", 3.5 if predicted else 1.5)]
    caption = ""
    if first["history"]["y"]:
        data.insert(0, _observed(first["history"], "history", "@muted", 1.5))
        caption = "Thin: the history; thick: the true values."
    sure = [(c, p) for c, p in predicted if p.get("low") and p.get("high")]
    for contestant, points in sure[:1]:  # more than one band would hide the lines
        data.append(band(contestant, points["x"], points["low"], points["high"]))
        caption += f" Band: the prediction interval of {contestant.name}."
    data += [line(contestant, points["x"], points["y"]) for contestant, points in predicted]
    names = ", ".join(contestant.name for contestant, _ in predicted)
    labels = {end: axis(str(first.get(f"{end}_label") or "")) for end in "xy"}
    return Figure(
        name=name,
        title=title,
        alt=f"{title}: true values, and the predictions of {names}" if names else title,
        data=data,
        layout={"xaxis": labels["x"], "yaxis": labels["y"]},
        caption=caption,
        legend=[contestant for contestant, _ in predicted],
        answers=[(c, str(item["answer"])) for c, item in found if item.get("answer")],
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
