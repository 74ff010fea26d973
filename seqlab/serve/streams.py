"""Server-sent events: pieces as they are made, no longer than someone reads them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

from fastapi.responses import StreamingResponse

from seqlab.serve.counters import Counters
from seqlab.serve.refusals import RefusedError
from seqlab.serve.service import Service
from seqlab.serve.writing import Piece

PING_SECONDS = 15.0  # of silence, after which proxies may take a connection for dead
PING = ": ping\n\n"
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # proxies pass each event on

T = TypeVar("T")


class Pieces:
    """Pieces of a text, each made in the model's thread when the one before was taken."""

    def __init__(self, service: Service, made: Iterator[Piece], counters: Counters) -> None:
        self.service, self.made, self.counters = service, made, counters
        self._first: Piece | None = None

    async def begun(self) -> Pieces:
        """Itself, once the first piece is there: what is wrong with a prompt is a status yet."""
        self._first = await self._next()
        return self

    async def _next(self) -> Piece | None:
        piece = await self.service.call(lambda: next(self.made, None))
        if piece is not None:
            self.counters.written.inc()
        return piece

    async def __aiter__(self) -> AsyncIterator[Piece]:
        """All pieces, the first of which may be there already."""
        piece = self._first or await self._next()
        while piece is not None:
            yield piece
            piece = await self._next()


def event(told: Any) -> str:
    """One event with plain data."""
    return f"data: {json.dumps(told, ensure_ascii=False)}\n\n"


def as_events(events: AsyncIterator[str]) -> StreamingResponse:
    """A response of events; what goes wrong on the way is its last one."""
    return StreamingResponse(_told(events), media_type="text/event-stream", headers=HEADERS)


async def _told(events: AsyncIterator[str]) -> AsyncIterator[str]:
    pending = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            done, _ = await asyncio.wait({pending}, timeout=PING_SECONDS)
            if not done:
                yield PING
                continue
            told = pending.result()
            if told is None:
                return
            yield told
            pending = asyncio.ensure_future(anext(events, None))
    except RefusedError as refusal:
        yield event({"error": refusal.message, "error_type": refusal.kind})
    finally:  # also when the client has left: nothing is made for nobody
        pending.cancel()
