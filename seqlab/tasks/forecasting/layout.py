"""Which columns of a table are dates, series, targets and further inputs, and every guess made.

unique_id,ds,y   item_id,timestamp,target   one row a moment and series
date,HUFL,HULL,…,OT                         one row a moment, a channel a column
V1,V2,V3,…   country,town,1/22/20,1/23/20   one row a series, no dates (M4), or dates on top
year,month,day,hour,pm2.5,…                 the date in parts
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.columns import ALIASES, ColumnKind, aliases, describe, named, normalised
from seqlab.data.moments.finding import FoundMoments, Moments, find_moments
from seqlab.data.series import numeric_columns
from seqlab.data.table import Table
from seqlab.data.wide import ID, MOMENT, STEP, find_wide
from seqlab.errors import UserError, unknown
from seqlab.tasks.forecasting import covariates as further
from seqlab.tasks.forecasting.options import ForecastOptions

ONLY_SERIES = "series"  # the name of the only series, where no column names it
ROLES = ("time", "series", "target", "covariates", "known", "static")
SERIES_NAMES = frozenset(ALIASES["series"][0].split())  # names that nothing but a series has
JOIN = "+"  # several columns in one role: target=HUFL+OT, series=store+item
# What people forecast, beyond the general names for a target; words of a column's name.
_WORDS = (
    "pm2 pm25 pm10 births consumption production revenue turnover passengers visitors traffic"
    " cases deaths rides arrivals"
)
# Columns that only repeat what the date says, or count the rows.
_CALENDAR = (
    "day_of_week dayofweek weekday dow day_of_year dayofyear doy week week_of_year quarter month"
    " year day hour minute is_weekend weekend no row index"
)
FULL_PANEL_RATIO = 1.25  # series times moments for each row, at most
FORMS_SAID = {
    "covariates": "also read as input",
    "known": "known in advance",
    "static": "the same all along a series",
}
_STEPS = "step steps t time time_idx timestep period index"
WORDS, CALENDAR, STEPS = (frozenset(names.split()) for names in (_WORDS, _CALENDAR, _STEPS))


@dataclass(frozen=True)
class Layout:
    """Columns by role; `notes` say in words how they were found.

    by_row   one row a series, as in M4, instead of one row a moment
    ids      the columns that name the series then
    numbered whether series are named by whole numbers of one column
    time     one column, or several that are joined, or nothing where there are no dates
    moments  how those are read and written
    step     a column of whole numbers that counts steps, where there are no dates
    covariates, known, static  inputs that end with the target, that are known for the time to be
             forecast, and that are the same in all rows of a series
    categories  those of the inputs that hold words, and which
    """

    by_row: bool
    time: tuple[str, ...]
    step: str | None
    series: tuple[str, ...]
    targets: tuple[str, ...]
    covariates: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    categories: further.Categories = ()
    ids: tuple[str, ...] = ()
    moments: Moments | None = None
    numbered: bool = False
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def past_inputs(self) -> tuple[str, ...]:
        """The numbers of a step that are known up to the present, besides the targets."""
        return further.names(self.covariates, self.categories)

    @property
    def known_inputs(self) -> tuple[str, ...]:
        """The numbers of a step that are known ahead."""
        return further.names(self.known, self.categories)

    @property
    def static_inputs(self) -> tuple[str, ...]:
        """The numbers of a series."""
        return further.names(self.static, self.categories)

    def written(self, moments: NDArray[np.generic]) -> Any:
        """Moments as the data have them; without dates, the numbers of the steps."""
        if self.moments is None or not np.issubdtype(moments.dtype, np.datetime64):
            return moments
        return self.moments.write(moments)

    def named(self, names: NDArray[np.object_]) -> NDArray[Any]:
        """Names of series as the data have them."""
        whole = self.numbered and all(re.fullmatch(r"-?\d{1,18}", str(name)) for name in names)
        return names.astype(np.int64) if whole else names

    def iso(self, moment: np.generic) -> str:
        """A moment on the clock of the data, which can be read in but one way."""
        if not isinstance(moment, np.datetime64):
            return str(moment)
        moments = np.array([moment])
        if self.moments is not None:
            moments = self.moments.form.on_wall(moments)
        return str(pd.Timestamp(moments[0])).removesuffix(" 00:00:00")

    def shown(self, moment: np.generic) -> str:
        """A moment in messages, as the data have it."""
        if not isinstance(moment, np.datetime64):
            return f"step {moment}"
        return str(self.written(np.array([moment]))[0]).removesuffix(" 00:00:00")


@dataclass(frozen=True)
class Observations:
    """The rows of one table as arrays.

    series  (rows,) names; moments  (rows,) datetime64[us], or int64 steps; None: rows count
    values  (rows, targets + past inputs + known inputs) float64, NaN where missing
    static  (rows, static inputs) float64, NaN where missing
    """

    origin: str
    series: NDArray[np.object_]
    moments: NDArray[np.generic] | None
    values: NDArray[np.float64]
    static: NDArray[np.float64]


def read_layout(
    table: Table,
    columns: dict[str, str],
    others: Sequence[Table] = (),
    options: ForecastOptions | None = None,
) -> Layout:
    """The roles of a table's columns, the user's own choices first.

    `others` are the study's further files: how moments are written is learned from all of them.
    """
    for role in columns:
        if role not in ROLES:
            raise unknown("role in --columns for forecasts", role, ROLES)
    frame, ids = _in_long_form(table)
    by_row = ids is not None
    time_columns = None
    if not by_row or MOMENT in frame:
        time_columns = find_moments(
            frame,
            given=columns.get("time"),
            origin=table.origin,
            others=[_in_long_form(other, ids)[0] for other in others],
            day_first=None if options is None else options.day_first,
            pattern=None if options is None else options.time_format,
        )
    time = () if time_columns is None else time_columns.columns
    step = None if by_row or time_columns is not None else _step_column(frame)
    taken = [STEP] if by_row and not time else [*time, *([step] if step else [])]
    named = [columns[role] for role in FORMS_SAID if columns.get(role, "all") != "all"]
    spoken = [name for given in named for name in several(frame, given, table.origin)]
    held = taken if time_columns is None else [*taken, *spoken]
    series, series_note = _series(table, frame, time_columns, columns.get("series"), held)
    taken += series
    targets, target_note = _targets(table, frame, columns, taken, spoken)
    taken += targets
    inputs = _all_inputs(table, frame, columns, taken)
    every = [name for names in inputs.values() for name in names]
    notes = [
        *([] if ids is None else _wide_notes(frame, ids, [*taken, *every])),
        "" if time_columns is None else _time_note(time_columns, by_row),
        "" if time_columns is not None else "time: no dates; steps are counted",
        "" if by_row else series_note,
        "" if by_row else target_note,
        *(f"{FORMS_SAID[role]}: {', '.join(names)}" for role, names in inputs.items() if names),
    ]
    return Layout(
        by_row,
        time,
        step,
        tuple(series),
        tuple(targets),
        **{role: tuple(names) for role, names in inputs.items()},
        categories=further.categories(frame, every, table.origin),
        ids=ids or (),
        moments=None if time_columns is None else time_columns.moments,
        numbered=len(series) == 1 and pd.api.types.is_integer_dtype(frame[series[0]].dtype),
        notes=tuple(note for note in notes if note),
    )


def _all_inputs(
    table: Table, frame: pd.DataFrame, columns: dict[str, str], taken: list[str]
) -> dict[str, list[str]]:
    """The inputs beside the targets, by role, of the columns that are not taken."""
    inputs: dict[str, list[str]] = {}
    for role in ("known", "static", "covariates"):
        others = [*taken, *(name for names in inputs.values() for name in names)]
        inputs[role] = _inputs(table, frame, role, columns.get(role), others)
    return inputs


def _time_note(dates: FoundMoments, by_row: bool) -> str:
    """Where the moments are, how they are read, and what is doubtful in that."""
    form = dates.moments.form
    where = "time: the names of the columns" if by_row else dates.sentence
    where = where or f"time: {JOIN.join(dates.columns)}"
    said = "" if form.kind == "datetime" and not form.zone.name else form.words()
    return ", ".join(filter(None, (where, said and f"read as {said}", form.remark)))


def _wide_notes(frame: pd.DataFrame, ids: Sequence[str], used: Sequence[str]) -> list[str]:
    """That each row is a series, what names it, and what else stands in the rows."""
    unused = [name for name in map(str, frame.columns) if name not in (*used, ID, MOMENT, STEP)]
    how = f", named by {_listed(ids)}" if ids else ""
    notes = [f"one series a row{how}"]
    if unused:
        hint = f"(to read them as inputs: --columns static={JOIN.join(unused[:2])})"
        notes.append(f"not used: {_listed(unused, 6)} {hint}")
    return notes


def observe(table: Table, layout: Layout) -> Observations:
    """A table's rows as arrays, under a layout that was read from it or from its like."""
    frame, ids = _in_long_form(table, layout.ids if layout.by_row else None)
    if (ids is not None) != layout.by_row:
        shape = "one row a series" if layout.by_row else "one row a moment"
        raise UserError(f'"{table.origin}": expected {shape}, as in the data trained on')
    inputs = (*layout.covariates, *layout.known)
    for name in (*layout.time, *layout.series, *layout.targets, *inputs, *layout.static):
        if name not in frame.columns:
            listed = ", ".join(map(str, frame.columns[:12]))
            raise UserError(
                f'"{table.origin}" has no column "{name}"',
                f"expected the columns of the data trained on; there are: {listed}",
            )
    moments = _moments(table, frame, layout)
    values, static = (
        further.values(frame, names, layout.categories, table.origin)
        for names in ((*layout.targets, *inputs), layout.static)
    )
    return Observations(
        table.origin,
        _names(frame, layout.series, table.origin),
        moments,
        np.stack(values, axis=1),
        np.stack(static, axis=1) if static else np.zeros((len(frame), 0)),
    )


