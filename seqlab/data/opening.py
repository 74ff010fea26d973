"""A text file opened to be read bit by bit, plain or compressed, with errors a user can act on."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from seqlab.errors import UserError

OPENERS: dict[str, Callable[..., Any]] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}


@contextmanager
def opened(
    path: Path, encoding: str | None, newline: str | None = None
) -> Iterator[io.TextIOWrapper]:
    """A file as text; `newline` as for `open`. Damage is named wherever in the file it is."""
    opener, codec = OPENERS.get(path.suffix.lower(), open), encoding or "utf-8-sig"
    try:
        with cast(IO[bytes], opener(path, "rb")) as raw:
            marked = raw.read(2) in (b"\xff\xfe", b"\xfe\xff")
            raw.seek(0)
            codec = encoding or ("utf-16" if marked else codec)
            yield io.TextIOWrapper(raw, encoding=codec, newline=newline)
    except LookupError:
        raise UserError(
            f'--encoding: unknown encoding "{encoding}"',
            "accepted: any encoding Python knows, such as utf-8, latin-1, cp1252, utf-16",
        ) from None
    except UnicodeDecodeError as error:
        name, byte = codec.removesuffix("-sig").upper(), error.object[error.start]
        raise UserError(
            f'"{path}" is not {name} (byte 0x{byte:02x})',
            "if the file is Latin-1 (Western European), add --encoding latin-1",
        ) from error
    except (EOFError, OSError, lzma.LZMAError) as error:
        raise UserError(
            f'"{path}" cannot be read to its end: {error}',
            "the file seems truncated or damaged: copy or download it again",
        ) from error
