"""Figures and answers for notebooks, in the colours of the light theme."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from markupsafe import Markup, escape

from seqlab.report.figure import Figure
from seqlab.report.numbers import fixed
from seqlab.report.quality import places
from seqlab.report.stored import StoredStudy

_VARIABLE = re.compile(r"--([a-z]+[0-9]?): (#[0-9a-f]{6})")


def as_plotly(figure: Figure) -> Any:
    """A report's figure as a plotly figure."""
    from plotly import graph_objects

    drawn = _painted(figure.plotly(), _colours())
    layout = {"template": "plotly_white", "title": figure.title, **drawn["layout"]}
    return graph_objects.Figure({"data": drawn["data"], "layout": layout})


def answer_html(study: StoredStudy) -> str:
    """The headline, the leaderboard, and where the report is."""
    digits = places(study)
    rows = [
        (
            contestant.plain_name,
            fixed(contestant.number("mean"), digits),
            f"{fixed(contestant.number('ci_low'), digits)} … "
            f"{fixed(contestant.number('ci_high'), digits)}",
            contestant.status,
        )
        for contestant in study.ranked
    ]
    headline = study.verdict.get("headline") or study.verdict.get("sentence") or "no verdict yet"
    table = table_html(("contestant", study.metric, "95 % interval", "status"), rows)
    report = study.folder / "report.html"
    return f"<p><strong>{escape(headline)}</strong></p>{table}<p>Report: {escape(report)}</p>"


def table_html(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> Markup:
    """A table; whatever its cells hold is text."""
    head = Markup("").join(Markup("<th>{}</th>").format(heading) for heading in headings)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row)
        )
        for row in rows
    )
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)


def _colours() -> dict[str, str]:
    """The light theme's, from the style sheet: the first value of each variable."""
    style = (files("seqlab.report") / "templates" / "style.css").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for name, value in _VARIABLE.findall(style):
        found.setdefault(name, value)
    return found


def _painted(value: Any, colours: Mapping[str, str], key: str = "") -> Any:
    """Colour tokens replaced, as the page's script does it."""
    if isinstance(value, dict):
        return {name: _painted(item, colours, name) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_painted(item, colours, key) for item in value]
    if key.lower().endswith("color") and isinstance(value, str) and value.startswith("@"):
        name, _, opacity = value[1:].partition("/")
        red, green, blue = (int(colours[name][at : at + 2], 16) for at in (1, 3, 5))
        return f"rgba({red}, {green}, {blue}, {int(opacity or 100) / 100:g})"
    return value
