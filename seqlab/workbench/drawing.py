"""Curves in a page of their own, which needs nothing else to be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

Curves = Mapping[str, tuple[Sequence[float], Sequence[float]]]


def write_curves(
    path: Path, title: str, labels: tuple[str, str], curves: Curves, logarithmic: str = ""
) -> None:
    """Draw curves over one pair of axes; `logarithmic` names those that are: x, y or xy."""
    from plotly import graph_objects

    figure = graph_objects.Figure()
    for name, (x, y) in curves.items():
        figure.add_scatter(x=list(x), y=list(y), name=name, mode="lines")
    for axis, label in zip("xy", labels, strict=True):
        kind = "log" if axis in logarithmic else "linear"
        figure.update_layout({f"{axis}axis": {"title": label, "type": kind}})
    figure.update_layout(title=title, template="plotly_white")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.write_html(str(path), include_plotlyjs=True)
