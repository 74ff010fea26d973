"""Folders: one file per class, one subfolder per class, or one file or subfolder per split."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePath

import pandas as pd

from seqlab.data.columns import listed
from seqlab.data.formats import (
    ACCEPTED,
    COMPRESSIONS,
    DELIMITED,
    PARQUET,
    PLAIN,
    RECORDS,
    REFUSED,
    decode,
    is_binary,
    is_documentation,
    read_bytes,
    stem,
    suffix,
)
from seqlab.data.split_spec import SPLIT_NAMES
from seqlab.data.table import Table
from seqlab.errors import UserError

_UNLABELLED = ("unsup", "unsupervised", "unlabeled", "unlabelled")
_TABLES = (*DELIMITED, *RECORDS, *PARQUET)

ReadFile = Callable[[Path], Table]


def split_of(name: str) -> str | None:
    """The split a file or folder is named after: `dev.tsv` is valid, `sst_train.csv` is train."""
    words = re.split(r"[^a-z]+", stem(name).lower())
    found = {SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES}
    return found.pop() if len(found) == 1 else None


def text_files(folder: Path) -> list[Path]:
    """The files of a folder that holds several texts and nothing else; none of any other."""
    entries = sorted(path for path in folder.iterdir() if not is_documentation(path.name))
    files = [path for path in entries if path.is_file() and suffix(path.name) in PLAIN]
    files.sort(key=_in_order)
    return files if len(files) == len(entries) > 1 and _by_split(files) is None else []


def read_folder(folder: Path, read_file: ReadFile, encoding: str | None) -> Table:
    """A table from a folder; `read_file` reads a file that is a table of its own."""
    entries = sorted(path for path in folder.iterdir() if not is_documentation(path.name))
    files = [path for path in entries if path.is_file() and _may_be_text(path)]
    folders = [path for path in entries if path.is_dir()]
    tables = [path for path in files if suffix(path.name) in _TABLES]
    if len(tables) == 1 and not folders:
        return read_file(tables[0])
    by_split = _by_split(files) or _by_split(folders)
    if by_split is not None:
        return _splits(folder, by_split, read_file, encoding)
    if tables:
        listed = ", ".join(path.name for path in tables[:5])
        raise UserError(
            f'"{folder}" holds several tables: {listed}',
            "name one of them, or name them train, valid and test",
        )
    if len(folders) > 1 or (folders and not files):
        return _class_folders(folder, folders, [path.name for path in files], encoding)
    if len(files) > 1:
        return _class_files(folder, files, encoding)
    if files:
        return read_file(files[0])
    raise UserError(f'"{folder}" holds nothing readable', f"expected files of {ACCEPTED}")


def _in_order(path: Path) -> list[tuple[int, str]]:
    """A key that sorts chapter2 before chapter10."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _may_be_text(path: Path) -> bool:
    if suffix(path.name) in REFUSED:
        return False
    if path.suffix.lower() in COMPRESSIONS:
        return True
    with path.open("rb") as file:
        return not is_binary(path.name, file.read(8192))


def _by_split(paths: list[Path]) -> dict[str, Path] | None:
    """Each split's path where every path is named after a different split, train among them."""
    named = [(split_of(path.name), path) for path in paths]
    found = {split: path for split, path in named if split is not None}
    return found if len(found) == len(paths) and "train" in found and len(found) > 1 else None


def _splits(
    folder: Path, by_split: dict[str, Path], read_file: ReadFile, encoding: str | None
) -> Table:
    tables = {
        split: read_folder(path, read_file, encoding) if path.is_dir() else read_file(path)
        for split, path in by_split.items()
    }
    joined = join_splits(tables, str(folder))
    listed = ", ".join(f"{split} from {by_split[split].name}" for split in tables)
    return joined.noting([f"splits given: {listed}"])


