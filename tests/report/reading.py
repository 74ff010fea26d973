"""A report's HTML as tests read it: its text, its elements, its figures."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from seqlab.report import write_report

DATA = "application/json", "text/plain"


class Reader(HTMLParser):
    """Collects what a reader sees, and which elements there are."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.figures: dict[str, Any] = {}
        self.tables: list[list[list[str]]] = []  # cells of the rows of each
        self._inside, self._cell = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = "figures" if dict(attrs).get("id") == "figures" else tag
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        self._cell = self._cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._inside == "figures":
            self.figures = json.loads(data)
        elif self._inside not in ("script", "style"):
            self.pieces.append(data)
            if self._cell:
                self.tables[-1][-1][-1] += data

    def table(self, first: str) -> list[list[str]]:
        """The only table whose head begins so, without its head; spaces collapsed."""
        cells = [[[" ".join(c.split()) for c in row] for row in rows] for rows in self.tables]
        (found,) = (rows for rows in cells if rows and rows[0][0] == first)
        return found[1:]

    def plots(self, label: str) -> list[dict[str, Any]]:
        """The figures with such a label at one of their axes."""
        return [figure for figure in self.figures.values() if label in str(figure["layout"])]

    @property
    def text(self) -> str:
        """The visible text, spaces collapsed."""
        return " ".join("".join(self.pieces).split())


def read_report(study: Path) -> Reader:
    """Write the report and read it."""
    reader = Reader()
    reader.feed(write_report(study).read_text(encoding="utf-8"))
    return reader
