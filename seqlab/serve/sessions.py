"""Sessions: a model that streams remembers what a client has sent, and each reading is one step.

A session's answer after t readings is that of `POST /predict` for all t of them.
"""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, create_model
from torch import Tensor, nn

from seqlab.batch import Batch, Context
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.model.generation import COUNTED_POSITIONS
from seqlab.model.sequence_model import ModelState, SequenceModel
from seqlab.serve.forms import RowForm
from seqlab.serve.json_route import JsonRoute
from seqlab.serve.limits import Limits
from seqlab.serve.predicting import REFUSALS, as_json
from seqlab.serve.refusals import RefusedError, overloaded
from seqlab.serve.rows import SeriesForm
from seqlab.serve.service import Service
from seqlab.tasks.inputs.series import Series
from seqlab.workbench.generating import Writer

LIKELY = 5  # next tokens that are told
NOTHING_ELSE = Examples({}, pd.DataFrame())  # classes and numbers are told by predictions alone


class Session(ABC):
    """What one client has sent so far, as a state. position: how many readings, or tokens."""

    position: int = 0

    @abstractmethod
    def read(self, asked: Any) -> list[Any]:
        """Go on with what is sent, and answer; in the model's thread."""


class Running:
    """Pooling of positions that come one after the other: (T, D), and after each (T, D)."""

    def __init__(self, kind: str) -> None:
        if kind not in ("last", "mean", "max"):
            raise UserError(f"pooling = {kind} waits for the end; last, mean and max do not")
        self.kind = kind

    def pool(self, x: Tensor, count: int, before: Tensor | None) -> tuple[Tensor, Tensor]:
        """What each prefix pools to, and what to go on from after `count` and these positions."""
        if self.kind == "last":
            return x, x[-1]
        first = x if before is None else torch.cat((before[None], x))
        if self.kind == "max":
            pooled = first.cummax(dim=0).values[-len(x) :]
            return pooled, pooled[-1]
        sums = first.cumsum(dim=0)[-len(x) :]
        places = torch.arange(count + 1, count + len(x) + 1, device=x.device)
        return sums / places[:, None], sums[-1]


class Given(nn.Module):
    """In the place of a model whose outputs are there already."""

    def __init__(self, outputs: Tensor) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, inputs: Tensor, context: Context) -> Tensor:
        """The outputs."""
        return self.outputs


class SeriesSession(Session):
    """Readings of a sensor; an answer after each."""

    def __init__(self, form: RowForm, reader: Series, model: SequenceModel) -> None:
        assert model.pooling is not None
        self.form, self.reader, self.model = form, reader, model
        self.running = Running(model.pooling.kind)
        self.state: ModelState = model.initial_state(1)
        self.pooled: Tensor | None = None

    def read(self, asked: Any) -> list[Any]:
        """An answer after each of the readings."""
        assert isinstance(self.form.rows, SeriesForm)
        values = self.form.rows.steps(asked)
        if np.isnan(values).any() and self.reader.scaling.missing == "interpolate":
            raise UserError("a missing value: it is filled in by what follows, which is not known")
        steps = self.reader.scaling.standard(values)[None]  # (1, T, channels)
        device = next(self.model.parameters()).device
        with torch.inference_mode():
            x, state = self.model.stream_hidden(torch.from_numpy(steps).to(device), self.state)
            pooled, after = self.running.pool(x[0], self.position, self.pooled)
            outputs = self.model.head(pooled)
            batch = Batch(torch.zeros(len(outputs), 1), None, Context(None))
            predictions = self.form.task.predict(Given(outputs), batch)
        self.state, self.pooled = state, after  # only now: what failed leaves all as it was
        self.position += len(outputs)
        return self.form.answers.of(predictions, NOTHING_ELSE, [asked] * len(outputs))


class TextSession(Session):
    """A text that grows; what may come next."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.reader = writer, writer.reader()

    def read(self, asked: Any) -> list[Any]:
        """The most probable next tokens."""
        ids = self.writer.ids(asked.text)
        if self.position and self.writer.task.settings.ends:
            ids = ids[1:]  # the beginning of a document was read already
        if not ids:
            raise UserError("no text to go on with")
        scores = self.reader.read(ids)
        self.position += len(ids)
        vocabulary = self.writer.task.vocabulary
        best = np.argsort(-scores, kind="stable")[:LIKELY]
        likely = [
            {"text": vocabulary.decode([int(i)]), "probability": float(np.exp(scores[i]))}
            for i in best
        ]
        return [{"next": likely}]


class Text(BaseModel):
    """Text that goes on from what the session has read."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1)


