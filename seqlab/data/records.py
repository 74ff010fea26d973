"""Records that name their own fields: JSON lines, JSON, Parquet."""

from __future__ import annotations

import io
import json
import operator
import re
import sys
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from seqlab.data.bounds import require_size, unpacked_bound
from seqlab.data.class_names import NAMES_ATTRIBUTE, is_numbered, names_of
from seqlab.data.header import without_repeats
from seqlab.data.squad import is_squad, squad_frame
from seqlab.errors import UserError

_HINT = 'expected one JSON object a line, such as {"text": "…", "label": "…"}'


# An escaped character of two halves, or one half alone, which is no character; an even number of
# backslashes before it stands for backslashes.
_HALVES = re.compile(
    r"(?<!\\)((?:\\\\)*)(?:(\\u[dD][89abAB]\w{2}\\u[dD][c-fC-F]\w{2})|\\u[dD][89a-fA-F]\w{2})"
)
CHANGED_ATTRIBUTE = "changed"  # the attribute of a frame that says what was made readable


def read_json_lines(text: str, origin: str) -> pd.DataFrame:
    """One JSON object a line; a line that is a string is a text."""
    text, changed = _whole_characters(text)
    frame = _json_lines(text, origin)
    frame.attrs[CHANGED_ATTRIBUTE] = changed
    return frame


def _whole_characters(text: str) -> tuple[str, list[str]]:
    """JSON with each half of a character as the sign for an unreadable one, and what was done."""
    lines: list[int] = []

    def whole(found: re.Match[str]) -> str:
        if found[2]:
            return found[0]
        lines.append(text.count("\n", 0, found.start()) + 1 if not lines else 0)
        return f"{found[1]}\\ufffd"

    text = _HALVES.sub(whole, text) if "\\u" in text else text
    said = (
        f"halves of characters replaced: {len(lines):,}, the first in line {lines[0]}"
        if lines
        else ""
    )
    return text, [said] if said else []


def _json_lines(text: str, origin: str) -> pd.DataFrame:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            rows.append(_record(_parse(line, origin, number), f'"{origin}" line {number}'))
    return _frame(rows, origin)


def read_json(text: str, origin: str) -> pd.DataFrame:
    """A list of objects, an object of columns, or either under one name; else JSON lines."""
    text, changed = _whole_characters(text)
    frame = _json(text, origin)
    frame.attrs[CHANGED_ATTRIBUTE] = changed
    return frame


def _json(text: str, origin: str) -> pd.DataFrame:
    try:
        content = _loaded(text, f'"{origin}"')
    except json.JSONDecodeError:
        return _json_lines(text, origin)
    if is_squad(content):
        return squad_frame(content, origin)
    described: dict[str, Any] = {}
    if isinstance(content, dict):
        described = {key: content[key] for key in content if _describes(key, content[key])}
        content = {key: value for key, value in content.items() if key not in described} or content
        lists = [value for value in content.values() if isinstance(value, list)]
        if len(lists) == len(content) > 1 and len({len(value) for value in lists}) == 1:
            return _with_names(_named(pd.DataFrame(content)), described)
        inner = [value for value in lists if value and isinstance(value[0], dict)]
        content = inner[0] if len(inner) == 1 else [content]
    if not isinstance(content, list):
        raise UserError(f'"{origin}" holds a single {type(content).__name__}', _HINT)
    rows = [_record(row, f'"{origin}" record {i}') for i, row in enumerate(content, 1)]
    return _with_names(_frame(rows, origin), described)


def _describes(key: str, value: Any) -> bool:
    """Whether a field of a file describes its columns: `features`, or the names of classes."""
    names = key.endswith("names") and isinstance(value, list | dict)
    return key == "features" or (names and all(isinstance(name, str) for name in value))