def _names(frame: pd.DataFrame, columns: Sequence[str], origin: str) -> NDArray[np.object_]:
    """The series of each row; several columns are joined by a slash."""
    if not columns:
        return np.full(len(frame), ONLY_SERIES, dtype=object)
    for name in columns:
        if frame[name].isna().any():
            row = int(frame[name].isna().to_numpy().argmax())
            raise UserError(
                f'"{origin}" column "{name}" row {row + 1}: the series is missing',
                "name the series of every row, or leave the row out",
            )
    ids = [frame[name].astype("str").to_numpy(dtype=object) for name in columns]
    joined = ids[0] if len(ids) == 1 else list(map("/".join, zip(*ids, strict=True)))
    return np.array(joined, dtype=object)


def _in_long_form(
    table: Table, known: Sequence[str] | None = None
) -> tuple[pd.DataFrame, tuple[str, ...] | None]:
    """One value a row; and where the table had one series a row, the columns that name them.

    `known` are the columns that named them in the data trained on.
    """
    wide = find_wide(table.frame, known)
    if wide is None:
        return table.frame, None
    return wide.long(table.frame, table.origin), wide.ids


def _moments(table: Table, frame: pd.DataFrame, layout: Layout) -> NDArray[np.generic] | None:
    if layout.step:
        return frame[layout.step].to_numpy("i8")
    if layout.moments is None:
        return None
    return layout.moments.read(frame, table.origin).to_numpy("datetime64[us]")


