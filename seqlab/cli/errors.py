"""What an error looks like on the terminal: one line that says what to do, and no traceback."""

from __future__ import annotations

import errno
import signal
from collections.abc import Sequence

from seqlab.cli.interruption import how_to_continue
from seqlab.cli.streams import say, visible
from seqlab.errors import NO_ROOM, UserError, out_of_memory

USAGE, FAILED, INTERRUPTED = 2, 1, 130  # 130: by Ctrl-C, 128 and its number

MORE_MEMORY = (
    "close other programs, or raise the limit on this one (ulimit -v); a comparison needs less "
    "with --workers 1 and fewer --params"
)


def explain(error: BaseException) -> int:
    """Print an error and return the exit status that fits it."""
    if type(error).__name__ == "NoArgsIsHelpError":  # no command given: that is no mistake to name
        say(str(error), error=True)
        return USAGE
    message, hint, status = _words(error)
    _show(message, hint)
    return status


def interrupted(arguments: Sequence[str], number: int) -> int:
    """Say how to continue a command after a signal, and return the exit status that fits it."""
    hint = how_to_continue(arguments)
    _show("interrupted; finished runs are kept" if hint else "interrupted", hint)
    return 128 + (number or signal.SIGINT)


def _show(message: str, hint: str) -> None:
    say(f"error: {_line(message)}", error=True)
    if hint:
        say(f"hint: {_line(hint)}", error=True)


def _line(text: str) -> str:
    return " ".join(visible(text).splitlines())


def _words(error: BaseException) -> tuple[str, str, int]:
    if isinstance(error, UserError):
        return error.message, error.hint, USAGE
    if hasattr(error, "format_message"):  # the command line's own: a wrong option or value
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "seqlab"
        return error.format_message(), f"{command} --help says what is accepted", USAGE
    if out_of_memory(error):
        return "out of memory", MORE_MEMORY, FAILED
    if isinstance(error, OSError) and (error.filename is not None or error.errno in NO_ROOM):
        return _files(error)
    text = str(error).partition("\n")[0]
    return (
        f"internal error: {type(error).__name__}: {text}",
        "this is a bug in seqlab; --debug shows where it happened",
        FAILED,
    )


def _files(error: OSError) -> tuple[str, str, int]:
    """What went wrong with a file or a folder."""
    name = f"{error.filename}: " if error.filename is not None else ""
    if error.errno in NO_ROOM:
        full = "the disk is full" if error.errno != errno.EFBIG else "a file may not be this large"
        hint = "make room and run the same command again: finished runs are kept"
        return f"{name}{full}", hint, FAILED
    reason = (error.strerror or str(error)).lower()
    return f"{name}{reason}", "check the path and its permissions", FAILED
