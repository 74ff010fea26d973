"""Quality against the number of training examples, from a comparison at every size."""

from __future__ import annotations

from typing import Any

from seqlab.report.figure import Figure, axis, colour, line, markers
from seqlab.report.quality import metric_label, places
from seqlab.report.stored import Contestant, StoredStudy

SPREAD = 0.06  # of the axis: contestants stand apart, so that their intervals can be seen
Point = tuple[int, dict[str, Any]]  # a size and a contestant's standing there


def sizes(study: StoredStudy) -> Figure | None:
    """A curve for each contestant over nested subsets of the training part."""
    points = _points(study)
    shown = [contestant for contestant in study.contestants if points.get(contestant.name)]
    if not shown:
        return None
    digits = places(study)
    every = sorted({size for found in points.values() for size, _ in found})
    apart = (every[-1] / every[0]) ** (SPREAD / len(shown))
    return Figure(
        name="sizes",
        title=f"{study.metric} against training examples",
        alt=f"{study.metric} over {every[0]:,} to {every[-1]:,} training examples, a curve for "
        f"each of {', '.join(contestant.name for contestant in shown)}",
        data=[
            _curve(
                contestant, points[contestant.name], digits, apart ** (place - (len(shown) - 1) / 2)
            )
            for place, contestant in enumerate(shown)
        ],
        layout={
            "xaxis": {
                **axis("training examples (logarithmic)"),
                "type": "log",
                "tickvals": every,
                "ticktext": [f"{size:,}" for size in every],
            },
            "yaxis": axis(metric_label(study)),
        },
        caption="Vertical lines: the 95 % interval of each contestant alone.",
        legend=shown,
    )


def _points(study: StoredStudy) -> dict[str, list[Point]]:
    stored = (study.comparison.get("sizes") or {}).get("points") or {}
    points: dict[str, list[Point]] = {}
    for size, comparison in sorted(stored.items(), key=lambda item: int(item[0])):
        for standing in comparison["standings"]:
            if standing["mean"] is not None:
                points.setdefault(standing["name"], []).append((int(size), standing))
    return points if len(stored) > 1 else {}


def _curve(
    contestant: Contestant, points: list[Point], digits: int, shift: float
) -> dict[str, Any]:
    means = [standing["mean"] for _, standing in points]
    known = all(s["ci_low"] is not None and s["ci_high"] is not None for _, s in points)
    error: dict[str, Any] = {"visible": False}
    if known:
        error = {
            "type": "data",
            "symmetric": False,
            "array": [s["ci_high"] - s["mean"] for _, s in points],
            "arrayminus": [s["mean"] - s["ci_low"] for _, s in points],
            "color": colour(contestant, 60),
            "thickness": 1.5,
            "width": 0,
        }
    return line(
        contestant,
        [size * shift for size, _ in points],
        means,
        mode="lines+markers",
        marker=markers(contestant, 8),
        error_y=error,
        customdata=[size for size, _ in points],
        hovertemplate=f"%{{y:.{digits}f}} from %{{customdata:,}} training examples",
    )