def _step_column(frame: pd.DataFrame) -> str | None:
    for name in map(str, frame.columns):
        if normalised(name) in STEPS and pd.api.types.is_integer_dtype(frame[name].dtype):
            return name
    return None


def called(name: str) -> str:
    """A series in messages."""
    return "the series" if name == ONLY_SERIES else f'series "{name}"'


def several(frame: pd.DataFrame, given: str, origin: str) -> list[str]:
    """The columns that a user named for one role: one, or several joined by `+`."""
    if given in frame.columns:
        return [given]
    return [named(frame, name.strip(), origin) for name in given.split(JOIN)]


def _series(
    table: Table,
    frame: pd.DataFrame,
    time_columns: FoundMoments | None,
    given: str | None,
    taken: Sequence[str],
) -> tuple[list[str], str]:
    """The columns that tell series apart: those without which dates would repeat."""
    if given is not None:
        return several(frame, given, table.origin), ""
    free = {normalised(str(name)): str(name) for name in frame.columns if name not in taken}
    by_name = [free[alias] for alias in aliases("series") if alias in free]
    step = frame[taken[0]] if time_columns is None and taken else None
    times = time_columns.times if time_columns is not None else step
    best = ([n for n in by_name if normalised(n) in SERIES_NAMES] or by_name)[:1]
    note = f'series: column "{best[0]}" (by its name)' if best else ""
    if times is None or (best and normalised(best[0]) in SERIES_NAMES):
        return best, note
    if times.is_unique:
        return [], ""
    kinds = describe(frame)
    words = [n for n in free.values() if kinds[n] in (ColumnKind.CATEGORY, ColumnKind.IDENTIFIER)]
    words += [n for n in free.values() if kinds[n] is ColumnKind.TEXT and _recurs(frame[n])]
    words = [n for n in words if not pd.api.types.is_numeric_dtype(frame[n].dtype)]
    numbers = [n for n in free.values() if _numbers_series(frame[n], times)]
    for chosen in [*([n] for n in by_name), by_name, *([n] for n in words), words,
                   *([n] for n in numbers)]:  # fmt: skip
        if chosen and not _repeats(frame, times, chosen):
            how = "by its name" if set(chosen) <= set(by_name) else "it tells the dates apart"
            return chosen, f"series: {_listed(chosen)} ({how})"
    return best, note


