"""POST /predict: rows in, an answer for each out, as the task types them."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, create_model

from seqlab.serve.json_route import JsonRoute
from seqlab.serve.refusals import RefusedError
from seqlab.serve.rows import Row
from seqlab.serve.service import Service


class Problem(BaseModel):
    """Why there is no answer, in one line."""

    error: str
    error_type: str


REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        401: "the API key is missing or wrong",
        408: "the request arrived too slowly",
        413: "too large a body, or too many rows",
        415: "not application/json",
        422: "a row that cannot be read",
        429: "too many requests of one client; see Retry-After",
        503: "too many requests wait; see Retry-After",
        504: "no answer within the deadline",
    }.items()
}


def predicting(service: Service, example: dict[str, Any] | None) -> APIRouter:
    """The route of the task."""
    router = APIRouter(route_class=JsonRoute, tags=["predicting"])
    row: Any = service.form.row
    shown = [] if example is None else [[example]]
    asked = create_model(
        "PredictRequest",
        __base__=Row,
        rows=(list[row], Field(min_length=1, examples=shown or None)),
    )
    answer: Any = service.form.answer
    answered = create_model(
        "PredictResponse", model=(str, ...), answers=(list[answer], ...), milliseconds=(float, ...)
    )

    async def predict(asked: Any) -> JSONResponse:
        """An answer for each row, in order."""
        started = time.perf_counter()
        answers = await service.answer(asked.rows)
        milliseconds = round((time.perf_counter() - started) * 1e3, 3)
        told = {"model": service.name, "answers": answers, "milliseconds": milliseconds}
        return as_json(told)

    predict.__annotations__ = {"asked": asked}
    router.post("/predict", response_model=answered, responses=REFUSALS)(predict)
    return router


def as_json(told: Any) -> JSONResponse:
    """Plain data as JSON, which has no way to say infinity."""
    try:
        return JSONResponse(told)
    except ValueError:
        raise RefusedError(500, "the model answered with what is not a finite number") from None
