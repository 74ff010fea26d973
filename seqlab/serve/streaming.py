"""POST /stream: a text as events while it is written, of whatever task writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from seqlab.model.base import Model
from seqlab.serve.counters import Counters
from seqlab.serve.json_route import JsonRoute
from seqlab.serve.refusals import RefusedError
from seqlab.serve.service import Service
from seqlab.serve.streams import Pieces, as_events, event
from seqlab.serve.writing import Piece, continued, translated
from seqlab.tasks.translate import Translate
from seqlab.workbench.generating import Writer


class Prompt(BaseModel):
    """A text to go on from, and how the next tokens are drawn."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(examples=["the "])
    max_tokens: int = Field(100, ge=1)
    temperature: float = Field(0.8, gt=0, le=10)
    top_k: int | None = Field(None, ge=1)
    top_p: float | None = Field(None, gt=0, le=1)
    repetition_penalty: float = Field(1.0, gt=0)
    seed: int = Field(0, ge=0)


class Source(BaseModel):
    """A text to translate."""

    model_config = ConfigDict(extra="forbid")

    src: str = Field(min_length=1, examples=["a line of text"])


def streaming(service: Service, writer: Writer | None, counters: Counters) -> APIRouter | None:
    """The route; None for a contestant that does not write piece by piece."""
    task, model = service.task, service.predictor.contestant
    if writer is not None:
        return _route(service, counters, Prompt, lambda asked: _continued(service, writer, asked))
    if isinstance(task, Translate) and isinstance(model, Model):
        return _route(service, counters, Source, lambda asked: translated(task, model, asked.src))
    return None


def _continued(service: Service, writer: Writer, asked: Prompt) -> Iterator[Piece]:
    from seqlab.model.generation import Sampling

    if asked.max_tokens > service.limits.tokens:
        most = service.limits.tokens
        raise RefusedError(422, f"max_tokens = {asked.max_tokens:,}; accepted: at most {most:,}")
    chosen = asked.model_dump(exclude={"text", "max_tokens"})
    ids = writer.ids(asked.text or None)
    return continued(writer, ids, asked.max_tokens, Sampling.read(chosen).checked())


def _route(
    service: Service,
    counters: Counters,
    asked: type[BaseModel],
    write: Callable[[Any], Iterator[Piece]],
) -> APIRouter:
    router = APIRouter(route_class=JsonRoute, tags=["predicting"])

    async def stream(asked: Any) -> Response:
        """Events with a piece of text each; the last says that it is done."""
        text = asked.src if isinstance(asked, Source) else asked.text
        service.check_text(text)
        made = await service.call(lambda: write(asked))
        return as_events(_events(await Pieces(service, made, counters).begun()))

    stream.__annotations__ = {"asked": asked, "return": Response}
    events = {200: {"content": {"text/event-stream": {}}, "description": "events"}}
    router.post("/stream", response_class=Response, responses=events)(stream)  # type: ignore[arg-type]
    return router


async def _events(pieces: Pieces) -> AsyncIterator[str]:
    async for piece in pieces:
        if piece.text:
            yield event({"text": piece.text})
    yield event({"done": True})
