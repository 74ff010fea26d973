"""Columns that a study does not use, and why: nothing is left out without a word."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from seqlab.data.columns import ColumnKind, describe
from seqlab.data.findings import Finding

_REASONS = {
    ColumnKind.EMPTY: "nothing stands in it",
    ColumnKind.CONSTANT: "it is the same in every row",
    ColumnKind.IDENTIFIER: "it names or counts rows",
}
_SHOWN_COLUMNS = 12


def unused_columns(frame: pd.DataFrame, used: Collection[str]) -> dict[str, str]:
    """The columns that play no role, with the reason of each; `used` are those that do."""
    taken = set(used)
    kinds = {name: held for name, held in describe(frame).items() if name not in taken}
    return {
        name: _REASONS.get(held, f"it has no role here ({held} values)")
        for name, held in kinds.items()
    }


def unused_findings(frame: pd.DataFrame, used: Collection[str]) -> list[Finding]:
    """What an inspection says of columns that play no role; nothing where all do."""
    reasons = unused_columns(frame, used)
    if not reasons:
        return []
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by_reason.setdefault(reason, []).append(name)
    lines = [f"{_listed(names)}: {reason}" for reason, names in by_reason.items()]
    title = f"columns that are not used: {len(reasons):,} of {frame.shape[1]:,}"
    return [Finding("info", title, "\n".join(lines), "give one a role with --columns role=column")]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN_COLUMNS:,} more" if len(names) > _SHOWN_COLUMNS else ""
    return ", ".join(names[:_SHOWN_COLUMNS]) + more
