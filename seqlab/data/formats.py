"""Bytes on disk to text or bytes in memory: compression, encoding, and which format a name means.

Nothing is guessed about the encoding: a file that is not UTF-8 is an error that names the line,
because a wrong guess would train every model on garbled words without a sound.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

from seqlab.data.bounds import read_within, require_regular, require_size
from seqlab.errors import UserError

OPENERS: dict[str, Callable[..., Any]] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}
COMPRESSIONS = (*OPENERS, ".zip")
DELIMITED = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
RECORDS = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet", ".pq")
PLAIN = (".txt", ".text")
ACCEPTED = "CSV, TSV, JSONL, JSON, Parquet or text, plain or compressed with xz, gz, bz2 or zip"
# Formats that must never be taken for lines of text, with what to do about each.
REFUSED = {
    ".xlsx": "save the sheet as CSV",
    ".xls": "save the sheet as CSV",
    ".ods": "save the sheet as CSV",
    ".pdf": "extract its text into a CSV",
    ".doc": "save it as text",
    ".docx": "save it as text",
    ".pkl": "load it yourself and pass the frame to seqlab in Python",
    ".pickle": "load it yourself and pass the frame to seqlab in Python",
    ".npy": "load it yourself and pass a frame to seqlab in Python",
    ".npz": "load it yourself and pass a frame to seqlab in Python",
    ".h5": "load it yourself and pass a frame to seqlab in Python",
    ".feather": "load it yourself and pass the frame to seqlab in Python",
    ".tar": "unpack it first",
    ".tgz": "unpack it first",
    ".7z": "unpack it first",
    ".rar": "unpack it first",
    ".html": "export the data as CSV",
    ".xml": "export the data as CSV",
}
# What the decompressors raise for damaged files, members of unknown methods included.
_BROKEN = (
    lzma.LZMAError,
    EOFError,
    zlib.error,
    zipfile.BadZipFile,
    OSError,
    RuntimeError,
    ValueError,
    KeyError,
    IndexError,
    struct.error,
)


def as_path(source: str | Path) -> Path:
    """A path as the user means it: `~` is the home folder, unless a file is called so."""
    path = Path(source)
    try:
        return path if path.exists() else path.expanduser()
    except (RuntimeError, ValueError, OSError):  # no such user, or no name that a file can have
        return path


def printable(path: Path) -> str:
    """A path in characters that can be written, whatever bytes it is made of."""
    return os.fsencode(path).decode(errors="replace")


def stem(name: str) -> str:
    """A file's name without its compression: `reviews.csv.xz` is `reviews.csv`."""
    path = PurePath(name)
    return path.stem if path.suffix.lower() in COMPRESSIONS else path.name


def suffix(name: str) -> str:
    """The ending that tells the format, in lower case: `.csv` for `reviews.csv.xz`."""
    return PurePath(stem(name)).suffix.lower()


def is_documentation(name: str) -> bool:
    """Whether a file's name says that it describes data rather than holds it."""
    first = PurePath(name).name.lower()
    words = ("readme", "license", "licence", "copying", "changelog", "manifest", "dataset_info")
    return first.startswith((".", "_", *words))


def is_binary(name: str, content: bytes) -> bool:
    """Whether a file whose name tells no format does not hold text either."""
    known = suffix(name) in (*DELIMITED, *RECORDS, *PARQUET, *PLAIN)
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # UTF-16 is text with many zeros
    return not known and not marked and b"\0" in content[:8192]


def read_bytes(path: Path) -> tuple[str, bytes]:
    """The name and content of a file, decompressed; a zip archive must hold one file of data."""
    raw = raw_bytes(path)
    if not raw:
        raise _empty(str(path))
    try:
        name, content = _decompress(path, raw)
    except _BROKEN as error:
        reason = str(error) or type(error).__name__
        raise UserError(
            f'"{path}" cannot be decompressed: {reason}',
            "the file seems truncated or damaged: copy or download it again",
        ) from error
    if not content.strip():
        raise _empty(str(path))
    return name, content


def raw_bytes(path: Path) -> bytes:
    """A file as it is on disk; an error for what is no file, cannot be read or is too large."""
    require_regular(path)
    try:
        require_size(path.stat().st_size, str(path))
        return path.read_bytes()
    except OSError as error:
        raise UserError(f'"{path}" cannot be read: {error.strerror}') from error


def _empty(origin: str) -> UserError:
    return UserError(f'"{origin}" is empty', "expected at least one row of data")


def _decompress(path: Path, raw: bytes) -> tuple[str, bytes]:
    ending = path.suffix.lower()
    if ending == ".zip":
        return _only_member(path, raw)
    if ending not in OPENERS:
        return path.name, raw
    with OPENERS[ending](io.BytesIO(raw)) as stream:
        return path.stem, read_within(stream, str(path), len(raw))


def _only_member(path: Path, raw: bytes) -> tuple[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        files = [
            entry.filename
            for entry in archive.infolist()
            if not entry.is_dir()
            and not entry.filename.startswith("__MACOSX/")
            and not is_documentation(entry.filename)
        ]
        if len(files) != 1:
            held = ", ".join(files[:5]) + (", …" if len(files) > 5 else "") or "nothing"
            raise UserError(
                f'"{path}" must hold one file of data; it holds {held}',
                "unpack it and name the file or folder to read",
            )
        with archive.open(files[0]) as member:
            return files[0], read_within(member, str(path), len(raw))


def require_encoding(name: str) -> None:
    """An error for an encoding that Python does not know, or that decodes no text files."""
    try:
        b"a".decode(name)
    except UnicodeDecodeError:
        return  # half a character of UTF-16, say
    except (LookupError, ValueError) as error:
        raise UserError(
            f'--encoding: unknown encoding "{name}"',
            "accepted: any encoding Python knows, such as utf-8, latin-1, cp1252, utf-16",
        ) from error


def decode(content: bytes, origin: str, encoding: str | None = None) -> str:
    """Bytes to text with plain line ends; UTF-8 unless another encoding is given or marked."""
    if encoding is None:
        marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        codec = "utf-16" if marked else "utf-8-sig"
    else:
        require_encoding(encoding)
        codec = encoding
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        name = encoding or codec.removesuffix("-sig").upper()
        raise UserError(
            f'"{origin}" line {line} is not {name} (byte 0x{content[error.start]:02x})',
            "if the file is Latin-1 (Western European), add --encoding latin-1",
        ) from error
    except UnicodeError as error:  # of punycode and idna, which name no byte
        raise UserError(f'"{origin}" is not {encoding}', "name another with --encoding") from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UserError(
            f'"{origin}" line {line} holds a NUL character: is this a text file?',
            "expected " + ACCEPTED + "; for UTF-16 add --encoding utf-16",
        )
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.strip():
        raise _empty(origin)
    return text.replace("\r", " " if "\n" in text else "\n")
