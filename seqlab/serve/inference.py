"""The Open Inference Protocol, v2, as Triton, KServe and others speak it.

https://github.com/kserve/open-inference-protocol – a row's fields are tensors with a row each:
texts as BYTES, series and images as numbers. What an answer nests comes as JSON in BYTES.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError

from seqlab import __version__
from seqlab.outside import parse_json
from seqlab.serve.predicting import REFUSALS, as_json
from seqlab.serve.refusals import RefusedError, first_mistake
from seqlab.serve.service import Service

KINDS = {
    "BOOL": "?",
    **{f"UINT{8 * n}": f"<u{n}" for n in (1, 2, 4, 8)},
    **{f"INT{8 * n}": f"<i{n}" for n in (1, 2, 4, 8)},
    "FP32": "<f4",
    "FP64": "<f8",
}
HEADER = "inference-header-content-length"  # bytes of JSON, before tensors in binary


class Tensor(BaseModel):
    """An input: its data in JSON, or behind it in binary."""

    name: str
    shape: list[int] = Field(min_length=1, max_length=4)
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, Any] = {}


class Asked(BaseModel):
    """What is to be inferred."""

    id: str | None = None
    inputs: list[Tensor] = Field(min_length=1)
    outputs: list[Any] = []
    parameters: dict[str, Any] = {}


def inference(service: Service) -> APIRouter:
    """The routes below /v2."""
    router = APIRouter(tags=["Open Inference Protocol"])

    @router.get("/v2")
    async def server() -> dict[str, Any]:
        """What this server is."""
        return {"name": "seqlab", "version": __version__, "extensions": ["binary_tensor_data"]}

    @router.get("/v2/health/live")
    async def live() -> dict[str, bool]:
        """That the process answers."""
        return {"live": True}

    @router.get("/v2/health/ready")
    async def ready(request: Request) -> JSONResponse:
        """Whether requests are taken."""
        is_ready = bool(request.app.state.ready)
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)

    @router.get("/v2/models/{name}")
    async def model(name: str) -> dict[str, Any]:
        """The model's inputs and outputs."""
        _check_name(name, service)
        inputs, outputs = (
            [{"name": field, "datatype": "BYTES", "shape": [-1]} for field in kind.model_fields]
            for kind in (service.form.row, service.form.answer)
        )
        return {
            "name": service.name,
            "versions": ["1"],
            "platform": "seqlab",
            "inputs": inputs,
            "outputs": outputs,
        }

    @router.get("/v2/models/{name}/ready")
    async def model_ready(name: str, request: Request) -> JSONResponse:
        """Whether the model takes requests."""
        _check_name(name, service)
        return await ready(request)

    @router.post("/v2/models/{name}/infer", responses=REFUSALS)
    async def infer(name: str, request: Request) -> JSONResponse:
        """An answer for each row of the tensors."""
        _check_name(name, service)
        asked, binary = _parts(await request.body(), request.headers.get(HEADER))
        rows = rows_of(asked, binary)
        try:
            read = [service.form.row.model_validate(row) for row in rows]
        except ValidationError as error:
            raise RefusedError(422, first_mistake(error.errors())) from None
        told: dict[str, Any] = {"model_name": service.name, "model_version": "1"}
        told |= {"outputs": outputs_of(await service.answer(read))}
        return as_json({"id": asked.id, **told} if asked.id else told)

    return router


def _check_name(name: str, service: Service) -> None:
    if name != service.name:
        raise RefusedError(404, f'no model "{name}"; served here: "{service.name}"')


def _parts(body: bytes, header: str | None) -> tuple[Asked, bytes]:
    """The JSON of a request, and the bytes behind it."""
    length = int(header) if header is not None and header.isdigit() else len(body)
    try:
        return Asked.model_validate(parse_json(body[:length])), body[length:]
    except ValidationError as error:
        raise RefusedError(422, first_mistake(error.errors())) from None
    except ValueError as error:
        raise RefusedError(422, f"the body: {error}") from None


def rows_of(asked: Asked, binary: bytes) -> list[dict[str, Any]]:
    """A row for each index of the tensors' first dimension."""
    columns: dict[str, list[Any]] = {}
    for tensor in asked.inputs:
        size = tensor.parameters.get("binary_data_size")
        own = b""
        if tensor.data is None:
            if not isinstance(size, int) or not 0 <= size <= len(binary):
                raise RefusedError(422, f'input "{tensor.name}" has no data')
            own, binary = binary[:size], binary[size:]
        columns[tensor.name] = _values(tensor, own)
    if len({len(values) for values in columns.values()}) != 1:
        raise RefusedError(422, "the inputs differ in their first dimension")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(tensor: Tensor, binary: bytes) -> list[Any]:
    """The rows of a tensor, as JSON would have them."""
    shape = tuple(tensor.shape)
    try:
        if tensor.datatype == "BYTES":
            texts = _texts(binary) if tensor.data is None else [str(one) for one in tensor.data]
            return list(np.asarray(texts, dtype=object).reshape(shape).tolist())
        kind = np.dtype(KINDS[tensor.datatype])
        flat = np.frombuffer(binary, kind) if tensor.data is None else np.array(tensor.data, kind)
        return list(flat.reshape(shape).tolist())
    except KeyError:
        known = ", ".join(["BYTES", *KINDS])
        raise RefusedError(422, f"datatype {tensor.datatype}; accepted: {known}") from None
    except (ValueError, TypeError, OverflowError, struct.error):
        said = f'input "{tensor.name}": its data are not of shape {list(shape)}, {tensor.datatype}'
        raise RefusedError(422, said) from None


def _texts(binary: bytes) -> list[str]:
    """Texts, each after its length in four bytes."""
    texts, at = [], 0
    while at < len(binary):
        (length,) = struct.unpack_from("<I", binary, at)
        if at + 4 + length > len(binary):
            raise ValueError("cut")
        texts.append(binary[at + 4 : at + 4 + length].decode())
        at += 4 + length
    return texts


def outputs_of(answers: list[Any]) -> list[dict[str, Any]]:
    """A tensor for each field of the answers."""
    return [_tensor(name, [answer.get(name) for answer in answers]) for name in answers[0]]


def _tensor(name: str, values: list[Any]) -> dict[str, Any]:
    count = len(values)
    if all(isinstance(value, int | float) for value in values):
        return {"name": name, "datatype": "FP64", "shape": [count], "data": values}
    first = values[0]
    numbers = isinstance(first, dict) and all(isinstance(v, int | float) for v in first.values())
    if numbers and all(isinstance(v, dict) and v.keys() == first.keys() for v in values):
        return {
            "name": name,
            "datatype": "FP64",
            "shape": [count, len(first)],
            "data": [number for value in values for number in value.values()],
            "parameters": {"names": json.dumps(list(first))},
        }
    texts = [value if isinstance(value, str) else json.dumps(value) for value in values]
    return {"name": name, "datatype": "BYTES", "shape": [count], "data": texts}
