"""The page of an audit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from seqlab.explain.pages import Chapter, Page, Sheet, write_page
from seqlab.workbench.auditing import Audit

MOST_ROWS = 200  # of a table on the page; --json has all


def write_audit(found: Audit, path: Path) -> Path:
    """Write the page of an audit."""
    return write_page(page_of(found), path)


def page_of(found: Audit) -> Page:
    """What was found first, then every table."""
    headline = found.findings[0] if found.findings else "nothing was found"
    chapters = [
        *(
            [Chapter("findings", "Findings", sentences=found.findings[1:])]
            if found.findings[1:]
            else []
        ),
        *(
            Chapter(_anchor(name), name[:1].upper() + name[1:], sheets=[_sheet(frame)])
            for name, frame in found.tables.items()
        ),
        Chapter("notes", "What else is to be known", sentences=found.notes),
        Chapter("reading", "How to read this page", meanings=MEANINGS),
    ]
    return Page(
        title=f"{found.contestant} – audit – seqlab",
        eyebrow=f"{found.contestant} · {found.task} · audit",
        headline=headline[:1].upper() + headline[1:],
        facts=[("Rows", f"{found.rows:,}"), ("Contestant", found.contestant)],
        chapters=chapters,
    )


MEANINGS = (
    (
        "difference, low, high",
        "a group's value less that of all other rows, and the ends of its 95 % interval; the"
        " intervals of all groups and measures hold together",
    ),
    ("no difference", "the group has fewer rows than anything can be said of"),
    (
        "flips, flips within group",
        "the share of rows whose answer changes if a term is swapped for one of the other group, or"
        " for another of its own",
    ),
    ("shift", "how much the score rises from a term of the first group to one of the second"),
)


def _anchor(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name)


def _sheet(frame: pd.DataFrame) -> Sheet:
    words = 0
    for name in frame:
        if pd.api.types.is_numeric_dtype(frame[name]):
            break
        words += 1
    rows = [
        [shown_cell(value) for value in row]
        for row in frame.head(MOST_ROWS).itertuples(index=False)
    ]
    hidden = len(frame) - len(rows)
    caption = f"{hidden:,} more rows are in --json" if hidden > 0 else ""
    return Sheet(list(map(str, frame.columns)), rows, caption, words=max(words, 1))


def shown_cell(value: Any) -> str:
    """A cell as it is printed."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}" if math.isfinite(value) else "–"
    return f"{value:,}" if isinstance(value, int) else str(value)
