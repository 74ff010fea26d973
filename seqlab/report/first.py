"""The first screen: one figure that shows the answer, and three facts."""

from __future__ import annotations

from typing import Any

from seqlab.compare.comparison import VERDICT_SEEDS
from seqlab.compare.wording import counted
from seqlab.report.differences import margin_words
from seqlab.report.figure import Figure, axis, plain
from seqlab.report.numbers import count, significant
from seqlab.report.quality import margin_band, mean_mark, metric_label, places, words
from seqlab.report.stored import Contestant, StoredStudy

MOST_ROWS = 7  # of contestants; where there are more, the best of each family stands for it
ROW_HEIGHT = 34
NAME_WIDTH = 18  # characters in a line of a name, so that a phone has room for the plot
Fact = tuple[str, str, list[str]]  # heading, what is read first, and the rest


def answer_figure(study: StoredStudy) -> Figure | None:
    """Score with interval of each family's best, the margin as a band, latency beside."""
    shown = _shown(study)
    if not shown:
        return None
    digits = places(study)
    rows = range(len(shown))
    return Figure(
        name="answer",
        title="The answer in one figure",
        alt="Means and 95 % intervals: " + "; ".join(words(c, digits) for c in shown),
        data=[mean_mark(contestant, row, digits) for row, contestant in enumerate(shown)],
        layout={
            "xaxis": {**axis(metric_label(study)), "zeroline": False, "nticks": 6},
            "yaxis": {
                "tickvals": list(rows),
                "ticktext": [plain(c.name, NAME_WIDTH) for c in shown],
                "range": [len(shown) - 0.4, -0.9],
                "showgrid": False,
                "zeroline": False,
            },
            "margin": {"r": 74},
            "annotations": _latencies(shown),
            "shapes": margin_band(study),
        },
        caption=_caption(study, shown),
        height=70 + ROW_HEIGHT * len(shown),
    )


def _shown(study: StoredStudy) -> list[Contestant]:
    """Those worth a look: without what has learned nothing, and not more than a screen holds."""
    ranked = [c for c in study.ranked if c.name not in study.trivial] or study.ranked
    if len(ranked) <= MOST_ROWS:
        return ranked
    best: dict[str, Contestant] = {}
    for contestant in ranked:
        best.setdefault(study.family(contestant), contestant)
    return list(best.values())[:MOST_ROWS]


def _latencies(shown: list[Contestant]) -> list[dict[str, Any]]:
    """What an example takes, at the right of each row."""
    if not any(c.number("latency_ms_p50") is not None for c in shown):
        return []
    texts = [(-0.75, "latency")]
    texts += [
        (row, f"{significant(value, 2)} ms")
        for row, c in enumerate(shown)
        if (value := c.number("latency_ms_p50")) is not None
    ]
    place = {"xref": "paper", "x": 1.0, "xanchor": "left", "xshift": 8, "yref": "y"}
    look = {"showarrow": False, "font": {"size": 12, "color": "@muted"}}
    return [{**place, **look, "y": y, "text": text} for y, text in texts]


def _caption(study: StoredStudy, shown: list[Contestant]) -> str:
    end = "highest" if study.higher_is_better else "lowest"
    said = f"Mark: mean; line: 95 % interval; grey: within the margin of the {end} mean."
    if len(shown) < len([c for c in study.ranked if c.name not in study.trivial]):
        said += " The best of each family is shown; all stand in the leaderboard."
    return said


def facts(study: StoredStudy) -> list[Fact]:
    """How sure the answer is, what it costs, and what would change it."""
    found = (_how_sure(study), _costs(study), _could_change(study))
    return [fact for fact in found if fact is not None]


def _how_sure(study: StoredStudy) -> Fact | None:
    comparison = study.comparison
    level, spent = comparison.get("level"), comparison.get("level_spent")
    if level is None or spent is None:
        return None
    sure, now = (significant(100 * (1 - error), 3).removesuffix(".0") for error in (level, spent))
    seeds = study.seeds
    tested = f"{count(comparison.get('examples'))} test examples"
    if seeds:
        tested = f"{counted(seeds, 'seed')} for each contestant with random training, {tested}"
    preview = f": a preview, a verdict takes {VERDICT_SEEDS} seeds"
    rest = [tested + preview * bool(comparison.get("preview"))]
    rest += [f"margin: {margin_words(study)}"] * (study.margin is not None)
    rest += [f"look {comparison.get('looks') or 1} at the test part, at {now} %"]
    rest += (study.verdict.get("declared") or {}).get("changes") or []
    return "How sure", f"{sure} % confidence over the whole study", rest


def _costs(study: StoredStudy) -> Fact | None:
    contestant = study.recommended
    if contestant is None:
        return None
    latency, memory, params = map(contestant.number, ("latency_ms_p50", "peak_memory_mb", "params"))
    told = [f"{significant(latency, 2)} ms an example"] * (latency is not None)
    told += [f"{significant(memory, 2)} MB"] * (memory is not None)
    told += [f"{count(params)} parameters"] * (params is not None)
    return f"What {contestant.name} costs", " · ".join(told) or "not measured", limits(study)


def _could_change(study: StoredStudy) -> Fact | None:
    lines = study.verdict.get("could_change") or []
    if not lines:
        return None
    more = [f"{counted(len(lines) - 1, 'more reason')} below"] * (len(lines) > 1)
    return "What would change it", lines[0], more


LIMITS = {  # constraint → its words
    "max_latency_ms": ("latency", "ms"),
    "max_memory_mb": ("memory", "MB"),
    "max_size_mb": ("stored weights", "MB"),
    "max_params": ("size", "parameters"),
}


def limits(study: StoredStudy) -> list[str]:
    """What was demanded of the recommended contestant."""
    given = study.verdict.get("constraints") or {}
    return [
        f"limit: {LIMITS[name][0]} at most {value:,g} {LIMITS[name][1]}"
        for name, value in given.items()
        if name in LIMITS and value is not None
    ]
