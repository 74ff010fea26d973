"""What each column holds, and which column plays which role."""

from __future__ import annotations

import re
import weakref
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seqlab.data.moments.forms import can_be_moments, looks_like_dates
from seqlab.errors import UserError, unknown

# Of the first names the earlier wins; the second are as good as each other and yield to the first.
ALIASES: dict[str, tuple[str, str]] = {
    "text": (
        "text",
        "sentence review content comment message tweet body document question utterance phrase"
        " snippet post query sms abstract sentence1 premise text_a text1 question1 review_text"
        " reviewtext tweet_text review_body source input description headline title name",
    ),
    "text2": ("text2 text_b sentence2 hypothesis question2 answer", ""),
    "label": (
        "label labels class target",
        "category sentiment intent polarity emotion topic gold_label output y rating stars"
        " origin language is_spam spam category_name class_name",
    ),
    "series": (
        "unique_id item_id series_id series",
        "ts_id store_item sku store item product_id station sensor sensor_id device meter_id",
    ),
    "time": (
        "ds timestamp datetime date_time ts",
        "time date day month quarter week year period date_utc observation_date yearmonth"
        " year_month yyyymm year_week yearweek yyyyww year_quarter yearquarter yq time_period datum"
        " zeit zeitstempel monat woche jahr fecha periodo",
    ),
    "src": ("src source source_text source_sentence", "input question original english"),
    "tgt": (
        "tgt trg target target_text target_sentence",
        "output answer translation translated summary highlights",
    ),
    "target": ("y target value", "sales demand count quantity values price load close obs_value"),
    "group": (
        "group subject subject_id",
        "user user_id patient patient_id author speaker session component",
    ),
    "split": ("split", "subset partition fold set"),
}
ROLES = tuple(ALIASES)
# What columns and files of translations are called, but for codes that are English words.
_CODES = (
    "af ar bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu hr hu hy ja ka kk km kn ko lt"
    " lv mk ml mn mr ms mt nb ne nl nn pa pl pt ro ru si sk sl sq sr sv sw ta te th tl tr uk ur uz"
    " vi zh eng deu ger fra fre spa ita rus zho"
)
LANGUAGES = frozenset(_CODES.split())
_SAMPLE = 1000  # cells that tell dates and codes
_DIGIT, _SPACE = re.compile(r"\d"), re.compile(r"\s")


class ColumnKind(StrEnum):
    """What the values of one column are."""

    TEXT = "text"
    CATEGORY = "category"
    NUMBER = "number"
    INTEGER = "integer"
    DATE = "date"
    IDENTIFIER = "identifier"
    CONSTANT = "constant"
    LIST = "list"
    EMPTY = "empty"


