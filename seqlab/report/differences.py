"""Differences against the margin: each contestant with the best, and every pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from seqlab.report.figure import Figure, axis, colour, markers, plain
from seqlab.report.numbers import decimals, fixed, signed
from seqlab.report.stored import Contestant, StoredStudy

ROW_HEIGHT = 40
Conclusion = Literal["better", "worse", "tied", "undecided", "itself"]
GLYPHS = {"better": "▲", "worse": "▼", "tied": "=", "undecided": "?", "itself": ""}


@dataclass(frozen=True)
class Difference:
    """One mean less another, with its simultaneous interval; missing ends are not known.

    `shown`: one is shown to be better than the other, if that was stored.
    """

    value: float
    low: float | None
    high: float | None
    shown: bool = False

    @classmethod
    def read(cls, stored: dict[str, Any], scale: float) -> Difference | None:
        """From a comparison's standing or pair; None if there is nothing to say."""
        value, low, high = (stored.get(name) for name in ("difference", "low", "high"))
        if value is None:
            return None
        low, high = (end if end is None else scale * end for end in (low, high))
        return cls(scale * value, low, high, bool(stored.get("shown")))

    @property
    def turned(self) -> Difference:
        """The other mean less the one."""
        low, high = (None if end is None else -end for end in (self.high, self.low))
        return Difference(-self.value, low, high, self.shown)

    @property
    def half_width(self) -> float | None:
        """Half the interval, where it is known."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2

    def interval(self, digits: int) -> str:
        """Both ends in words."""
        if self.low is None or self.high is None:
            return "unknown"
        return f"{fixed(self.low, digits)} … {fixed(self.high, digits)}"

    def conclusion(self, margin: float, higher_is_better: bool) -> Conclusion:
        """What the interval shows."""
        if self.low is None or self.high is None:
            return "undecided"
        if self.shown or self.low > 0 or self.high < 0:
            return "better" if (self.value > 0) == higher_is_better else "worse"
        return "tied" if -margin < self.low and self.high < margin else "undecided"


@dataclass(frozen=True)
class Cell:
    """A row's mean less a column's, as the table shows it."""

    conclusion: Conclusion
    difference: str = ""
    interval: str = ""

    @property
    def glyph(self) -> str:
        """The conclusion as a sign, for those who do not see colours."""
        return GLYPHS[self.conclusion]


@dataclass(frozen=True)
class PairTable:
    """All pairs: a row per contestant, a cell per other contestant, in the leaderboard's order."""

    contestants: list[Contestant]
    rows: list[list[Cell]]


def unit(study: StoredStudy) -> str:
    """What differences are told in: points of 100 where scores lie between 0 and 1."""
    return f"points of {study.metric}" if study.in_points else study.metric


def margin_words(study: StoredStudy) -> str:
    """The margin with its unit, or nothing where none was stored."""
    if study.margin is None:
        return ""
    value = f"{study.margin * _scale(study):.3g}"
    return f"{value} {unit(study).replace('points', 'point') if value == '1' else unit(study)}"


def against_best(study: StoredStudy) -> Figure | None:
    """Each contestant less the best of the others, the margin as a band around zero."""
    standings = {s["name"]: s for s in study.comparison.get("standings", [])}
    read = ((c, Difference.read(standings.get(c.name, {}), _scale(study))) for c in study.ranked)
    shown = [(contestant, difference) for contestant, difference in read if difference]
    if len(shown) < 2:
        return None
    digits = decimals(difference.half_width for _, difference in shown)
    words = (f"{c.name} {d.interval(digits)}" for c, d in shown)
    return Figure(
        name="against-best",
        title="Each contestant minus the best of the others",
        alt="Differences from the best of the others, intervals: " + "; ".join(words),
        data=[_row(c, d, row, digits) for row, (c, d) in enumerate(shown)],
        layout={
            "xaxis": axis(f"difference in {unit(study)}"),
            "yaxis": {
                "tickvals": list(range(len(shown))),
                "ticktext": [plain(contestant.name, 16) for contestant, _ in shown],
                "range": [len(shown) - 0.4, -0.6],
                "showgrid": False,
            },
            "shapes": _margin(study),
        },
        caption="These intervals hold together, with those of all pairs below; one that ends at "
        "zero was decided by the stepwise test. Grey: smaller than the margin.",
        height=80 + ROW_HEIGHT * len(shown),
    )


def pair_table(study: StoredStudy) -> PairTable | None:
    """Every pairwise difference of those with a score."""
    found: dict[tuple[str, str], Difference] = {}
    for pair in study.comparison.get("pairs", []):
        difference = Difference.read(pair, _scale(study))
        if difference:
            found[pair["first"], pair["second"]] = difference
            found[pair["second"], pair["first"]] = difference.turned
    contestants = [c for c in study.ranked if any(c.name in names for names in found)]
    if not contestants:
        return None
    digits = decimals(difference.half_width for difference in found.values())
    margin = (study.margin or 0.0) * _scale(study)

    def cell(row: Contestant, column: Contestant) -> Cell:
        difference = found.get((row.name, column.name))
        if difference is None:
            return Cell("itself")
        conclusion = difference.conclusion(margin, study.higher_is_better)
        return Cell(conclusion, signed(difference.value, digits), difference.interval(digits))

    return PairTable(contestants, [[cell(a, b) for b in contestants] for a in contestants])


def _scale(study: StoredStudy) -> float:
    return 100.0 if study.in_points else 1.0


def _row(contestant: Contestant, difference: Difference, row: int, digits: int) -> dict[str, Any]:
    error: dict[str, Any] = {"visible": False}
    if difference.low is not None and difference.high is not None:
        error = {
            "type": "data",
            "array": [difference.high - difference.value],
            "arrayminus": [difference.value - difference.low],
            "symmetric": False,
            "color": colour(contestant),
            "thickness": 3,
            "width": 0,
        }
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plain(contestant.name),
        "x": [difference.value],
        "y": [row],
        "error_x": error,
        "marker": markers(contestant, 10),
        "hovertemplate": f"{signed(difference.value, digits)}, "
        f"interval {difference.interval(digits)}",
    }


def _margin(study: StoredStudy) -> list[dict[str, Any]]:
    zero = {"type": "line", "x0": 0, "x1": 0, "line": {"color": "@muted", "width": 1}}
    tall = {"yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    if not study.margin:
        return [{**zero, **tall}]
    margin = study.margin * _scale(study)
    band = {"type": "rect", "x0": -margin, "x1": margin, "fillcolor": "@ink/8"}
    return [{**band, **tall, "line": {"width": 0}}, {**zero, **tall}]
