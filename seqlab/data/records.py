"""Records that name their own fields: JSON lines, JSON, Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from seqlab.data.squad import is_squad, squad_frame
from seqlab.errors import UserError

_HINT = 'expected one JSON object a line, such as {"text": "…", "label": "…"}'


def read_json_lines(text: str, origin: str) -> pd.DataFrame:
    """One JSON object a line; a line that is a string is a text."""
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            rows.append(_record(_parse(line, origin, number), f'"{origin}" line {number}'))
    return _frame(rows, origin)


def read_json(text: str, origin: str) -> pd.DataFrame:
    """A list of objects, an object of columns, or either under one name; else JSON lines."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError:
        return read_json_lines(text, origin)
    if is_squad(content):
        return squad_frame(content, origin)
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        if len(lists) == len(content) > 1 and len({len(value) for value in lists}) == 1:
            return _named(pd.DataFrame(content))
        inner = [value for value in lists if value and isinstance(value[0], dict)]
        content = inner[0] if len(inner) == 1 else [content]
    if not isinstance(content, list):
        raise UserError(f'"{origin}" holds a single {type(content).__name__}', _HINT)
    rows = [_record(row, f'"{origin}" record {i}') for i, row in enumerate(content, 1)]
    return _frame(rows, origin)


def read_parquet(content: bytes, origin: str) -> pd.DataFrame:
    """A Parquet file; its index, if it has a name, becomes a column."""
    try:
        frame = pq.read_table(io.BytesIO(content)).to_pandas()
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(
            f'"{origin}" is not a readable Parquet file: {reason}',
            "the file seems truncated or of another format: write it again",
        ) from error
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    return _named(frame)


def _parse(line: str, origin: str, number: int) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(
            f'"{origin}" line {number} is not JSON: {error.msg} at column {error.colno}', _HINT
        ) from error


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
    frame.columns = pd.Index([str(name) for name in frame.columns])
    return frame.reset_index(drop=True)
