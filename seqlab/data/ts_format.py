"""The `.ts` format of archives: tags, then one series a line, its channels divided by colons.

    @classLabel true 1 2
    @data
    1.86,1.89,1.94:-0.21,-0.19,?:1        two channels of three steps, one value missing, class 1
    (0,1.5),(10,2.5):2                    with @timeStamps true: moments and values, class 2

Löning et al. (2019), sktime: a unified interface for machine learning with time series.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.clock import on_one_clock
from seqlab.data.folders import join_splits, split_of
from seqlab.data.formats import decode, is_documentation, read_bytes, suffix
from seqlab.data.table import Table
from seqlab.errors import UserError

Values = NDArray[np.float32]

_TUPLE = re.compile(r"\(([^()]*),([^(),]*)\)")
_MISSING = ("?", "nan", "")
_EXPECTED = "expected numbers divided by commas, channels by colons; ? where a value is missing"


@dataclass
class _Header:
    """What the tags say; `line` is where the data begin."""

    line: int
    name: str = ""
    stamped: bool = False
    dimensions: int | None = None
    label: str = ""  # the column of what stands last on a line: label, target or nothing
    classes: list[str] = field(default_factory=list)


def read_ts(content: bytes, origin: str) -> Table | None:
    """Columns `series`, (steps, channels) a cell, and `label` or `target`; None: TypeScript."""
    text = decode(content, origin)
    lines = text.split("\n")
    if not re.search(r"^\s*@data\s*$", text, re.IGNORECASE | re.MULTILINE):
        if re.search(r"^\s*@\w+ ", text, re.MULTILINE) is None:
            return None
        raise UserError(f'"{origin}": no line @data', "expected @data after the tags")
    header = _read_header(lines, origin)
    series: list[Values] = []
    last: list[str] = []
    for number in range(header.line, len(lines)):
        if lines[number].strip():
            where = f'"{origin}" line {number + 1}'
            values, ending = _read_line(lines[number].strip(), header, where)
            if series and values.shape[1] != series[0].shape[1]:
                raise UserError(
                    f"{where}: {values.shape[1]} channels, the first series has"
                    f" {series[0].shape[1]}",
                    "expected as many channels in every series",
                )
            series.append(values)
            last.append(ending)
    if not series:
        raise UserError(f'"{origin}": no series after @data', _EXPECTED)
    return Table(_frame(series, last, header, origin), origin, _notes(series, header))


def read_ts_folder(folder: Path) -> Table | None:
    """A folder of `.ts` files that are named train and test (`Name_TRAIN.ts`), else None."""
    files = [p for p in sorted(folder.iterdir()) if p.is_file() and not is_documentation(p.name)]
    named = [path for path in files if suffix(path.name) == ".ts"]
    parts = {split_of(path.name): path for path in named}
    if "train" not in parts or len(parts) != len(named) or None in parts:
        return None
    tables: dict[str, Table] = {}
    for part, path in parts.items():
        table = read_ts(read_bytes(path)[1], str(path))
        if table is None:
            return None
        tables[str(part)] = table
    return join_splits(tables, str(folder))


def _frame(series: list[Values], last: list[str], header: _Header, origin: str) -> pd.DataFrame:
    columns: dict[str, object] = {"series": series_column(series)}
    if header.label == "target":
        columns["target"] = pd.to_numeric(pd.Series(last), errors="coerce")
    elif header.label and set(last) != {"?"}:  # all unknown: series to be predicted
        columns["label"] = pd.Series([None if v == "?" else v for v in last], dtype=object)
    return pd.DataFrame(columns)


def series_column(series: Sequence[NDArray[Any]]) -> pd.Series:
    """Arrays as one column, whatever their shapes."""
    cells = np.empty(len(series), dtype=object)
    for row, values in enumerate(series):  # one by one: equal shapes would be stacked
        cells[row] = values
    return pd.Series(cells)


def _notes(series: list[Values], header: _Header) -> tuple[str, ...]:
    name = f'"{header.name}": ' if header.name else ""
    lengths = [len(values) for values in series]
    steps = f"{min(lengths):,}" + (f"–{max(lengths):,}" if max(lengths) > min(lengths) else "")
    channels = series[0].shape[1]
    several = f", {channels} channels" if channels > 1 else ""
    return (f"{name}{len(series):,} series of {steps} steps{several}",)


def _read_header(lines: list[str], origin: str) -> _Header:
    header = _Header(0)
    for number, line in enumerate(lines):
        words = line.split()
        if not words or words[0].startswith(("#", "%")):
            continue
        if not words[0].startswith("@"):
            raise UserError(f'"{origin}" line {number + 1}: values before @data', _EXPECTED)
        tag, said = words[0][1:].lower(), words[1:]
        yes = bool(said) and said[0].lower() == "true"
        if tag == "data":
            header.line = number + 1
            return header
        if tag == "problemname":
            header.name = " ".join(said)
        elif tag == "timestamps":
            header.stamped = yes
        elif tag in ("dimensions", "dimension"):
            header.dimensions = int(said[0]) if said and said[0].isdigit() else None
        elif tag == "classlabel" and yes:
            header.label, header.classes = "label", said[1:]
        elif tag == "targetlabel" and yes:
            header.label = "target"
    raise AssertionError("a text without @data was refused")


def _read_line(line: str, header: _Header, where: str) -> tuple[Values, str]:
    """One line's values (steps, channels), and what stands last."""
    parts = _stamped_parts(line) if header.stamped else line.split(":")
    ending = parts.pop().strip() if header.label else ""
    if header.classes and ending not in (*header.classes, "?"):
        raise UserError(
            f'{where}: label "{ending}" is not among those of @classLabel',
            "accepted: " + ", ".join(header.classes[:12]),
        )
    if not parts or (header.dimensions is not None and len(parts) != header.dimensions):
        wanted = header.dimensions or 1
        raise UserError(f"{where}: {len(parts)} channels, @dimensions says {wanted}", _EXPECTED)
    read = _stamped if header.stamped else _plain
    channels = [read(part, where) for part in parts]
    lengths = {len(channel) for channel in channels}
    if len(lengths) > 1:
        raise UserError(
            f"{where}: channels of {min(lengths)} and {max(lengths)} steps in one series",
            "expected channels of one length; ? where a value is missing",
        )
    return np.stack(channels, axis=1), ending


