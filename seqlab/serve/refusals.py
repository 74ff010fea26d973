"""Why a request gets no answer: a status and one line, never a traceback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

LONGEST_MESSAGE = 300  # characters: a message may quote what was sent


class RefusedError(Exception):
    """A status, and one line that says what was given and what is accepted."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, dict(headers or {})
        self.message = one_line(message)

    @property
    def kind(self) -> str:
        """The status in words, as programs read it: too_many_requests."""
        return HTTPStatus(self.status).name.lower()

    def response(self, path: str) -> JSONResponse:
        """As JSON; below /v1 in the form that clients of OpenAI's API read."""
        body: dict[str, Any] = {"error": self.message, "error_type": self.kind}
        if path.startswith("/v1/"):
            body = {"error": {"message": self.message, "type": self.kind, "code": self.status}}
        return JSONResponse(body, self.status, self.headers)


def overloaded(message: str, seconds: float) -> RefusedError:
    """503 with the time after which there is likely room again."""
    return RefusedError(503, message, {"Retry-After": str(max(1, round(seconds + 0.5)))})


def one_line(message: str) -> str:
    """A message without line breaks, and cut where it is long."""
    line = " ".join(message.split())
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"


def first_mistake(errors: Sequence[Mapping[str, Any]]) -> str:
    """Where pydantic's first error is, and what was expected there."""
    first = errors[0]
    place = [str(part) for part in first["loc"]]
    said = str(first["msg"]).removeprefix("Value error, ")
    return f"{'.'.join(place)}: {said[:1].lower()}{said[1:]}"