def _numbers_series(column: pd.Series, times: pd.Series) -> bool:
    """Whether whole numbers name series: nearly every one of them is there at every moment."""
    if not pd.api.types.is_integer_dtype(column.dtype):
        return False
    name = normalised(str(column.name))
    if name in aliases("target") or name in CALENDAR or not _recurs(column):
        return False
    return column.nunique() * times.nunique() <= FULL_PANEL_RATIO * len(column)


def _recurs(column: pd.Series) -> bool:
    """Whether values come again and again, as the names of a few series do."""
    return 2 * column.nunique() <= len(column)


def _repeats(frame: pd.DataFrame, times: pd.Series, columns: list[str]) -> bool:
    return bool(frame[columns].assign(**{"\0time": times.to_numpy()}).duplicated().any())


def _targets(
    table: Table,
    frame: pd.DataFrame,
    columns: dict[str, str],
    taken: Sequence[str],
    spoken: Sequence[str],
) -> tuple[list[str], str]:
    """The columns to forecast: named, known by name, or all numbers that nothing else is."""
    if "target" in columns:
        names = several(frame, columns["target"], table.origin)
        return names, ""
    numeric = numeric_columns(frame, exclude=taken)
    numeric = [n for n in numeric if n not in spoken] or numeric
    numeric = [n for n in numeric if normalised(n) not in CALENDAR and n != "split"] or numeric
    if not numeric:
        listed = ", ".join(f"{name} ({kind})" for name, kind in list(describe(frame).items())[:12])
        raise UserError(
            f'"{table.origin}": no column of numbers to forecast among: {listed}',
            "name it with --columns target=COLUMN",
        )
    if len(numeric) == 1:
        return numeric, f'target: column "{numeric[0]}" (the only one that can be it)'
    known = {normalised(name): name for name in reversed(numeric)}
    by_name = [known[alias] for alias in aliases("target") if alias in known]
    by_word = [name for name in numeric if WORDS & set(normalised(name).split("_"))]
    if by_name or len(by_word) == 1:
        chosen = (by_name or by_word)[0]
        unused = [name for name in numeric if name != chosen]
        return [chosen], (
            f'target: column "{chosen}" (by its name); not used: {_listed(unused, 6)}'
            f" (to read them as inputs: --columns covariates={JOIN.join(unused[:2])}…)"
        )
    return numeric, (
        f"targets: all {len(numeric)} columns of numbers, {_listed(numeric, 8)}"
        f" (to forecast one: --columns target={numeric[-1]})"
    )


def _inputs(
    table: Table, frame: pd.DataFrame, role: str, given: str | None, taken: Sequence[str]
) -> list[str]:
    """The columns of a role that are read as inputs besides the targets."""
    if given is None:
        return []
    if given == "all" and role == "covariates":
        names = numeric_columns(frame, exclude=list(taken))
        return [n for n in names if normalised(n) not in CALENDAR]
    names = several(frame, given, table.origin)
    for name in names:
        if name in taken:
            raise UserError(f'--columns {role}: "{name}" already has another role')
    return names


def _listed(names: Sequence[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
