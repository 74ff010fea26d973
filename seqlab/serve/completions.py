"""Text in the way of OpenAI's API, so that its clients work: /v1/models and /v1/completions.

https://platform.openai.com/docs/api-reference/completions
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from seqlab.serve.counters import Counters
from seqlab.serve.json_route import JsonRoute
from seqlab.serve.refusals import RefusedError
from seqlab.serve.service import Service
from seqlab.serve.streams import Pieces, as_events, event
from seqlab.serve.writing import Piece, continued
from seqlab.workbench.generating import Writer

Text = Annotated[str, Field(min_length=1)]


class StreamOptions(BaseModel, extra="forbid"):
    """include_usage: that the last event counts tokens."""

    include_usage: bool = False


class CompletionRequest(BaseModel):
    """A prompt to go on from. What this server does not do is refused, not left out in silence."""

    model_config = ConfigDict(extra="forbid")

    model: str
    prompt: str | Annotated[list[str], Field(min_length=1)]
    max_tokens: int = Field(16, ge=1)
    temperature: float = Field(1.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    stop: Text | Annotated[list[Text], Field(max_length=4)] | None = None
    seed: int | None = Field(None, ge=0)
    logprobs: int | None = Field(None, ge=0, le=5)
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] = 1
    best_of: Literal[1] = 1
    echo: Literal[False] = False
    presence_penalty: Literal[0] = 0
    frequency_penalty: Literal[0] = 0
    user: str | None = None

    @property
    def prompts(self) -> list[str]:
        """All prompts, each of which gets a choice."""
        return [self.prompt] if isinstance(self.prompt, str) else self.prompt

    @property
    def stops(self) -> list[str]:
        """Texts that end a choice and are no part of it."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def sampling(self) -> dict[str, Any]:
        """As `Sampling` has it; a temperature of 0 is greedy."""
        seed = self.seed if self.seed is not None else uuid.uuid4().int % 2**32
        if self.temperature == 0:
            return {"top_k": 1, "seed": seed}
        return {"temperature": self.temperature, "top_p": self.top_p, "seed": seed}


@dataclass
class Choice:
    """A text that grows; what may yet become a stop is held back.

    tokens: that were made of it. reason: why it ended.
    """

    index: int
    stops: list[str]
    logprobs: bool
    tokens: int = 0
    reason: str | None = None
    text: str = ""  # all that was made, what is held back included
    told: int = 0  # characters of it that were given out
    scores: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, piece: Piece, most: int) -> str:
        """A piece more; returns the text that can be given out."""
        if self.logprobs:
            self._score(piece)
        self.tokens += 1
        self.text += piece.text
        ends = [at for stop in self.stops if (at := self.text.find(stop)) >= 0]
        if ends:
            self.text, self.reason = self.text[: min(ends)], "stop"
        elif piece.ends:
            self.reason = "stop"
        elif self.tokens >= most:
            self.reason = "length"
        held = 0 if self.reason else max(map(len, self.stops), default=1) - 1
        end = max(self.told, len(self.text) - held)
        given, self.told = self.text[self.told : end], end
        return given

    def _score(self, piece: Piece) -> None:
        likely = dict(reversed(piece.likely))  # of tokens that look alike, the likeliest
        for name, value in (
            ("tokens", piece.text),
            ("token_logprobs", piece.logprob),
            ("top_logprobs", likely),
            ("text_offset", len(self.text)),
        ):
            self.scores.setdefault(name, []).append(value)

    def plain(self, text: str, last: bool = True) -> dict[str, Any]:
        """As JSON has it; scores that were told are not told again."""
        scores, self.scores = self.scores, {}
        return {
            "text": text,
            "index": self.index,
            "logprobs": scores or None,
            "finish_reason": self.reason if last else None,
        }


