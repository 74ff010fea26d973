"""What an error looks like on the terminal: one line that says what to do, and no traceback."""

from __future__ import annotations

import errno
import sys

from seqlab.errors import UserError

USAGE, FAILED, INTERRUPTED = 2, 1, 130


def explain(error: BaseException) -> int:
    """Print an error and return the exit status that fits it."""
    message, hint, status = _words(error)
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return status


def _words(error: BaseException) -> tuple[str, str, int]:
    if isinstance(error, UserError):
        return error.message, error.hint, USAGE
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        return (
            "interrupted; finished runs are kept",
            "the same command continues where it was",
            INTERRUPTED,
        )
    if hasattr(error, "format_message"):  # the command line's own: a wrong option or value
        return error.format_message().replace("\n", " "), "seqlab --help lists commands", USAGE
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        where = f" ({error.filename})" if error.filename else ""
        return f"the disk is full{where}", "make room; the same command continues", FAILED
    if isinstance(error, MemoryError):
        return "out of memory", "use fewer --params or --workers 1", FAILED
    text = str(error).partition("\n")[0]
    return (
        f"internal error: {type(error).__name__}: {text}",
        "this is a bug in seqlab; --debug shows where it happened",
        FAILED,
    )
