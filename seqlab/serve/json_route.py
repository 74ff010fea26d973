"""Bodies of JSON, read as what strangers send: bounded in depth, finite, each name once."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from seqlab.outside import parse_json
from seqlab.serve.refusals import RefusedError

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class JsonRequest(Request):
    """A request whose JSON is bounded."""

    async def json(self) -> Any:
        """The body's value; a RefusedError says what is wrong with it."""
        body = await self.body()
        try:
            value = parse_json(body)
            if rb"\u" in body:  # half of a pair of escapes is no character: no tokenizer reads it
                json.dumps(value, ensure_ascii=False).encode()
            return value
        except UnicodeEncodeError:
            self.scope["malformed"] = RefusedError(422, "the body: half of a surrogate pair")
            raise
        except ValueError as error:
            self.scope["malformed"] = RefusedError(422, f"the body: {error}")
            raise


class JsonRoute(APIRoute):
    """A route whose body is JSON and says so."""

    def get_route_handler(self) -> Handler:
        """As FastAPI's, for such requests."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            if self.body_field is not None:
                check_type(request, "application/json")
            try:
                return await handle(JsonRequest(request.scope, request.receive))
            except Exception:
                if "malformed" in request.scope:
                    raise request.scope["malformed"] from None
                raise

        return handler


def check_type(request: Request, accepted: str) -> None:
    """Refuse a body of another media type."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != accepted:
        raise RefusedError(415, f"Content-Type: {given or 'none'}; accepted: {accepted}")
