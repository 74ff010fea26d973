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
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = "figures" if dict(attrs).get("id") == "figures" else tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "figures":
            self.figures = json.loads(data)
        elif self._inside not in ("script", "style"):
            self.pieces.append(data)

    @property
    def text(self) -> str:
        """The visible text, spaces collapsed."""
        return " ".join("".join(self.pieces).split())


def read_report(study: Path) -> Reader:
    """Write the report and read it."""
    reader = Reader()
    reader.feed(write_report(study).read_text(encoding="utf-8"))
    return reader
