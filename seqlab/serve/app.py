"""The application: one service, its routes, and what stands before them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from seqlab import __version__
from seqlab.serve.completions import completions
from seqlab.serve.counters import Counters
from seqlab.serve.examples import example_for
from seqlab.serve.guard import Guard, Lag
from seqlab.serve.inference import inference
from seqlab.serve.limits import Limits
from seqlab.serve.page import page
from seqlab.serve.predicting import predicting
from seqlab.serve.refusals import RefusedError, first_mistake
from seqlab.serve.service import Service
from seqlab.serve.sessions import sessions
from seqlab.serve.streaming import streaming
from seqlab.serve.uploads import uploads
from seqlab.serve.watching import watching
from seqlab.tasks.language import Language
from seqlab.workbench.generating import Writer
from seqlab.workbench.predictor import Predictor


def application(
    predictor: Predictor,
    limits: Limits | None = None,
    *,
    key: str | None = None,
    threads: int = 1,
    folder: Path | None = None,
) -> FastAPI:
    """A server of one contestant; of the study around its folder it shows a row as an example."""
    limits, counters = limits or Limits(), Counters()
    service = Service(predictor, limits, counters, threads)
    lag = Lag(lambda: service.worker.waiting)
    example = example_for(service.form, service.task, folder)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        watching_lag = asyncio.create_task(lag.watch())
        service.worker.start()
        if example is not None:  # what is compiled or loaded by the first request is paid for here
            with suppress(RefusedError):
                await service.answer([service.form.row.model_validate(example)])
        app.state.ready = True
        yield
        watching_lag.cancel()
        app.state.ready = False
        service.worker.close()

    app = FastAPI(
        title=f"{service.name}: {service.task.name}",
        version=__version__,
        lifespan=lifespan,
        # The usual page of documents loads scripts from elsewhere; ours at / does not.
        docs_url=None,
        redoc_url=None,
    )
    app.state.ready, app.state.service = False, service
    for router in _routers(service, counters, example):
        app.include_router(router)
    app.add_middleware(Guard, limits=limits, counters=counters, key=key, behind=lag.behind)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(RequestValidationError, _mistaken)
    app.add_exception_handler(HTTPException, _unknown)
    app.add_exception_handler(Exception, _failed)
    return app


def _routers(
    service: Service, counters: Counters, example: dict[str, Any] | None
) -> Iterator[APIRouter]:
    yield watching(service, counters)
    yield predicting(service, example)
    yield uploads(service)
    yield inference(service)
    writer = Writer(service.predictor) if isinstance(service.task, Language) else None
    stream = streaming(service, writer, counters)
    if stream is not None:
        yield stream
    yield sessions(service, writer)
    yield page(service, example, stream is not None)
    if writer is not None:
        yield completions(service, writer, counters)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return error.response(request.url.path)


async def _mistaken(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return RefusedError(422, first_mistake(error.errors())).response(request.url.path)


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refusal = RefusedError(error.status_code, str(error.detail), error.headers)
    return refusal.response(request.url.path)


async def _failed(request: Request, error: Exception) -> Response:
    said = f"internal error: {type(error).__name__}; the log of the server has more"
    return RefusedError(500, said).response(request.url.path)
