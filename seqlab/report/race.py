"""The race over verdict seeds: what was seen after each round, who left, and what that saved."""

from __future__ import annotations

from typing import Any

from seqlab.compare.wording import counted, listed
from seqlab.report.figure import Figure, axis, colour, line, markers
from seqlab.report.quality import metric_label, places
from seqlab.report.stored import Contestant, StoredStudy

SPREAD = 0.12  # seeds: contestants stand apart, so that their intervals can be seen
Point = tuple[int, float, float, float]  # seeds, mean, and the ends of its own interval


def race(study: StoredStudy) -> Figure | None:
    """Each contestant's mean with its interval after every round; None where there was one."""
    rounds = study.verdict.get("race") or []
    points = {c.name: _points(study, c.name) for c in study.contestants}
    shown = [c for c in study.contestants if c.kind == "model" and points[c.name]]
    if not rounds or not shown:
        return None
    digits = places(study)
    ends = sorted({point[0] for c in shown for point in points[c.name]})
    return Figure(
        name="race",
        title=f"{study.metric} after each round of seeds",
        alt=f"{study.metric} of {', '.join(c.name for c in shown)} after {ends[0]} to {ends[-1]} "
        "seeds; a line that ends early is a contestant that left",
        data=[
            _curve(c, points[c.name], digits, SPREAD * (place - (len(shown) - 1) / 2))
            for place, c in enumerate(shown)
        ],
        layout={
            "xaxis": {**axis("seeds"), "tickvals": ends},
            "yaxis": axis(metric_label(study)),
        },
        caption="Vertical lines: the 95 % interval of each contestant alone. A line that ends "
        "early is a contestant that was shown to be worse, and ran no more.",
        legend=shown,
    )


def race_words(study: StoredStudy) -> list[str]:
    """Who left after which round, why the race ended, and the runs that it saved."""
    rounds = study.verdict.get("race") or []
    told = []
    for held in rounds:
        names = [one["name"] for one in held["exits"]]
        if names:
            told.append(f"after {counted(held['seeds'], 'seed')}: {listed(names)} left")
    told += [f"ended after {counted(r['seeds'], 'seed')}: {r['stop']}" for r in rounds if r["stop"]]
    models = [c for c in study.contestants if c.kind == "model" and c.verdicts]
    most = (study.settings.get("budget") or {}).get("seeds")
    if rounds and models and most:
        run, whole = sum(len(c.verdicts) for c in models), int(most) * len(models)
        told.append(f"{run} verdict runs instead of the {whole} of all seeds for all")
    return told


def _points(study: StoredStudy, name: str) -> list[Point]:
    """After every round in which it ran, and at the end."""
    found = []
    for held in study.verdict.get("race") or []:
        values = held["means"].get(name)
        if values is not None and None not in values:
            found.append((int(held["seeds"]), *map(float, values)))
    standing = next(
        (s for s in study.comparison.get("standings") or [] if s["name"] == name), dict[str, Any]()
    )
    ends = [standing.get(key) for key in ("mean", "ci_low", "ci_high")]
    seeds = standing.get("seeds")
    if seeds and None not in ends and all(point[0] < seeds for point in found):
        found.append((int(seeds), *(float(value) for value in ends if value is not None)))
    return found  # type: ignore[return-value]


def _curve(contestant: Contestant, points: list[Point], digits: int, shift: float) -> Any:
    return line(
        contestant,
        [point[0] + shift for point in points],
        [point[1] for point in points],
        mode="lines+markers",
        marker=markers(contestant, 8),
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [high - mean for _, mean, _, high in points],
            "arrayminus": [mean - low for _, mean, low, _ in points],
            "color": colour(contestant, 60),
            "thickness": 1.5,
            "width": 0,
        },
        customdata=[point[0] for point in points],
        hovertemplate=f"%{{y:.{digits}f}} after %{{customdata}} seeds",
    )
