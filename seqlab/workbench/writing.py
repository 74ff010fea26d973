"""A table to a file whose ending names the format; written aside first, then renamed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from seqlab.errors import UserError
from seqlab.runs import replacing

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
SHEETS = (".csv", ".tsv")  # what spreadsheets open, and take some cells of for formulas
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?%?|[+-]?(inf|nan)", re.I)


def check_output(path: Path, force: bool) -> None:
    """Refuse what `write_tables` could not write, before anything is computed."""
    if path.suffix.lower() not in ENDINGS:
        raise UserError(
            f'-o {path}: unknown format "{path.suffix.lower()}"', f"accepted: {', '.join(ENDINGS)}"
        )
    if not path.parent.is_dir():
        raise UserError(f"-o {path}: the folder {path.parent} does not exist", "make it first")
    if path.is_dir():
        raise UserError(f"-o {path}: this is a folder", "expected a file")
    if path.exists() and not force:
        raise UserError(f"-o {path}: exists already", "overwrite it with --force")


class Formulas:
    """Cells and headings that a spreadsheet would run as formulas, counted or made harmless."""

    def __init__(self, quote: bool) -> None:
        self.quote = quote
        self.cells = 0
        self.first = ""

    def passing(self, frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The frames as they come; with `quote`, a ' before every such cell."""
        for frame in frames:
            text = frame.select_dtypes(exclude=["number", "bool", "datetime", "datetimetz"])
            checked = frame.copy() if self.quote else frame
            for name in text.columns:
                cells = frame[name].map(self._cell)
                if self.quote:
                    checked[name] = cells
            headings = [self._cell(name) for name in frame.columns]
            yield checked.set_axis(headings, axis=1) if self.quote else checked

    def _cell(self, cell: object) -> object:
        if not isinstance(cell, str) or not _is_formula(cell):
            return cell
        self.cells += 1
        self.first = self.first or cell
        return f"'{cell}"

    @property
    def warning(self) -> str:
        """What to say once all was written; nothing where there is nothing to say."""
        if self.quote or not self.cells:
            return ""
        shown = self.first if len(self.first) <= 40 else f"{self.first[:39]}…"
        return (
            f'note: a spreadsheet would run {self.cells:,} cells as formulas, such as "{shown}";'
            " --safe-csv writes ' before each of them"
        )


def _is_formula(cell: str) -> bool:
    """Whether a cell begins as a formula does, and is no number."""
    return _FORMULA.match(cell) is not None and _NUMBER.fullmatch(cell) is None


def write_tables(frames: Iterable[pd.DataFrame], path: Path) -> int:
    """Write CSV, TSV, JSONL or Parquet, one frame after the other; returns the number of rows."""
    ending, rows = path.suffix.lower(), 0
    write = _parquet if ending == ".parquet" else _records if ending == ".jsonl" else _cells
    with replacing(path) as temporary, ExitStack() as stack:
        more = write(temporary, ending, stack)
        for frame in frames:
            more(frame)
            rows += len(frame)
    return rows


Append = Callable[[pd.DataFrame], None]


def _cells(path: Path, ending: str, stack: ExitStack) -> Append:
    file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
    sign = "\t" if ending == ".tsv" else ","
    return lambda frame: frame.to_csv(file, index=False, sep=sign, header=not file.tell())


def _records(path: Path, ending: str, stack: ExitStack) -> Append:
    file = stack.enter_context(path.open("w", encoding="utf-8"))
    return lambda frame: frame.to_json(
        file, orient="records", lines=True, date_format="iso", force_ascii=False
    )


def _parquet(path: Path, ending: str, stack: ExitStack) -> Append:
    import pyarrow as pa
    import pyarrow.parquet as pq

    open_file: list[pq.ParquetWriter] = []

    def append(frame: pd.DataFrame) -> None:
        if not open_file:
            schema = pa.Schema.from_pandas(frame, preserve_index=False)
            open_file.append(stack.enter_context(pq.ParquetWriter(path, schema)))
        table = pa.Table.from_pandas(frame, open_file[0].schema, preserve_index=False)
        open_file[0].write_table(table)

    return append
