"""A figure as plain data that the page's script hands to plotly once the theme is known.

Colours are tokens (`@c3`, `@ink`, `@c3/20` for 20 % opacity) that the script replaces by the
values of the style sheet, so that the same figure serves light, dark and paper. Text that comes
from data passes through `plain`, because plotly reads markup in labels.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from seqlab.report.stored import Contestant

COLOURS = 8
SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "triangle-down",
    "star",
    "hexagon",
    "cross",
)


@dataclass(frozen=True)
class Figure:
    """One plot: plotly's traces and layout, and the words for those who do not see it."""

    name: str
    title: str
    alt: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    caption: str = ""
    height: int = 340
    legend: Sequence[Contestant] = field(default_factory=tuple)
    answers: Sequence[tuple[Contestant, str]] = field(default_factory=tuple)  # in words, beneath

    def plotly(self) -> dict[str, Any]:
        """What the page's script needs."""
        return {"data": self.data, "layout": {"height": self.height, **self.layout}}


def plain(text: object, width: int = 0) -> str:
    """Text from data as plotly shows it unchanged; wrapped to `width` characters if given."""
    lines = textwrap.wrap(str(text), width) if width else [str(text)]
    return "<br>".join(
        line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in lines
    )


def colour(contestant: Contestant, opacity: int = 100) -> str:
    """The contestant's colour as a token."""
    token = f"@c{contestant.style % COLOURS}"
    return token if opacity == 100 else f"{token}/{opacity}"


def shape(contestant: Contestant) -> str:
    """The contestant's outline: colour and outline together are its own up to 64 contestants."""
    return SYMBOLS[(contestant.style + contestant.style // COLOURS) % len(SYMBOLS)]


def symbol(contestant: Contestant) -> str:
    """The contestant's marker: baselines are hollow."""
    return f"{shape(contestant)}-open" if contestant.kind == "baseline" else shape(contestant)


def dash(contestant: Contestant) -> str:
    """The contestant's line: baselines are dotted."""
    return "dot" if contestant.kind == "baseline" else "solid"


def line(contestant: Contestant, x: Sequence[Any], y: Sequence[Any], **more: Any) -> dict[str, Any]:
    """A line in the contestant's style that its legend entry switches."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "name": plain(contestant.name),
        "legendgroup": plain(contestant.name),
        "line": {"color": colour(contestant), "width": 2.2, "dash": dash(contestant)},
    } | more


def markers(contestant: Contestant, size: int = 8) -> dict[str, Any]:
    """A marker in the contestant's style."""
    edge = {"color": colour(contestant), "width": 1.5}
    return {"color": colour(contestant), "symbol": symbol(contestant), "size": size, "line": edge}


def band(
    contestant: Contestant, x: Sequence[Any], low: Sequence[Any], high: Sequence[Any]
) -> dict[str, Any]:
    """A shaded band between two curves in the contestant's colour."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*x, *reversed(x)],
        "y": [*high, *reversed(low)],
        "fill": "toself",
        "fillcolor": colour(contestant, 14),
        "line": {"width": 0, "color": colour(contestant, 0)},
        "hoverinfo": "skip",
        "name": plain(contestant.name),
        "legendgroup": plain(contestant.name),
    }


def axis(title: str, values: Iterable[float | None] = (), **more: Any) -> dict[str, Any]:
    """An axis; logarithmic where values span more than tenfold."""
    found = [value for value in values if value is not None]
    wide = bool(found) and min(found) > 0 and max(found) / min(found) > 10
    scale = _logarithmic(min(found), max(found)) if wide else {}
    return {"title": {"text": plain(title)}, **scale, **more}


def _logarithmic(low: float, high: float) -> dict[str, Any]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    span = math.log10(high / low)
    steps = (1, 2, 5) if span < 1.5 else (1, 3) if span < 3 else (1,)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,g}" for tick in ticks]}
