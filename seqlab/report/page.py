"""The page: a study's figures and words put into the templates, everything inlined."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from seqlab.report import numbers
from seqlab.report.account import account
from seqlab.report.figure import Figure, plain, shape
from seqlab.report.stored import Contestant, StoredStudy
from seqlab.report.story import story
from seqlab.report.tables import sheet

SECTIONS = {  # template → (title, the parts without which there is nothing to say)
    "why": ("Why", ("beneath", "families", "reasons")),
    "leaderboard": ("Leaderboard", ()),
    "reading": ("What the words mean", ()),
    "race": ("The race over seeds", ("race",)),
    "differences": ("Where they differ", ("against_best",)),
    "exhibits": ("Where they fail", ("exhibits",)),
    "cost": ("Quality against cost", ("costs",)),
    "change": ("What could change the verdict", ("could_change",)),
    "sizes": ("The effect of more data", ("sizes",)),
    "data": ("Data", ("card", "parts", "findings", "notes")),
    "budget": ("Budget", ("declared", "spent", "left_out")),
    "learning": ("Learning curves", ("learning",)),
    "tuning": ("The effect of tuning", ("tuning",)),
    "reproduce": ("Reproduce", ("environment",)),
    "pairs": ("Appendix: every pair", ("pairs",)),
}


@dataclass(frozen=True)
class Section:
    """A section of the page: the name of its template and anchor, and its heading."""

    name: str
    title: str


def render(study: StoredStudy) -> str:
    """The whole page as HTML that loads nothing."""
    templates = _templates()
    context = {**story(study), **account(study)}
    figures = {figure.name: figure.plotly() for figure in _figures(context)}
    style, script = (_template_text(name) for name in ("style.css", "plots.js"))
    library = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    page = templates.get_template("page.html").render(
        **context,
        damage=study.damage,  # complete once all was read for the context
        sections=[
            Section(name, title)
            for name, (title, parts) in SECTIONS.items()
            if not parts or any(context.get(part) for part in parts)
        ],
        figures=figures,
        policy=_policy([script.encode(), library]),
        plotly=Markup(base64.b64encode(gzip.compress(library, 9, mtime=0)).decode()),
        style=style,
        script=script,
    )
    return page.strip() + "\n"


def _policy(scripts: Iterable[bytes]) -> str:
    """No network, and no script but ours: a second lock behind the escaping of text."""
    digests = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src {allowed}"
    )


def _figures(value: Any) -> Iterable[Figure]:
    """All figures, wherever in the context they are."""
    if isinstance(value, Figure):
        yield value
    elif isinstance(value, dict):
        yield from _figures(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _figures(item)
    elif hasattr(value, "figures"):
        yield from _figures(value.figures)


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("seqlab.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "fixed": numbers.fixed,
        "significant": numbers.significant,
        "count": numbers.count,
        "cell": numbers.cell,
        "sheet": sheet,
        "entry": _entry,
        "shape": shape,
        "plain": plain,
        "capitalised": lambda text: text[:1].upper() + text[1:],
        "magnitude": lambda row: sum(abs(value or 0) for value in row),
    }
    return environment


def _entry(contestant: Contestant, column: str, measured: bool) -> str:
    value = contestant.number(column)
    if column.endswith("seconds") and value is not None and 0 < value < numbers.BRIEF:
        return f"< {numbers.BRIEF:g}"
    return numbers.significant(value) if measured else numbers.count(value)


def _template_text(name: str) -> str:
    return (files("seqlab.report") / "templates" / name).read_text(encoding="utf-8")