class Sessions:
    """All that are open, the one that was used least recently first."""

    def __init__(self, limits: Limits, begin: Callable[[], Session]) -> None:
        self.limits, self.begin = limits, begin
        self._open: OrderedDict[str, tuple[float, Session]] = OrderedDict()

    def add(self, session: Session) -> str:
        """Keep a new one; its name cannot be guessed."""
        self._expire()
        if len(self._open) >= self.limits.sessions:
            oldest, _ = next(iter(self._open.values()))
            left = oldest + self.limits.session_seconds - time.monotonic()
            raise overloaded(f"{len(self._open)} sessions are open", left)
        name = secrets.token_urlsafe(16)
        self._open[name] = (time.monotonic(), session)
        return name

    def get(self, name: str) -> Session:
        """One that is open; it stays so from now on for as long as a new one."""
        self._expire()
        if name not in self._open:
            raise RefusedError(404, "no such session: it may have expired")
        session = self._open.pop(name)[1]
        self._open[name] = (time.monotonic(), session)
        return session

    def close(self, name: str) -> None:
        """Forget one."""
        self.get(name)
        del self._open[name]

    def _expire(self) -> None:
        past = time.monotonic() - self.limits.session_seconds
        while self._open and next(iter(self._open.values()))[0] < past:
            self._open.popitem(last=False)


def session_maker(
    service: Service, writer: Writer | None
) -> tuple[type[BaseModel], Callable[[], Session]]:
    """What a session is sent, and how one begins; a UserError says why there can be none."""
    model, form = service.predictor.contestant, service.form
    if writer is not None:
        TextSession(writer)
        return Text, lambda: TextSession(writer)
    if not isinstance(form, RowForm) or not isinstance(form.task.reader, Series):
        raise UserError(f"sessions are for series and texts, not for the task {service.task.name}")
    if not isinstance(model, SequenceModel):
        raise UserError(f"{service.name} reads whole series")
    reader, scaling = form.task.reader, form.task.reader.scaling
    if reader.cutting is not None or scaling.patch > 1 or scaling.average > 1:
        raise UserError("the model reads several steps at once: --set options.patch=1")
    if scaling.scale == "each":
        raise UserError("each series is scaled by its own mean, which is known at its end")
    model.eval()
    SeriesSession(form, reader, model)
    return form.row, lambda: SeriesSession(form, reader, model)


def sessions(service: Service, writer: Writer | None) -> APIRouter:
    """The routes; where a model cannot have sessions they say why."""
    router = APIRouter(route_class=JsonRoute, tags=["sessions"])
    try:
        sent, begin = session_maker(service, writer)
    except UserError as error:
        reason = error.message

        @router.post("/sessions", responses=REFUSALS)
        async def refuse() -> Response:
            """No sessions with this model."""
            raise RefusedError(422, reason)

        return router
    kept = Sessions(service.limits, begin)
    most = _most_positions(service)

    @router.post("/sessions", status_code=201, responses=REFUSALS)
    async def open_session() -> JSONResponse:
        """Begin with nothing read."""
        name = kept.add(await service.call(begin))
        told = {"session": name, "expires_in": service.limits.session_seconds}
        return JSONResponse(told, 201)

    answer: Any = service.form.answer if writer is None else dict[str, Any]
    told = create_model("SessionResponse", answers=(list[answer], ...), position=(int, ...))

    async def go_on(name: str, asked: Any) -> JSONResponse:
        """An answer after each reading, or what may come next in a text."""
        session = kept.get(name)
        count = len(asked.text) if writer is not None else service.form.length(asked)
        if session.position + count > most:
            raise RefusedError(422, f"a session reads at most {most:,} positions: begin another")
        answers = await service.call(partial(session.read, asked))
        return as_json({"answers": answers, "position": session.position})

    go_on.__annotations__ = {"name": str, "asked": sent}
    router.post("/sessions/{name}", response_model=told, responses=REFUSALS)(go_on)

    @router.delete("/sessions/{name}", status_code=204, responses=REFUSALS)
    async def close(name: str) -> Response:
        """Forget what was read."""
        kept.close(name)
        return Response(status_code=204)

    return router


def _most_positions(service: Service) -> int:
    """How much a session may read: as much as a row, and no further than positions are known."""
    model, most = service.predictor.contestant, service.limits.positions
    counted = isinstance(model, SequenceModel) and model.spec.positions in COUNTED_POSITIONS
    return min(most, model.spec.max_length) if counted else most
