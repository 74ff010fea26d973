"""Which column says whose the rows are: a subject, an author, a document, a session.

Rows of one are alike. They belong in one part, and count as one observation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from seqlab.data.columns import ColumnKind, aliases, describe, normalised
from seqlab.data.findings import Finding

OWNERS = (
    "subject participant patient person user author writer speaker reader rater customer client"
    " account player student child animal session document doc article conversation dialog"
    " dialogue thread recording household visit"
)
NUMBERED = ("id", "ids", "no", "nr", "num", "number", "code", "key", "name", "idx", "index")
# How many values it must have, and how many rows each, on average: with a telling name, without.
FEWEST_VALUES, FEWEST_ROWS = (3, 5), (2, 5)
SAMPLE = 1000  # values that are looked at
_KINDS = (ColumnKind.CATEGORY, ColumnKind.INTEGER, ColumnKind.TEXT)
_CODE = re.compile(r"[A-Za-z]{0,20}[-_ #.]?\d{1,12}|[0-9a-f]{8}[0-9a-f-]{0,28}", re.ASCII)


def group_findings(
    frame: pd.DataFrame,
    group: str | None = None,
    used: Sequence[str] = (),
    labels: Sequence[str] = (),
) -> list[Finding]:
    """Whether rows belong to people or things that should not be in two parts.

    `used` are columns with another role; `labels` those of them that are to be predicted.
    """
    column = None if group is not None else group_column(frame, used, labels)
    if column is None:
        return []
    values = int(frame[column].nunique())
    return [
        Finding(
            "warning",
            f'several rows share a value of "{column}" ({values:,} values)',
            f"{len(frame) / values:,.0f} rows each, which are likely alike",
            "if new data will have other values, keep each in one part and count it as one"
            f" observation: --group {column}",
        )
    ]


def group_column(
    frame: pd.DataFrame, used: Sequence[str] = (), labels: Sequence[str] = ()
) -> str | None:
    """The column whose values are most likely owners of several rows each; None: there is none.

    A telling name goes before values that look like codes; of several columns the coarsest is
    taken: a subject's sessions are within the subject.
    """
    found: list[tuple[bool, int, str]] = []
    for name, held in describe(frame).items():
        if name in used or held not in _KINDS:
            continue
        unnamed = not names_owner(name)
        values = int(frame[name].nunique())
        few = values < FEWEST_VALUES[unnamed] or values * FEWEST_ROWS[unnamed] > len(frame)
        if few or any(_same(frame, name, label) for label in labels):
            continue
        if not unnamed or (held is not ColumnKind.INTEGER and _are_codes(frame[name])):
            found.append((unnamed, values, name))
    return min(found)[2] if found else None


def names_owner(name: str) -> bool:
    """Whether a column is called after someone or something that rows are of: `user_id`."""
    plain = normalised(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name))
    words = [word for word in plain.split("_") if word not in NUMBERED]
    owners = OWNERS.split()
    known = {*owners, *aliases("group")}
    joined = plain.removesuffix("id").rstrip("_")  # userid
    return plain in known or joined in known or (bool(words) and words[-1] in owners)


def _are_codes(column: pd.Series) -> bool:
    """Whether values are like S01, user-17 or 3f2a90bc."""
    values = pd.Series(column.dropna().unique()[:SAMPLE]).astype(str)
    return bool(values.map(lambda value: _CODE.fullmatch(value.strip()) is not None).all())


def _same(frame: pd.DataFrame, name: str, label: str) -> bool:
    """Whether one column is another by another name: a value for each of its values."""
    if label not in frame.columns:
        return False
    try:
        pairs = frame[[name, label]].dropna().drop_duplicates()
    except TypeError:  # a label that is a list
        return False
    return bool(pairs[name].is_unique and pairs[label].is_unique)
