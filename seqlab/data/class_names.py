"""Classes that are stored as numbers, with their names beside them, as Hugging Face does."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data.findings import Finding
from seqlab.data.formats import raw_bytes
from seqlab.errors import UserError

# Files that describe the columns of others.
DESCRIBING_FILES = ("dataset_info.json", "features.json")
SHOWN_NAMES = 4
# Zero-width marks. The two joiners only beside plain letters: they shape emoji and other scripts.
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u200e\u200f\u2060\ufeff]|(?<![^\u0000-\u024f])[\u200c\u200d]"
)
# Marks by their plainest form, and Cyrillic and Greek letters by the Latin ones of their shape.
_MARKS = {"'": "‘’‚‛`´", '"': "“”„«»", "-": "–—‐‑−", " ": "_"}
_SHAPES = (
    ("АВЕЅІЈКМНОРСТУХаеѕіјорсух", "ABESIJKMHOPCTYXaesijopcyx"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo"),
)
_ALIKE = {ord(mark): plain for plain, marks in _MARKS.items() for mark in marks} | {
    ord(letter): latin
    for letters, latins in _SHAPES
    for letter, latin in zip(letters, latins, strict=True)
}
NAMES_ATTRIBUTE = "names"  # the attribute of a frame that holds what its file says of classes

Names = dict[str, list[str]]  # column → the names of its numbers, from 0 on


def names_of(features: Any) -> Names:
    """The columns whose values are numbers of classes, from a description of all columns.

    The description is an object of columns, or a list of objects that each have a `name`.
    """
    if isinstance(features, list):
        features = {f["name"]: f for f in features if isinstance(f, dict) and "name" in f}
    if not isinstance(features, Mapping):
        return {}
    try:
        found = {str(column): _within(feature) for column, feature in features.items()}
    except (ValueError, TypeError, RecursionError):  # names that are not numbered, endless nesting
        return {}
    return {column: names for column, names in found.items() if names}


def _within(feature: Any) -> list[str]:
    """The names somewhere within a feature: a list, or an object of numbers to names."""
    if not isinstance(feature, Mapping):
        return []
    names = feature.get("names")
    if isinstance(names, Mapping):
        names = [names[key] for key in sorted(names, key=int)]
    if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
        return names
    return next((found for inner in feature.values() if (found := _within(inner))), [])


def beside(folder: Path) -> Names:
    """What a folder's description of its files says."""
    for name in DESCRIBING_FILES:
        try:
            described = json.loads(raw_bytes(folder / name))
        except (UserError, ValueError, RecursionError):
            continue
        if isinstance(described, Mapping):
            found = names_of(described.get("features", described))
            if found:
                return found
    return {}


def with_class_names(frame: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """A file's frame with numbers replaced by names that it, or a file beside it, gives.

    Returns what was done too. −1 stands for nothing.
    """
    names, notes = {**beside(path.parent), **frame.attrs.pop(NAMES_ATTRIBUTE, {})}, []
    for column, known in names.items():
        if column not in frame.columns or not is_numbered(frame[column]):
            continue
        replaced = with_names(frame[column], known, f'"{path}", column "{column}"')
        frame = frame.assign(**{column: replaced})
        more = ", …" if len(known) > SHOWN_NAMES else ""
        notes.append(
            f"{column}: numbers replaced by their names ({', '.join(known[:SHOWN_NAMES])}{more})"
        )
    return frame, notes


def with_names(column: pd.Series, names: list[str], where: str) -> pd.Series:
    """A column's numbers, alone or in lists, by their names."""
    values = [_name(value, names, f"{where} row {row}") for row, value in enumerate(column, 1)]
    return pd.Series(values, index=column.index, dtype=object)


def is_numbered(column: pd.Series) -> bool:
    """Whether values, or those in lists, are whole numbers."""
    for value in column.dropna().head(100):
        inner = np.asarray(value).ravel()
        if len(inner):
            return bool(np.issubdtype(inner.dtype, np.integer)) or _is_whole(inner)
    return False


def _is_whole(values: Any) -> bool:
    if not np.issubdtype(values.dtype, np.floating):
        return False
    real = values[np.isfinite(values)]
    return bool(len(real) and (real == real.round()).all())


def _name(value: Any, names: list[str], where: str) -> Any:
    if isinstance(value, list | tuple | np.ndarray):
        return [_name(inner, names, where) for inner in value]
    if value is None or value != value or value == -1:
        return None
    if isinstance(value, str | bytes):
        return value  # a name already
    if not 0 <= int(value) < len(names):
        raise UserError(
            f"{where}: {int(value)} has no name, for {len(names)} names are given",
            f"expected 0 to {len(names) - 1}, or −1 for nothing",
        )
    return names[int(value)]


def alike(names: Iterable[str]) -> list[str]:
    """What is to be said of names that a reader cannot tell apart: `as_seen` makes them one."""
    seen: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        seen.setdefault(as_seen(name), []).append(name)
    return [
        f'class "{looks}" is written in {len(written)} ways that look alike: taken as one'
        for looks, written in seen.items()
        if len(written) > 1
    ]


def differing_little(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Names that differ in case, in marks or in letters of one shape alone, by groups."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        plain = unicodedata.normalize("NFKC", name).translate(_ALIKE).casefold()
        groups.setdefault(" ".join(plain.split()), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def as_seen(name: str) -> str:
    """A name as a reader sees it: letters composed, nothing invisible, plain single spaces."""
    return " ".join(unicodedata.normalize("NFC", _INVISIBLE.sub("", name)).split())


def as_labels(column: pd.Series) -> list[str]:
    """Values as class names as they are seen; 1.0 is 1, and spaces around a name do not count."""
    return [
        str(int(v))
        if isinstance(v, float | np.floating) and float(v).is_integer()
        else as_seen(str(v))
        for v in column
    ]


def natural(name: str) -> tuple[int, float, str]:
    """A key that puts numbers in their order, before words."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def case_findings(labels: Sequence[str]) -> list[Finding]:
    """Classes whose names differ in case, in marks or in letters of one shape alone."""
    return [
        Finding(
            "warning",
            f"classes that differ in {_difference(group)} alone: {', '.join(group)}",
            "they are learned and scored as different ones",
            "if they are one, write them alike",
        )
        for group in differing_little(labels)
    ]


def _difference(names: Sequence[str]) -> str:
    """In what names differ that a reader takes for one."""
    same = len({name.casefold() for name in names}) == 1
    return "case" if same else "case, marks or letters of one shape"


def numbers_without_case(classes: Sequence[str]) -> dict[str, int]:
    """Class numbers by name without case, where that tells them apart: TRUE is True."""
    folded = [name.casefold() for name in classes]
    return {name: i for i, name in enumerate(folded) if folded.count(name) == 1}