_IDS = frozenset(
    ("id", "ids", "uid", "uuid", "guid", "key", "index", "idx", "row", "name", "file", "filename")
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_TIME_WORDS = frozenset(
    ("time", "date", "datetime", "timestamp", "ts", "epoch", "unix", "unixtime", "utc", "datum",
     "zeit", "day", "week", "month", "quarter", "period", "yearmonth", "yearweek", "yyyymm")
)  # fmt: skip
_LONG_MOMENT = 6  # digits: 202001
NUMERIC = (ColumnKind.NUMBER, ColumnKind.INTEGER)


@dataclass(frozen=True)
class FoundColumn:
    """A column that plays a role; `sentence` says how it was found, for people."""

    column: str
    sentence: str


def language(name: str) -> str | None:
    """The language that a column or file is named after, such as de or pt-BR; None: none."""
    return name if re.split("[-_]", name)[0].lower() in LANGUAGES and len(name) <= 7 else None


@lru_cache(2**16)
def normalised(name: str) -> str:
    """A column's name as the alias tables write it: lower case, words joined by `_`."""
    return re.sub(r"[^0-9a-z]+", "_", name.strip().lower()).strip("_")


def aliases(role: str) -> list[str]:
    """Every name by which a role is known, the best first."""
    if role not in ALIASES:
        raise unknown("role", role, ROLES)
    first, others = ALIASES[role]
    return [*first.split(), *others.split()]


@dataclass(frozen=True)
class _Look:
    """What was seen of a frame's columns, as long as they are these."""

    frame: weakref.ref[pd.DataFrame]
    columns: pd.Index
    form: list[object]
    kinds: dict[str, ColumnKind]

    @classmethod
    def at(cls, frame: pd.DataFrame) -> _Look:
        """The last look at a frame, or a new one."""
        key, columns, form = id(frame), frame.columns, [len(frame), *frame.dtypes.tolist()]
        known = _looks.get(key)
        same = known is not None and known.frame() is frame and known.form == form
        if known is None or not same or not known.columns.is_(columns):
            reference = weakref.ref(frame, lambda _: _looks.pop(key, None))
            # Columns that were only given other names are what they were.
            renamed = known is not None and same and len(known.kinds) == len(columns)
            held = known.kinds.values() if known and renamed else map(kind, _each(frame))
            kinds = {str(name): what for name, what in zip(columns, held, strict=True)}
            _looks[key] = known = cls(reference, columns, form, kinds)
        return known

    @cached_property
    def classes(self) -> list[str]:
        """The columns that can be classes."""
        frame = self.frame()
        assert frame is not None
        pairs = ((str(name), column) for name, column in frame.items())
        return [name for name, column in pairs if is_categorical(column, self.kinds[name])]


def _each(frame: pd.DataFrame) -> Iterator[pd.Series]:
    return (column for _, column in frame.items())


# By the identity of frames: each task asks for the same columns again.
_looks: dict[int, _Look] = {}


def describe(frame: pd.DataFrame) -> dict[str, ColumnKind]:
    """The kind of every column, by name; each column is looked at once, until it is replaced."""
    return dict(_Look.at(frame).kinds)


def classes_in(frame: pd.DataFrame) -> list[str]:
    """The columns that can be classes, each looked at once likewise."""
    return list(_Look.at(frame).classes)


def numeric_names(frame: pd.DataFrame) -> set[str]:
    """The columns whose values are stored as numbers."""
    dtypes = frame.dtypes.tolist()
    numeric = {dtype for dtype in set(dtypes) if pd.api.types.is_numeric_dtype(dtype)}
    return {name for name, dtype in zip(describe(frame), dtypes, strict=True) if dtype in numeric}


def kind(column: pd.Series) -> ColumnKind:
    """What one column holds, judged by its values alone."""
    if column.dtype.kind in "iuf" and isinstance(column.dtype, np.dtype):
        return _kind_of_numbers(column)
    if isinstance(column.dtype, pd.StringDtype):
        return _kind_of_strings(pa.array(column.array))
    values = column.dropna()
    if values.empty:
        return ColumnKind.EMPTY
    if isinstance(values.iloc[0], list | tuple | np.ndarray):
        return ColumnKind.LIST
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return ColumnKind.DATE
    if isinstance(column.dtype, pd.PeriodDtype):
        return ColumnKind.DATE
    if pd.api.types.is_bool_dtype(column.dtype):
        return ColumnKind.CATEGORY
    if isinstance(values.iloc[0], dict):
        return ColumnKind.TEXT
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return _kind_of_strings(pa.array(column.astype("str").array))
    if len(column) > 1 and values.nunique() == 1:
        return ColumnKind.CONSTANT
    if pd.api.types.is_integer_dtype(column.dtype):
        return ColumnKind.IDENTIFIER if _counts_rows(column) else ColumnKind.INTEGER
    return ColumnKind.NUMBER


def _known_numbers(column: pd.Series) -> NDArray[Any]:
    """The numbers of a column without the missing ones."""
    if not isinstance(column.dtype, np.dtype):
        return column.dropna().to_numpy()
    values = column.to_numpy()
    return values[~np.isnan(values)] if values.dtype.kind == "f" else values


def _kind_of_numbers(column: pd.Series) -> ColumnKind:
    known = _known_numbers(column)
    if not len(known):
        return ColumnKind.EMPTY
    if len(column) > 1 and (known == known[0]).all():
        return ColumnKind.CONSTANT
    if known.dtype.kind == "f":
        return ColumnKind.NUMBER
    return ColumnKind.IDENTIFIER if _counts_rows(column) else ColumnKind.INTEGER


def _counts_rows(column: pd.Series) -> bool:
    values = column.to_numpy()
    return len(values) > 2 and int(values[0]) in (0, 1) and bool((np.diff(values) == 1).all())


def _kind_of_strings(cells: Any) -> ColumnKind:
    """Of cells as Arrow holds them: a table may have thousands of such columns."""
    known = cells.drop_null()
    if not len(known):
        return ColumnKind.EMPTY
    distinct = pc.count_distinct(known).as_py()
    if distinct == 1 and len(cells) > 1:
        return ColumnKind.CONSTANT
    sample = known.slice(0, _SAMPLE).to_pylist()
    if looks_like_dates(sample):
        return ColumnKind.DATE
    length = pc.mean(pc.utf8_length(known)).as_py()
    few = distinct <= 20 and 2 * distinct <= len(known)
    if length <= 60 and (few or distinct <= 0.1 * len(known)):
        return ColumnKind.CATEGORY
    unique = distinct == len(known)
    if distinct > 2 and (unique or 2 * distinct <= len(known)) and _are_codes(sample):
        return ColumnKind.IDENTIFIER if unique else ColumnKind.CATEGORY
    return ColumnKind.TEXT


def _are_codes(cells: Sequence[str]) -> bool:
    codes = sum(bool(_DIGIT.search(cell)) and not _SPACE.search(cell) for cell in cells)
    return codes > 0.95 * len(cells)


def is_categorical(column: pd.Series, known: ColumnKind | None = None) -> bool:
    """Whether a column's values are few and repeat, so that they can be classes.

    `known` is its kind, where that was looked at before.
    """
    if (known or kind(column)) is ColumnKind.CATEGORY:
        return True
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return False
    values = _known_numbers(column)
    whole = bool(np.isfinite(values).all() and (values == np.round(values)).all())
    distinct = len(np.unique(values)) if whole else 0
    return 1 < distinct <= 100 and 2 * distinct <= len(values)


def identifiers(frame: pd.DataFrame, used: Collection[str]) -> list[str]:
    """The columns that by their names tell rows apart and are not used otherwise."""
    return [
        name
        for name in map(str, frame.columns)
        if name not in used
        and (normalised(name) in _IDS or normalised(name).endswith("_id"))
        and not isinstance(frame[name].iloc[0], list | dict | np.ndarray)
    ]


def names_time(name: str) -> bool:
    """Whether a column's name says that it is a time: Open time, UnixTime, created_at_ts."""
    return not _TIME_WORDS.isdisjoint(word.lower() for word in _WORD.findall(name))


def find(
    frame: pd.DataFrame,
    role: str,
    *,
    given: str | None = None,
    exclude: Sequence[str] = (),
    origin: str = "the data",
) -> FoundColumn | None:
    """The column for a role, or None where nothing suggests one.

    `given` is the user's own choice and must exist; `exclude` are columns that have a role.
    Several equally good columns are an error that lists them.
    """
    if given is not None:
        return FoundColumn(named(frame, given, origin), "")
    names = [str(name) for name in frame.columns if str(name) not in exclude]
    by_name = _by_alias(names, role)
    if role == "time":
        by_name = _finest(frame, [name for name in by_name if _can_be_time(frame[name])])
    if len(by_name) == 1:
        return FoundColumn(by_name[0], f'{role}: column "{by_name[0]}" (by its name)')
    if by_name:
        raise ambiguous(role, by_name, origin)
    by_kind = _by_kind(frame, names, role)
    if len(by_kind) > 1:
        raise ambiguous(role, by_kind, origin)
    if by_kind:
        return FoundColumn(
            by_kind[0], f'{role}: column "{by_kind[0]}" (the only one that can be it)'
        )
    return None


def require(
    frame: pd.DataFrame,
    role: str,
    *,
    given: str | None = None,
    exclude: Sequence[str] = (),
    origin: str = "the data",
) -> FoundColumn:
    """The column for a role; the error where there is none lists what there is."""
    found = find(frame, role, given=given, exclude=exclude, origin=origin)
    if found is not None:
        return found
    kinds = describe(frame)
    if len(kinds) == 1:
        hint = "there is one column only: is the delimiter right? Name it with --delimiter"
    else:
        hint = "name the columns with --columns; accepted names are " + ", ".join(aliases(role)[:8])
    raise UserError(f'"{origin}": no column for the {role} among {listed_columns(frame)}', hint)


def named(frame: pd.DataFrame, name: str, origin: str) -> str:
    """A column that the user named; the error suggests the nearest one."""
    if name not in frame.columns:
        error = unknown("column", name, [str(column) for column in frame.columns])
        raise UserError(f'"{origin}": {error.message}', error.hint)
    return name


def ambiguous(role: str, candidates: Sequence[str], origin: str) -> UserError:
    """The error for several columns that could play one role."""
    return UserError(
        f'"{origin}": several columns could be the {role}: {listed(candidates)}',
        "name those to use, such as --columns text,label",
    )


def listed_columns(frame: pd.DataFrame) -> str:
    """The first columns with what they hold, for messages."""
    return listed([f"{name} ({held})" for name, held in describe(frame).items()])


def listed(items: Sequence[str], most: int = 12) -> str:
    """The first names, for messages, and how many more there are."""
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


def _by_alias(names: Sequence[str], role: str) -> list[str]:
    """The columns with the best name for a role; several only if their names are as good."""
    by_normalised: dict[str, list[str]] = {}
    for name in names:
        by_normalised.setdefault(normalised(name), []).append(name)
    best, others = (part.split() for part in ALIASES[role])
    for alias in best:
        if alias in by_normalised:
            return by_normalised[alias]
    return [name for alias in others for name in by_normalised.get(alias, ())]


def _can_be_time(column: pd.Series) -> bool:
    """Whether values can be moments: dates, or numbers such as 202001 or Unix times."""
    return kind(column) is not ColumnKind.LIST and can_be_moments(column)


def _is_long_moment(column: pd.Series) -> bool:
    """Whether numbers are so long that under a time's name they can be nothing but moments."""
    lengths = [len(str(value).partition(".")[0]) for value in column.dropna().head(20)]
    return min(lengths, default=0) >= _LONG_MOMENT and _can_be_time(column)


def _finest(frame: pd.DataFrame, names: list[str]) -> list[str]:
    """Of several time columns the one that tells most moments apart; all where they tie."""
    if len(names) < 2:
        return names
    distinct = {name: int(frame[name].nunique()) for name in names}
    most = max(distinct.values())
    return [name for name in names if distinct[name] == most]


def _by_kind(frame: pd.DataFrame, names: Sequence[str], role: str) -> list[str]:
    wanted = set(names)
    kinds = {name: held for name, held in describe(frame).items() if name in wanted}
    match role:
        case "text":
            return [name for name, held in kinds.items() if held is ColumnKind.TEXT]
        case "label":
            return [name for name in classes_in(frame) if name in wanted]
        case "time":
            dates = [name for name, held in kinds.items() if held is ColumnKind.DATE]
            named_so = [name for name in wanted & kinds.keys() if names_time(name)]
            return dates or [name for name in named_so if _is_long_moment(frame[name])]
        case "target":
            return [name for name, held in kinds.items() if held in NUMERIC]
    return []