def join_splits(tables: dict[str, Table], origin: str) -> Table:
    """Tables of one kind as one, with a column `split` that says which rows came from which."""
    tables = {name: tables[name] for name in ("train", "valid", "test") if name in tables}
    reference = next(iter(tables.values()))
    wanted = [str(name) for name in reference.frame.columns if name != "split"]
    frames = []
    for split, table in tables.items():
        frame = table.frame
        missing = [name for name in wanted if name not in frame.columns]
        if missing and not table.header and frame.shape[1] == len(wanted):
            frame = frame.set_axis(wanted, axis=1)  # guessed from fewer rows, so guessed otherwise
        elif missing:
            raise UserError(
                f'"{table.origin}" has no column "{missing[0]}", which "{reference.origin}" has',
                f"its columns are {listed(frame.columns.tolist())}; use --columns to name them",
            )
        frames.append(frame[wanted].assign(split=split))
    notes = dict.fromkeys(note for table in tables.values() for note in table.notes)
    frame = pd.concat(frames, ignore_index=True)
    whole = [
        table.documents.assign(split=split)
        for split, table in tables.items()
        if table.documents is not None
    ]
    kept = pd.concat(whole, ignore_index=True) if len(whole) == len(tables) else None
    return Table(frame, origin, tuple(notes), reference.header, kept)


def _class_files(folder: Path, files: list[Path], encoding: str | None) -> Table:
    """Each file is a class and each of its lines a text."""
    texts: list[str] = []
    labels: list[str] = []
    whole: list[str] = []
    blank = 0
    files = sorted(files, key=_in_order)
    for path, label in zip(files, _labels([path.name for path in files]), strict=True):
        _, content = read_bytes(path)
        whole.append(decode(content, str(path), encoding))
        lines = whole[-1].removesuffix("\n").split("\n")
        kept = [line.strip() for line in lines if line.strip()]
        blank += len(lines) - len(kept)
        texts += kept
        labels += [label] * len(kept)
    notes = [
        f"{len(files)} files: each line is a text, its file's name the label; for language each"
        " file is a text"
    ]
    if blank:
        notes.append(f"blank lines left out: {blank}")
    frame = pd.DataFrame({"text": texts, "label": labels})
    documents = pd.DataFrame({"name": [stem(path.name) for path in files], "text": whole})
    return Table(frame, str(folder), tuple(notes), False, documents)


def _labels(names: list[str]) -> list[str]:
    """Each file's label: its name, or what follows the dot where all names start alike."""
    stems = [stem(name) for name in names]
    stems = [PurePath(name).stem if suffix(name) in PLAIN else name for name in stems]
    parts = [name.partition(".") for name in stems]
    starts = {start for start, _, _ in parts}
    if len(starts) == 1 and all(end for _, _, end in parts):
        return [end for _, _, end in parts]
    return stems


def _class_folders(
    folder: Path, folders: list[Path], beside: list[str], encoding: str | None
) -> Table:
    """Each subfolder is a class and each of its files a text."""
    texts: list[str] = []
    labels: list[str] = []
    left_out = list(beside)
    for subfolder in folders:
        if subfolder.name in _UNLABELLED:
            left_out.append(subfolder.name)
            continue
        for path in sorted(subfolder.iterdir()):
            if path.is_dir():
                raise UserError(
                    f'"{path}" is a folder inside the class folder "{subfolder}"',
                    "expected one subfolder a class with one text a file",
                )
            if is_documentation(path.name) or suffix(path.name) in (*REFUSED, *_TABLES):
                left_out.append(f"{subfolder.name}/{path.name}")
                continue
            _, content = read_bytes(path)
            texts.append(decode(content, str(path), encoding).strip())
            labels.append(subfolder.name)
    if not texts:
        raise UserError(f'"{folder}" holds nothing readable', f"expected files of {ACCEPTED}")
    notes = [f"{len(set(labels))} folders, one a class: each file is a text, its folder the label"]
    if left_out:
        more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
        notes.append(f"left out: {', '.join(left_out[:5])}{more}")
    return Table(pd.DataFrame({"text": texts, "label": labels}), str(folder), tuple(notes), False)
