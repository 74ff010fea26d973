"""Pages of explanations, audits and cards: one file, no script, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from seqlab import __version__
from seqlab.runs import replacing

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True)
class Sheet:
    """A table. words: how many columns from the left hold text. dim: rows that are greyed out."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    words: int = 1
    dim: Sequence[int] = ()


@dataclass(frozen=True)
class Piece:
    """A unit with how much speaks for the answer (above 0) or against it, −1…1."""

    text: str
    weight: float
    value: str

    @property
    def opacity(self) -> float:
        """Of the colour behind it."""
        return round(min(abs(self.weight), 1.0) * 0.75, 3)


@dataclass(frozen=True)
class Strip:
    """Units of one example, coloured by one method. dim: the method is not to be relied on."""

    label: str
    pieces: Sequence[Piece]
    dim: bool = False


@dataclass(frozen=True)
class Example:
    """An example with a strip for each method."""

    title: str
    answer: str
    strips: Sequence[Strip]


@dataclass(frozen=True)
class Chapter:
    """A section of a page: its parts in this order, each of which may be missing."""

    name: str
    title: str
    lead: str = ""
    sentences: Sequence[str] = ()
    notices: Sequence[str] = ()
    sheets: Sequence[Sheet] = ()
    examples: Sequence[Example] = ()
    texts: Sequence[str] = ()
    meanings: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Page:
    """A page: what it says first, then its chapters."""

    title: str
    eyebrow: str
    headline: str
    beneath: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    chapters: Sequence[Chapter] = field(default_factory=tuple)


def write_page(page: Page, path: Path) -> Path:
    """Write a page in the styles of the report, and give back its path."""
    environment = Environment(
        loader=PackageLoader("seqlab.explain"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (files("seqlab.report") / "templates" / "style.css").read_text(encoding="utf-8")
    own = (files("seqlab.explain") / "templates" / "explain.css").read_text(encoding="utf-8")
    text = environment.get_template("page.html").render(
        page=page, style=style + own, policy=POLICY, version=__version__
    )
    with replacing(path) as temporary:
        temporary.write_text(text.strip() + "\n", encoding="utf-8", errors="backslashreplace")
    return path
