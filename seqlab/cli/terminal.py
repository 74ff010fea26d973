"""The terminal as rich draws it: strings are shown as they are, and tables fit the width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from seqlab.cli.streams import silence, visible

Part = str | tuple[str, str]  # text, or text and its style


class Terminal(Console):
    """No string is read as markup, and none can steer the terminal: names and labels are data."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Every string that is printed, cells of tables among them, comes through here."""
        return super().render_str(visible(text), **options)

    def on_broken_pipe(self) -> None:
        """A study goes on when whoever read its lines has left."""
        silence()

    def say(self, *parts: Part, style: str = "", whole: bool = False) -> None:
        """A sentence; `whole` leaves its lines to the terminal, for what is copied from them."""
        self.print(styled(*parts, style=style), soft_wrap=whole)

    def table(
        self, headings: Sequence[str], rows: Sequence[Sequence[str | Text]], *, kinds: str = ""
    ) -> None:
        """A table, or a list where the terminal is too narrow for it.

        kinds: a letter for each column, "r" for numbers, set flush right, "w" for what may wrap.
        """
        table = Table(box=None, pad_edge=False)
        for heading, kind in zip(headings, kinds.ljust(len(headings)), strict=True):
            table.add_column(
                styled(heading), justify="right" if kind == "r" else "left", no_wrap=kind != "w"
            )
        for row in rows:
            table.add_row(*row)
        size = Measurement.get(self, self.options.update(max_width=10**4), table)
        if (size.minimum if "w" in kinds else size.maximum) <= self.width:
            self.print(table)
            return
        for first, *rest in rows:
            self.print(first)
            for heading, cell in zip(headings[1:], rest, strict=True):
                if len(cell):
                    value = styled(cell) if isinstance(cell, str) else cell
                    self.print(Text.assemble("  ", " ".join(heading.split()), ": ", value))


def styled(*parts: Part, style: str = "") -> Text:
    """Text with styles of ours and words of anybody's."""
    safe = [visible(p) if isinstance(p, str) else (visible(p[0]), p[1]) for p in parts]
    return Text.assemble(*safe, style=style)
