"""A text file opened to be read bit by bit, plain or compressed, with errors a user can act on."""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from seqlab.data.bounds import require_regular
from seqlab.data.formats import OPENERS, require_encoding
from seqlab.errors import UserError


@contextmanager
def opened(
    path: Path, encoding: str | None, newline: str | None = None
) -> Iterator[io.TextIOWrapper]:
    """A file as text; `newline` as for `open`. Damage is named wherever in the file it is."""
    require_regular(path)
    if encoding is not None:
        require_encoding(encoding)
    opener, codec = OPENERS.get(path.suffix.lower(), open), encoding or "utf-8-sig"
    try:
        with cast(IO[bytes], opener(path, "rb")) as raw:
            marked = raw.read(2) in (b"\xff\xfe", b"\xfe\xff")
            raw.seek(0)
            codec = encoding or ("utf-16" if marked else codec)
            yield io.TextIOWrapper(raw, encoding=codec, newline=newline)
    except UnicodeDecodeError as error:
        name, byte = codec.removesuffix("-sig").upper(), error.object[error.start]
        raise UserError(
            f'"{path}" is not {name} (byte 0x{byte:02x})',
            "if the file is Latin-1 (Western European), add --encoding latin-1",
        ) from error
    except (EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        raise UserError(
            f'"{path}" cannot be read to its end: {error}',
            "the file seems truncated or damaged: copy or download it again",
        ) from error
