"""Folders as bytes: prepared data on their way to a node, and finished runs on their way back."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from seqlab.errors import UserError
from seqlab.runs import UNFINISHED, replacing

# Arrays, which a node reads where they lie in its object store, without a copy.
Parcel = dict[str, NDArray[np.uint8]]
LAST = ("digest", "result.json")  # whose existence says that all else is there
LEFT_BEHIND = (".lock", "checkpoints")


def pack(folder: Path) -> Parcel:
    """The files of a folder by their names in it."""
    found: Parcel = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] not in LEFT_BEHIND and path.suffix != UNFINISHED:
            found[name.as_posix()] = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    return found


def size(parcel: Parcel) -> int:
    """Bytes."""
    return sum(content.nbytes for content in parcel.values())


def unpack(parcel: Mapping[str, NDArray[np.uint8]], folder: Path) -> None:
    """Write the files into a folder, last those whose existence says that it is complete.

    Raises UserError for a name that leads out of the folder.
    """
    for name in sorted(parcel, key=lambda name: (name in LAST, name)):
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or "\\" in name or not place.parts:
            raise UserError(f'a file called "{name}" came from a node: not written')
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            temporary.write_bytes(parcel[name].data)


def own_folder(name: str) -> Path:
    """A folder of this user below the one for temporary files, the same for all its processes."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    folder = Path(tempfile.gettempdir()) / f"seqlab-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = os.lstat(folder)  # someone else may have put something there
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
        raise UserError(f"{folder}: belongs to another user", "set TMPDIR on that node")
    (folder / name).mkdir(exist_ok=True)
    return folder / name
