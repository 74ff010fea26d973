"""What `seqlab audit` shows: findings, tables and where the page is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from seqlab.cli.streams import print_json, say
from seqlab.cli.terminal import Terminal
from seqlab.errors import UserError
from seqlab.runs import from_here
from seqlab.workbench.audit_page import shown_cell, write_audit
from seqlab.workbench.auditing import Audit, audit
from seqlab.workbench.generated import audit_generated


@dataclass(frozen=True)
class Generated:
    """What is wanted of generated text."""

    prompts: Path
    lexicon: Path | None
    judge: Path | None
    samples: int
    tokens: int
    show_words: bool


def audit_and_show(
    model: Path,
    reading: dict[str, Any],
    written: Generated | None,
    output: Path | None,
    device: str,
    *,
    json: bool,
) -> None:
    """Audit, write the page, print findings and tables."""
    if written is None:
        found = audit(model, **reading, device=device)
    elif reading["groups"] or reading["pairs"]:
        raise UserError(
            "--prompts audits generated text, --groups and --pairs answers about data",
            "run seqlab audit once for each",
        )
    else:
        found = audit_generated(model, written.prompts, device=device, **_settings(written))
    path = write_audit(found, output or Path("audit.html"))
    if json:
        print_json({**found.to_dict(), "page": str(path)})
        return
    _show(Terminal(), found)
    say(f"page: {from_here(path)}")


def _settings(written: Generated) -> dict[str, Any]:
    return {
        "lexicon": written.lexicon,
        "judge": written.judge,
        "samples": written.samples,
        "tokens": written.tokens,
        "show_words": written.show_words,
    }


def _show(terminal: Terminal, found: Audit) -> None:
    terminal.say(f"{found.contestant}, {found.task}, {found.rows:,} rows", style="bold")
    for line in found.findings:
        terminal.say(f"· {line}")
    for name, frame in found.tables.items():
        terminal.say(f"\n{name}", style="bold")
        _table(terminal, frame)
    terminal.say()
    for line in found.notes:
        terminal.say(f"note: {line}")


def _table(terminal: Terminal, frame: pd.DataFrame) -> None:
    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame]
    kinds = "".join("r" if number else "l" for number in numeric)
    rows = [[shown_cell(value) for value in row] for row in frame.itertuples(index=False)]
    terminal.table(list(map(str, frame.columns)), rows, kinds=kinds)
