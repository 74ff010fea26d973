"""Tables with one series a row: words that name it, then a column for each of its steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqlab.data.columns import ALIASES, ColumnKind, kind, normalised
from seqlab.data.moments.forms import looks_like_dates
from seqlab.data.series import matrix

FEWEST_STEP_COLUMNS = 5  # columns from which a row can be a series
MOST_COLUMNS_BEHIND = 2  # columns behind the steps that are none
# A year, which R puts an X before, others a Y or an F, and the World Bank its code behind.
_YEAR = re.compile(r"[XYF]?((?:1[5-9]|20|21)\d\d)(?: \[YR\d{4}\])?")
_SERIES_NAMES = frozenset(ALIASES["series"][0].split())
_LABEL_NAMES = frozenset(ALIASES["label"][0].split())
ID, STEP, MOMENT, VALUE = "unique_id", "step", "ds", "y"


@dataclass(frozen=True)
class WideTable:
    """Where the steps of series stand in a table of one row a series.

    ids    the columns that together name a series
    steps  the columns of its values, in order; `dated`: their names are moments
    """

    ids: tuple[str, ...]
    steps: tuple[str, ...]
    dated: bool

    def long(self, frame: pd.DataFrame, origin: str) -> pd.DataFrame:
        """One value a row: unique_id, ds or step (from 0), y, and what else is said of a series.

        The values end early where a series is shorter; a hole in the middle is a missing value.
        """
        values = matrix(frame, self.steps, origin)
        known = ~np.isnan(values)
        width = values.shape[1]
        lengths = np.where(known.any(axis=1), width - known[:, ::-1].argmax(axis=1), 0)
        inside = np.arange(width) < lengths[:, None]  # (series, steps), without the trailing blanks
        rows, steps = np.nonzero(inside)
        taken = {*self.ids, *self.steps}
        others = [name for name in map(str, frame.columns) if name not in taken]
        further = frame[[name for name in others if name not in (ID, STEP, MOMENT, VALUE)]]
        names = np.array([_moment_of(name) for name in self.steps], dtype=object)
        place = {MOMENT: names[steps]} if self.dated else {STEP: steps}
        columns = {ID: self.names(frame)[rows], **place, VALUE: values[inside]}
        return pd.DataFrame(columns).join(further.iloc[rows].reset_index(drop=True))

    def names(self, frame: pd.DataFrame) -> np.ndarray:
        """The name of each row's series: its words joined by a slash, without those missing."""
        if not self.ids:
            return np.array([str(row + 1) for row in range(len(frame))], dtype=object)
        texts = [frame[name].astype("str").where(frame[name].notna(), "") for name in self.ids]
        if len(texts) == 1:
            return texts[0].to_numpy(dtype=object)
        rows = zip(*texts, strict=True)
        return np.array(["/".join(filter(None, row)) for row in rows], dtype=object)


def find_wide(frame: pd.DataFrame, known: Sequence[str] | None = None) -> WideTable | None:
    """How a table of one row a series is laid out; None: it is none.

    `known` are the columns that name the series of a study that the table belongs to.
    The last columns are numbers under consecutive names (V2, V3, … or d_1, d_2, …) or under names
    that are moments. What stands before them are words that tell the rows apart.
    """
    names = list(map(str, frame.columns))
    while len(names) > 1 and frame[names[-1]].isna().all():  # commas at the ends of the lines
        names.pop()
    # The cheap checks first: a table may have thousands of columns.
    dtypes = frame.dtypes.tolist()[: len(names)]
    numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in dtypes]
    for end in range(len(names), max(0, len(names) - MOST_COLUMNS_BEHIND - 1), -1):  # Total, Unit
        first = _first_moment(names[:end])
        if end - first >= FEWEST_STEP_COLUMNS and np.mean(numeric[first:end]) > 0.5:
            ids = _ids(frame, names[:first], known)
            steps = tuple(names[first:end])
            return None if ids is None else WideTable(tuple(ids), steps, dated=True)
    last_word = len(names) - [*numeric[::-1], False].index(False)
    first = max(_first_numbered(names), last_word)
    head = names[:first]
    if len(names) - first < FEWEST_STEP_COLUMNS or not head or any(numeric[:first]):
        return None
    if _LABEL_NAMES & set(map(normalised, head)) or _is_dated(frame, head):
        return None
    ids = _ids(frame, head, known)
    return None if ids is None else WideTable(tuple(ids), tuple(names[first:]), dated=False)


def _is_dated(frame: pd.DataFrame, head: Sequence[str]) -> bool:
    """Whether the rows are moments, and the columns channels."""
    return any(kind(frame[name].head(1000)) is ColumnKind.DATE for name in head)


def _ids(
    frame: pd.DataFrame, head: Sequence[str], known: Sequence[str] | None
) -> Sequence[str] | None:
    """The fewest words that tell the rows apart; None where nothing does."""
    if known is not None:
        return known if set(known) <= set(head) else None
    words = [name for name in head if not pd.api.types.is_numeric_dtype(frame[name].dtype)]
    usual = [name for name in head if normalised(name) in _SERIES_NAMES]
    for chosen in [*([name] for name in (*usual, *words)), words, list(head)]:
        if chosen and not frame[chosen].duplicated().any():
            return chosen
    return [] if not head else None


def _first_moment(names: list[str]) -> int:
    """The first of the last names that are all moments, such as dates, or years that follow on."""
    first = len(names)
    while first and _YEAR.fullmatch(names[first - 1].strip()):
        first -= 1
    years = [int(_moment_of(name)) for name in names[first:]]
    if len(years) >= FEWEST_STEP_COLUMNS:
        return first if bool((np.diff(years) == years[1] - years[0]).all()) else len(names)
    first = len(names)
    while first and looks_like_dates([names[first - 1]]):
        first -= 1
    return first


def _moment_of(name: str) -> str:
    """The moment that a column's name says."""
    year = _YEAR.fullmatch(name.strip())
    return name if year is None else year[1]


def _first_numbered(names: list[str]) -> int:
    """The first of the last names that are one stem with consecutive numbers."""
    found = [re.fullmatch(r"(.*?)(\d+)", name) for name in names]
    first = len(names)
    while first and (here := found[first - 1]) is not None:
        after = found[first] if first < len(names) else None
        if after is not None and (here[1] != after[1] or int(here[2]) + 1 != int(after[2])):
            break
        first -= 1
    return first
