"""Parquet in parts: one file read piece by piece, and a folder whose files are one table.

    train-00000-of-00002.parquet, train-00001-of-00002.parquet, test-00000-of-00001.parquet

Files are shards of one table if their names differ by numbers alone; named after splits, each split
has its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from seqlab.data.columns import listed
from seqlab.data.folders import join_splits, split_of
from seqlab.data.formats import PARQUET, is_documentation, printable, suffix
from seqlab.data.records import parquet_frame
from seqlab.data.table import Table
from seqlab.errors import UserError

PIECE_BYTES = 32_000_000  # of a piece's values
_OF = re.compile(r"(\d+)-of-(\d+)")
_NUMBER = re.compile(r"(\d+)(?!.*\d)")  # the last one of a name


def read_shards(folder: Path) -> Table | None:
    """The table whose parts a folder holds; None for a folder of anything else."""
    groups = shards_of(folder)
    if groups is None:
        return None
    tables = {name: _joined(files, folder) for name, files in groups.items()}
    count = sum(map(len, groups.values()))
    note = f"{count} Parquet files read as parts of one table"
    if set(tables) == {""}:
        return tables[""].noting([note])
    told = ", ".join(f"{name} from {len(groups[name])}" for name in tables)
    return join_splits(tables, str(folder)).noting([f"{note}; splits given: {told}"])


def shards_of(folder: Path) -> dict[str, list[Path]] | None:
    """The parts of each split, or of the one table "", in order; None where there are none.

    Raises: UserError where a part is missing, or has other columns than the first.
    """
    files = sorted(path for path in folder.iterdir() if not is_documentation(path.name))
    if len(files) < 2 or any(suffix(p.name) not in PARQUET or not p.is_file() for p in files):
        return None
    numbered: dict[str, dict[int, Path]] = {}
    for path in files:
        found = _OF.search(path.name) or _NUMBER.search(path.stem)
        if found is None:
            return None
        family = path.name[: found.start(1)] + "#" + path.name[found.end(1) :]
        numbered.setdefault(family, {})[int(found[1])] = path
    for parts in numbered.values():
        _check_complete(parts, folder)
    by_split = {split_of(family.partition("#")[0]) or "": family for family in numbered}
    if len(numbered) == 1 and "train" not in by_split:
        by_split = {"": next(iter(numbered))}
    elif len(by_split) < len(numbered) or "" in by_split or "train" not in by_split:
        return None
    ordered = {name: [numbered[f][n] for n in sorted(numbered[f])] for name, f in by_split.items()}
    _check_alike([path for paths in ordered.values() for path in paths])
    return ordered


def _check_complete(parts: dict[int, Path], folder: Path) -> None:
    """Refuse a folder in which a part is missing."""
    first = parts[min(parts)]
    counted = _OF.search(first.name)
    wanted = range(int(counted[2])) if counted else range(min(parts), max(parts) + 1)
    missing = [number for number in wanted if number not in parts]
    if missing:
        known = _OF.search(first.name) or _NUMBER.search(first.stem)
        assert known is not None
        number = str(missing[0]).zfill(len(known[1]))
        name = first.name[: known.start(1)] + number + first.name[known.end(1) :]
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UserError(
            f'"{printable(folder)}": {name}{more} is missing among the parts of the table',
            "copy the whole folder again, or name the one file that is to be read",
        )


def _check_alike(files: Sequence[Path]) -> None:
    """Refuse parts of another schema than the first one's."""
    first = _schema(files[0])
    for path in files[1:]:
        other = _schema(path)
        if other == first:
            continue
        names = [n for n in {**first, **other} if first.get(n) != other.get(n)]
        said = "; ".join(
            f"{name}: {other.get(name, 'missing')} instead of {first.get(name, 'none')}"
            for name in names[:3]
        )
        raise UserError(
            f'"{printable(path)}" has other columns than {files[0].name}: {said}',
            f"the columns of the first part are {listed(list(first))}",
        )


def _schema(path: Path) -> dict[str, str]:
    try:
        schema = pq.read_schema(path, memory_map=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return {field.name: str(field.type) for field in schema}


def _joined(files: Sequence[Path], folder: Path) -> Table:
    tables = [table for path in files for table in parquet_pieces(path, None)]
    frame = pd.concat([table.frame for table in tables], ignore_index=True)
    notes = dict.fromkeys(note for table in tables for note in table.notes)
    return Table(frame, printable(folder), tuple(notes))


def parquet_pieces(
    path: Path, columns: Sequence[str] | None, size: int = PIECE_BYTES
) -> Iterator[Table]:
    """Tables of a file's rows, in order, of about `size` bytes each."""
    from seqlab.data.sources import recorded  # which knows readers, and they this file

    try:
        with pq.ParquetFile(path, memory_map=True, pre_buffer=False) as file:
            described = file.metadata
            groups = range(described.num_row_groups)
            whole = sum(described.row_group(group).total_byte_size for group in groups)
            rows = max(1, described.num_rows * size // max(whole, 1))
            if not described.num_rows:
                yield recorded(parquet_frame(file.read(use_threads=False)), path, columns)
            for batch in file.iter_batches(rows, use_threads=False):
                yield recorded(parquet_frame(pa.Table.from_batches([batch])), path, columns)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> UserError:
    reason = str(error).partition("\n")[0]
    return UserError(
        f'"{printable(path)}" is not a readable Parquet file: {reason}',
        "the file seems truncated or of another format: write it again",
    )
