"""The one error a user can cause: where, what was given, what is accepted, what to do."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # disk full, or a limit on what one may write

# How libraries say that memory is at its end, where they do not raise MemoryError.
_NO_MEMORY = (
    *("out of memory", "allocate memory", "bad_alloc", "std::bad_array_new_length"),
    *(
        "failed to map segment",
        "can't start new thread",
        "failed to launch worker thread",
        "alloc_cpu",
        "error return without exception set",
    ),
)


class UserError(Exception):
    """Something the user can put right.

    `message` is one line that names the file, column or option and says what was expected;
    `hint`, if there is one, is a second line that says what to do.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is no memory left, however it says it."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    said = str(error).lower()
    library = isinstance(error, RuntimeError | ImportError | OSError | SystemError)
    # Arrow's own error is a bare Exception, and is not worth importing Arrow for.
    library |= type(error).__module__.startswith("pyarrow.")
    return library and any(words in said for words in _NO_MEMORY)


def unknown(what: str, given: str, accepted: Iterable[str]) -> UserError:
    """The error for a name that is not known, with the nearest known name as a suggestion."""
    names = list(accepted)
    near = difflib.get_close_matches(given, names, n=1, cutoff=0.5)
    suggestion = f'; did you mean "{near[0]}"?' if near else ""
    return UserError(f'unknown {what} "{given}"{suggestion}', f"accepted: {', '.join(names)}")