def _plain(part: str, where: str) -> Values:
    cells = part.split(",")
    try:
        return np.array(cells, dtype=np.float32)
    except ValueError:
        return np.array([_number(cell, where) for cell in cells], dtype=np.float32)


def _number(cell: str, where: str) -> float:
    word = cell.strip().lower()
    if word in _MISSING:
        return float("nan")
    try:
        return float(word)
    except ValueError:
        raise UserError(f'{where}: "{cell.strip()}" is not a number', _EXPECTED) from None


def _stamped_parts(line: str) -> list[str]:
    """Channels of (moment, value) pairs; the moments may hold colons."""
    masked = _TUPLE.sub(lambda found: found[0].replace(":", "\0"), line)
    return [part.replace("\0", ":") for part in masked.split(":")]


def _stamped(part: str, where: str) -> Values:
    pairs = _TUPLE.findall(part)
    if not pairs:
        raise UserError(
            f"{where}: no pairs of moment and value, though @timeStamps is true",
            "expected (moment,value),(moment,value),…",
        )
    moments = pd.Series([moment.strip() for moment, _ in pairs])
    keys = on_one_clock(moments, where, "step")
    if keys.duplicated().any():
        twice = moments[keys.duplicated()].iloc[0]
        raise UserError(f'{where}: moment "{twice}" is there twice', "expected one value a moment")
    values = np.array([_number(value, where) for _, value in pairs], dtype=np.float32)
    return values[np.argsort(keys.to_numpy(), kind="stable")]