def _with_names(frame: pd.DataFrame, described: dict[str, Any]) -> pd.DataFrame:
    """With what is known of its columns' classes as an attribute."""
    names = names_of(described.pop("features", {}))
    for key, value in described.items():
        column = key.removesuffix("names").rstrip("_")
        fitting = [name for name in frame.columns if is_numbered(frame[name])]
        fitting = [column] if column in frame.columns else [n for n in fitting if _may_be(n)]
        if len(fitting) == 1:
            names |= names_of({fitting[0]: {"names": value}})
    frame.attrs[NAMES_ATTRIBUTE] = names
    return frame


def _may_be(column: str) -> bool:
    return any(word in column.lower() for word in ("tag", "label", "class", "ner", "pos"))


def read_parquet(content: bytes, origin: str) -> pd.DataFrame:
    """A Parquet file; its index, if it has a name, becomes a column."""
    try:
        file = pq.ParquetFile(io.BytesIO(content), pre_buffer=False)
        described = file.metadata
        groups = (described.row_group(i).total_byte_size for i in range(described.num_row_groups))
        # A value that repeats is stored once, and takes its place in every row.
        size = max(sum(groups), described.num_rows * described.num_columns)
        require_size(size, origin, unpacked_bound(len(content)), unpacked=True)
        # On this thread: Arrow hangs where a bound on memory refuses it its own.
        return parquet_frame(file.read(use_threads=False))
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(
            f'"{origin}" is not a readable Parquet file: {reason}',
            "the file seems truncated or of another format: write it again",
        ) from error


def parquet_frame(stored: pa.Table) -> pd.DataFrame:
    """A table of Arrow as a frame, with what Hugging Face wrote beside it about classes."""
    frame = stored.to_pandas(use_threads=False)
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    frame = _named(frame)
    try:
        said = json.loads((stored.schema.metadata or {}).get(b"huggingface", b"{}"))
        features = said["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):  # none, or of another shape
        features = {}
    return _with_names(frame, {"features": features})


def _parse(line: str, origin: str, number: int) -> Any:
    try:
        return _loaded(line, f'"{origin}" line {number}')
    except json.JSONDecodeError as error:
        raise UserError(
            f'"{origin}" line {number} is not JSON: {error.msg} at column {error.colno}', _HINT
        ) from error


def _loaded(text: str, where: str) -> Any:
    """Parsed JSON; what no parser takes is an error of its own, apart from JSONDecodeError."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise UserError(
            f"{where}: lists or objects are nested too deeply to be read", _HINT
        ) from None
    except ValueError:  # Python bounds the digits, for to read them takes their number squared
        raise UserError(
            f"{where}: a whole number has more than {sys.get_int_max_str_digits():,} digits",
            "write codes of that length as strings, in double quotes",
        ) from None


def _record(value: Any, where: str) -> Mapping[str, Any]:
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, dict):
        return value
    raise UserError(f"{where} is a {type(value).__name__}, not an object", _HINT)


def _frame(rows: list[Mapping[str, Any]], origin: str) -> pd.DataFrame:
    if not rows:
        raise UserError(f'"{origin}" holds no records', _HINT)
    return _named(pd.DataFrame.from_records(rows))


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    names, _ = without_repeats([str(name) for name in frame.columns])
    frame.columns = pd.Index(names)
    return unfolded(frame.reset_index(drop=True))


def unfolded(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns that hold records of values, {"en": …, "de": …}, as a column for each field."""
    parts = []
    for name in frame.columns:
        fields = _fields(frame[name])
        values = [frame[name].map(operator.itemgetter(field)).rename(field) for field in fields]
        taken = {*frame.columns} & {*fields}
        parts += [v.rename(f"{name}.{v.name}") if taken else v for v in values] or [frame[name]]
    return pd.concat(parts, axis=1) if len(parts) > len(frame.columns) else frame


def _fields(column: pd.Series[Any]) -> list[str]:
    """The fields that all values of a column have, if they are records of plain values alike."""
    if column.dtype != object or not len(column):
        return []
    first = column.iloc[0]
    if not isinstance(first, dict) or not first:
        return []
    alike = all(isinstance(value, dict) and value.keys() == first.keys() for value in column)
    plain = alike and not any(isinstance(v, list | dict) for row in column for v in row.values())
    return [str(field) for field in first] if plain else []
