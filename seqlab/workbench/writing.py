"""A table to a file whose ending names the format; written aside first, then renamed."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from seqlab.errors import UserError

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")


def check_output(path: Path, force: bool) -> None:
    """Refuse what `write_table` could not write, before anything is computed."""
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


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write CSV, TSV, JSONL or Parquet."""
    ending = path.suffix.lower()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if ending == ".parquet":
            frame.to_parquet(temporary)
        elif ending == ".jsonl":
            frame.to_json(
                temporary, orient="records", lines=True, date_format="iso", force_ascii=False
            )
        else:
            frame.to_csv(temporary, index=False, sep="\t" if ending == ".tsv" else ",")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