def completions(service: Service, writer: Writer, counters: Counters) -> APIRouter:
    """The routes of a language model."""
    router = APIRouter(route_class=JsonRoute, tags=["OpenAI"])
    model = {"id": service.name, "object": "model", "created": 0, "owned_by": "seqlab"}

    @router.get("/v1/models")
    async def models() -> dict[str, Any]:
        """The one model that is served."""
        return {"object": "list", "data": [model]}

    @router.get("/v1/models/{name}")
    async def one_model(name: str) -> dict[str, Any]:
        """That model."""
        _check_name(name, service)
        return model

    @router.post("/v1/completions")
    async def complete(request: Request, asked: CompletionRequest) -> Response:
        """What follows on the prompt, whole or as events."""
        _check_name(asked.model, service)
        completion = Completion(service, writer, counters, asked)
        await completion.begin()
        if asked.stream:
            return as_events(completion.events())
        return JSONResponse(await completion.whole(request))

    return router


def _check_name(name: str, service: Service) -> None:
    if name != service.name:
        raise RefusedError(404, f'no model "{name}"; served here: "{service.name}"')


class Completion:
    """One request for text."""

    def __init__(
        self, service: Service, writer: Writer, counters: Counters, asked: CompletionRequest
    ) -> None:
        from seqlab.model.generation import Sampling

        limits = service.limits
        if asked.max_tokens > limits.tokens:
            said = f"max_tokens = {asked.max_tokens:,}; accepted: at most {limits.tokens:,}"
            raise RefusedError(422, said)
        if len(asked.prompts) > limits.rows:
            raise RefusedError(413, f"{len(asked.prompts):,} prompts; accepted: {limits.rows:,}")
        self.service, self.counters, self.asked = service, counters, asked
        self.writer, self.sampling = writer, Sampling.read(asked.sampling).checked()
        self.read = 0
        self._pieces: list[Pieces] = []
        self._head = {
            "id": f"cmpl-{uuid.uuid4().hex}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": service.name,
        }

    async def begin(self) -> None:
        """Read the prompts; a prompt that cannot be read is refused."""
        for prompt in self.asked.prompts:
            self.service.check_text(prompt)
            ids = await self.service.call(lambda p=prompt: self.writer.ids(p))  # type: ignore[misc]
            if len(ids) > self.service.limits.positions:
                most = self.service.limits.positions
                raise RefusedError(422, f"a prompt of {len(ids):,} tokens; accepted: {most:,}")
            self.read += len(ids)
            made = continued(
                self.writer, ids, self.asked.max_tokens, self.sampling, self.asked.logprobs or 0
            )
            self._pieces.append(Pieces(self.service, made, self.counters))
        await self._pieces[0].begun()

    def _choices(self) -> list[Choice]:
        wanted = self.asked.logprobs is not None
        return [Choice(n, self.asked.stops, wanted) for n in range(len(self._pieces))]

    def _usage(self, choices: list[Choice]) -> dict[str, int]:
        made = sum(choice.tokens for choice in choices)
        counts = {"prompt_tokens": self.read, "completion_tokens": made}
        return {**counts, "total_tokens": self.read + made}

    async def whole(self, request: Request) -> dict[str, Any]:
        """All choices at once; none for a client that has left."""
        choices = self._choices()
        for choice, pieces in zip(choices, self._pieces, strict=True):
            async for piece in pieces:
                choice.add(piece, self.asked.max_tokens)
                if choice.reason or await request.is_disconnected():
                    break
        told = [choice.plain(choice.text) for choice in choices]
        return {**self._head, "choices": told, "usage": self._usage(choices)}

    async def events(self) -> AsyncIterator[str]:
        """Choice after choice, each piece by piece."""
        choices = self._choices()
        for choice, pieces in zip(choices, self._pieces, strict=True):
            async for piece in pieces:
                text = choice.add(piece, self.asked.max_tokens)
                if text or choice.reason:
                    yield event({**self._head, "choices": [choice.plain(text)]})
                if choice.reason:
                    break
        if self.asked.stream_options and self.asked.stream_options.include_usage:
            yield event({**self._head, "choices": [], "usage": self._usage(choices)})
        yield "data: [DONE]\n\n"
