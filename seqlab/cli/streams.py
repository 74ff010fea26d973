"""Standard streams: they take any character, and nothing printed there can steer a terminal."""

from __future__ import annotations

import codecs
import json
import os
import re
import select
import shlex
import shutil
import subprocess
import sys
import textwrap
from typing import Any

# All controls but newline and tab, marks that turn the direction of writing, separators that
# terminals take for line ends, and halves of characters, as names of files that are not UTF-8 have.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
# What we print ourselves, where the encoding of a stream lacks it: Windows pipes, Latin-1, ASCII.
_PLAIN = dict.fromkeys("–—−‐·", "-") | {
    **dict.fromkeys("“”", '"'),
    **dict(zip("→…×≥≤≈‖∂’", ("->", "...", "x", ">=", "<=", "~", "||", "d", "'"), strict=True)),
}
_FALLBACK = "seqlab.plain"


def visible(text: str) -> str:
    """Text from anywhere, with what would steer a terminal as escapes: \\x1b, \\u202e."""
    return _STEERING.sub(lambda found: _escape(found[0]), text)


def ready() -> None:
    """Open what was closed, and let no character be one that a stream cannot encode."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the lowest free descriptor is its own
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    codecs.register_error(_FALLBACK, _plainly)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_FALLBACK)


def say(text: str = "", *, error: bool = False) -> None:
    """Words to the user; a terminal gets them in lines that end between words."""
    stream = sys.stderr if error else sys.stdout
    text = visible(text)
    if stream.isatty():
        width = max(1, shutil.get_terminal_size().columns - 1)
        lines = (
            textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
            for line in text.split("\n")
        )
        text = "\n".join("\n".join(line) for line in lines)
    print(text, file=stream)


def write(text: str) -> None:
    """Data to standard output: unchanged, unless it is a terminal, which they must not steer."""
    sys.stdout.write(visible(text) if sys.stdout.isatty() else text)


def print_json(value: Any) -> None:
    """One strict JSON document; what is not a finite number is null."""
    from seqlab.runs import finite

    ascii_only = not codecs.lookup(sys.stdout.encoding or "utf-8").name.startswith("utf")
    text = json.dumps(
        finite(value), indent=1, ensure_ascii=ascii_only, allow_nan=False, default=str
    )
    print(_STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def reader_left() -> bool:
    """Whether whoever read standard output has closed it, as head does after its lines."""
    try:
        sys.stdout.flush()
        if not hasattr(select, "poll"):
            return True  # Windows: nobody can be asked
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (OSError, ValueError):
        return True


def silence() -> None:
    """Send to nowhere what is still printed, and what waits in the buffer of standard output."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def finish() -> None:
    """Empty the buffers of both streams; at the exit itself an error would be a traceback."""
    try:
        sys.stderr.flush()
        sys.stdout.flush()
    except OSError:
        silence()


def shell_line(*words: str | os.PathLike[str]) -> str:
    """A command to copy into a shell, whatever characters its files have."""
    given = [os.fspath(word) for word in words]
    return subprocess.list2cmdline(given) if os.name == "nt" else " ".join(map(_quoted, given))


def _quoted(word: str) -> str:
    """For POSIX shells; $'…' where the name of a file could not be printed otherwise."""
    if word.isprintable():
        return shlex.quote(word)
    # Byte by byte: neither controls nor bytes that are not UTF-8 have another spelling.
    plain = (
        chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}"
        for byte in os.fsencode(word)
    )
    return f"$'{''.join(plain)}'"


def _escape(character: str) -> str:
    code = ord(character)
    return {"\r": "\\r"}.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """The nearest plain characters for those that an encoding lacks, or their code."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    replaced = (_PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking)
    return "".join(replaced), error.end
