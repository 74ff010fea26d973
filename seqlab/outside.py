"""Files that someone else may have made: read only as far as they are what they should be.

Whatever a folder of a study or of a trained model holds passes here: a pipe or a device instead of
a file, a size, depth or number that no study writes, and a file that may not be read are each an
error of one line, before memory is spent on it.
"""

from __future__ import annotations

import json
import math
import os
import stat
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.errors import UserError

MOST_BYTES = 128 * 2**20  # of a JSON file
MOST_ARRAY_BYTES = 4 * 2**30  # of the arrays of one file, decompressed
DEEPEST = 64  # lists and objects within one another
LARGEST_WHOLE_NUMBER = 2**64  # as no study needs larger ones


class DamagedError(UserError):
    """What lies in a stored file's place is not what was written there."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}", "delete it and run the study's command again")


def regular(path: Path, most: int | None = None) -> None:
    """Refuse what is not a file that can be read, or one of more than `most` bytes.

    Raises: DamagedError for these, UserError for one without permission, and FileNotFoundError for
    one that is not there: what that means differs.
    """
    try:
        kind = os.stat(path)
    except PermissionError:
        raise _forbidden(path) from None
    if not stat.S_ISREG(kind.st_mode):  # opening a pipe would wait for ever
        raise DamagedError(path, "not a file")
    if not os.access(path, os.R_OK):
        raise _forbidden(path)
    if most is not None and kind.st_size > most:
        raise DamagedError(path, f"{kind.st_size:,} bytes; accepted here: at most {most:,}")


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a file; raises FileNotFoundError where there is none."""
    regular(path, most)
    with open(path, "rb") as file:
        return file.read(most + 1)


def _forbidden(path: Path) -> UserError:
    return UserError(f"{path}: permission denied", "make it readable for your user")


def finite_fraction(text: str) -> float:
    """The number that a text with a point or an exponent stands for; ValueError if infinite."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large a number")
    return value


def parse_json(content: bytes, fraction: Callable[[str], float] = finite_fraction) -> Any:
    """JSON within bounds, its fractions read by `fraction`; ValueError says what is wrong with it.

    NaN, infinities, numbers beyond 64 bits and a name that occurs twice are refused too.
    """
    try:
        value = json.loads(
            content.decode("utf-8"),
            parse_constant=_no_number,
            parse_int=_whole,
            parse_float=fraction,
            object_pairs_hook=_distinct,
        )
        _check_depth(value)
    except RecursionError:
        raise ValueError(f"nested deeper than {DEEPEST} levels") from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError("not JSON") from None
    return value


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _whole(text: str) -> int:
    if len(text) > len(str(LARGEST_WHOLE_NUMBER)) or abs(int(text)) >= LARGEST_WHOLE_NUMBER:
        raise ValueError(f"a number of {len(text)} digits; accepted: below 2^64")
    return int(text)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return value


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise RecursionError
        level, depth = [inner for one in level for inner in _children(one)], depth + 1


def _children(value: Any) -> list[Any]:
    """The containers directly within a value."""
    inside: Any = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return []
    return [one for one in inside if isinstance(one, dict | list)]


def read_npz(path: Path, most: int = MOST_ARRAY_BYTES) -> dict[str, NDArray[Any]]:
    """The arrays of an archive, whose declared sizes are checked before memory is taken.

    Raises ValueError where it is damaged, and FileNotFoundError.
    """
    regular(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > most:
                raise ValueError(f"arrays of more than {most:,} bytes")
            return dict(_arrays(archive))
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise ValueError(str(error) or type(error).__name__) from None
    except (SyntaxError, RuntimeError, KeyError, TypeError, MemoryError) as error:
        raise ValueError(f"not an archive of NumPy arrays ({error})") from None


def _arrays(archive: zipfile.ZipFile) -> Iterator[tuple[str, NDArray[Any]]]:
    for entry in archive.infolist():
        with archive.open(entry) as file:
            version = np.lib.format.read_magic(file)
            read = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, _, kind = read(file)
            size = math.prod(shape) * kind.itemsize
            if kind.hasobject or size + file.tell() != entry.file_size:
                raise ValueError(f"{entry.filename}: not as long as its header says")
        with archive.open(entry) as file:
            yield (
                entry.filename.removesuffix(".npy"),
                np.asarray(np.lib.format.read_array(file, allow_pickle=False)),
            )


def read_toml(path: Path, name: str, hint: str) -> dict[str, Any]:
    """The content of a TOML file, which errors call `name`; `hint` says what was expected."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{name}: {(error.strerror or str(error)).lower()}", hint) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{name}: not TOML: {error}") from None
