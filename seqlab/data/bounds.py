"""What a file may cost before any of it is believed: regular files alone, of a bounded size.

A compressed file of a few megabytes can stand for more than any memory holds, and a pipe or a
device for a file never ends.
"""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import IO

from seqlab.errors import UserError

BOUND_VARIABLE = "SEQLAB_MAX_BYTES"  # of the environment: another bound for one file
FREE_UNPACKED_BYTES = 10**9  # to which a file may unpack however small it is
MOST_UNPACKING_RATIO = 100  # times its own size beyond that; text is packed three to twenty times
LARGEST_UNPACKED_BYTES = 16 * 10**9
_CHUNK_BYTES = 2**22


def require_regular(path: Path) -> None:
    """An error for what is no regular file: to read a pipe, socket or device may never end."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UserError(f'"{path}" cannot be read: {error.strerror}') from error
    if stat.S_ISREG(mode):
        return
    kinds = {
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFDIR: "a folder",
    }
    raise UserError(
        f'"{path}" is {kinds.get(stat.S_IFMT(mode), "special")}, not a file',
        "write its content to a file and name that",
    )


def largest() -> int | None:
    """The bound in bytes that the user chose for one file, if any."""
    written = os.environ.get(BOUND_VARIABLE, "").strip()
    if not written:
        return None
    try:
        bound = int(float(written))
    except (ValueError, OverflowError):
        bound = 0
    if bound <= 0:
        raise UserError(
            f'{BOUND_VARIABLE}: "{written}" is not a number of bytes',
            "expected such as 20e9 for 20 GB",
        )
    return bound


def unpacked_bound(packed: int) -> int:
    """The bytes to which a file of `packed` bytes may unpack."""
    return largest() or min(
        LARGEST_UNPACKED_BYTES, max(FREE_UNPACKED_BYTES, MOST_UNPACKING_RATIO * packed)
    )


def require_size(size: int, origin: str, bound: int | None = None, unpacked: bool = False) -> None:
    """An error for content of more bytes than the bound."""
    bound = bound or largest() or LARGEST_UNPACKED_BYTES
    if size > bound:
        does = "unpacks to" if unpacked else "has"
        raise UserError(
            f'"{origin}" {does} more than {bound:,} bytes and was not read',
            f"if that is right, raise the bound: {BOUND_VARIABLE}={2 * bound:.0e} seqlab …",
        )


def read_within(stream: IO[bytes], origin: str, packed: int) -> bytes:
    """What a stream unpacks to, given up as soon as it passes the bound."""
    bound, content = unpacked_bound(packed), io.BytesIO()
    while chunk := stream.read(_CHUNK_BYTES):
        content.write(chunk)
        require_size(content.tell(), origin, bound, unpacked=True)
    return content.getvalue()
