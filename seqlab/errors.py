"""The one error a user can cause: where, what was given, what is accepted, what to do."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # disk full, or a limit on what one may write


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


def unknown(what: str, given: str, accepted: Iterable[str]) -> UserError:
    """The error for a name that is not known, with the nearest known name as a suggestion."""
    names = list(accepted)
    near = difflib.get_close_matches(given, names, n=1, cutoff=0.5)
    suggestion = f'; did you mean "{near[0]}"?' if near else ""
    return UserError(f'unknown {what} "{given}"{suggestion}', f"accepted: {', '.join(names)}")
