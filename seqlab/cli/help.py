"""How `--help` is laid out: options under the headings of their groups, and sentences whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from typer.core import TyperCommand, TyperGroup

from seqlab.cli.options import BUDGET, CONTESTANTS, DATA, LIMITS, MACHINE, OUTPUT, TASK

HEADINGS = (DATA, TASK, CONTESTANTS, BUDGET, LIMITS, MACHINE, OUTPUT)
OTHERS = "Options"
_RANGE = re.compile(r"\s+\[x>=\d+\]$")  # the error says it, where it is needed

Row = tuple[str, str]


class GroupedCommand(TyperCommand):
    """A command whose options stand under the headings that `rich_help_panel` names."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments first, then each group, then the options that belong to none."""
        groups: dict[str, list[Row]] = {}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row is not None:
                words = _RANGE.sub("", row[1])
                groups.setdefault(_heading(parameter), []).append((row[0], words))
        for heading in ("Arguments", *HEADINGS, OTHERS):
            if heading in groups:
                with formatter.section(heading):
                    formatter.write_dl(groups[heading])


class WholeGroup(TyperGroup):
    """A list of commands whose summaries are wrapped, never cut."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """A command's first sentence each."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries(ctx)))

    def _summaries(self, ctx: Any) -> Iterator[Row]:
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                paragraph = (command.short_help or command.help or "").partition("\n\n")[0]
                yield name, " ".join(paragraph.split())


def _heading(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return "Arguments"
    panel = getattr(parameter, "rich_help_panel", None)
    return panel if panel in HEADINGS else OTHERS
