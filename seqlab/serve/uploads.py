"""POST /predict/file: a CSV file in, the predictions of `seqlab predict` as CSV out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi import APIRouter, Request, Response

from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.serve.json_route import check_type
from seqlab.serve.predicting import REFUSALS
from seqlab.serve.refusals import RefusedError
from seqlab.serve.service import Service
from seqlab.workbench.writing import Formulas

ROWS_AT_ONCE = 256  # of a file; what others ask takes its turn after so many
BODY: dict[str, Any] = {"requestBody": {"content": {"text/csv": {}}, "required": True}}
ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}}, "description": "predictions"}
}


def uploads(service: Service) -> APIRouter:
    """The route of files."""
    router = APIRouter(tags=["predicting"])

    @router.post(
        "/predict/file",
        response_class=Response,
        responses={**REFUSALS, **ANSWERED},
        openapi_extra=BODY,
    )
    async def predict_file(request: Request) -> Response:
        """A row for each row of the file; what a spreadsheet would run is made text."""
        check_type(request, "text/csv")
        body = await request.body()
        table = await service.call(lambda: _table(body, service))
        if len(table.frame) > service.limits.file_rows:
            most = service.limits.file_rows
            raise RefusedError(413, f"{len(table.frame):,} rows; accepted: at most {most:,}")
        parts = []
        for part in _parts(table, service):
            parts.append(await service.call(partial(service.predictor.predict, part)))
        shown = pd.concat(Formulas(quote=True).passing(parts), ignore_index=True)
        return Response(
            shown.to_csv(index=False, lineterminator="\n"),
            media_type="text/csv",
            headers={
                "Content-Disposition": 'attachment; filename="predictions.csv"',
                "X-Rows": str(len(shown)),
            },
        )

    return router


def _table(body: bytes, service: Service) -> Table:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(body)
        try:
            table = read_table(path, known=service.predictor.known_names())
        except UserError as error:
            raise _of_the_file(error) from None
    return replace(table, origin="the file")


def _parts(table: Table, service: Service) -> Iterator[Table]:
    """Some rows at a time, where each row is an example."""
    size = ROWS_AT_ONCE if service.task.row_by_row else len(table.frame)
    for start in range(0, len(table.frame), max(size, 1)):
        frame = table.frame.iloc[start : start + size].reset_index(drop=True)
        yield replace(table, frame=frame)


def _of_the_file(error: UserError) -> UserError:
    """An error that does not name the folder that the file lay in for a moment."""
    _, sign, rest = error.message.partition("file.csv")
    place = rest.removeprefix('"')
    return UserError(f"the file{place}" if sign else error.message, error.hint)
