"""The page at /: a form for the task, made of nothing that lies elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import singledispatch
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from seqlab.serve.answers import Label, Labels
from seqlab.serve.forms import ForecastForm, Form, RowForm
from seqlab.serve.rows import ImageRows, Rows, SeriesTable, TokenRows
from seqlab.serve.service import Service
from seqlab.tasks.base import Task

HEADERS = {"X-Frame-Options": "DENY", "Cache-Control": "no-cache"}


def page(service: Service, example: dict[str, Any] | None, stream: bool) -> APIRouter:
    """The route; the page never changes while a server runs."""
    router = APIRouter(include_in_schema=False)
    style, script = (_text(name) for name in ("try.css", "try.js"))
    told = about(service, example, stream)
    # Within a script element nothing but </ and <! could end it: neither is left.
    told_json = json.dumps(told).replace("<", "\\u003c")
    html = (
        _templates()
        .get_template("try.html")
        .render(
            about=told,
            about_json=Markup(told_json),
            style=Markup(style),
            script=Markup(script),
        )
    )
    policy = (
        "default-src 'none'; connect-src 'self'; img-src data:; style-src 'unsafe-inline';"
        f" script-src {_digest(script)}; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )

    @router.get("/")
    async def try_it() -> Response:
        return Response(
            html, media_type="text/html", headers={**HEADERS, "Content-Security-Policy": policy}
        )

    return router


def about(service: Service, example: dict[str, Any] | None, stream: bool) -> dict[str, Any]:
    """What the page must know of the model."""
    return {
        "model": service.name,
        "task": service.task.name,
        "fields": fields_of(service.form),
        "example": example,
        "stream": stream,
        "labels": service.form.answer in (Label, Labels),
        "rows": service.limits.rows,
        "columns": columns_of(service.task, service.form),
        "targets": service.form.targets if isinstance(service.form, ForecastForm) else [],
    }


def columns_of(task: Task, form: Form) -> list[str]:
    """What an uploaded file must have, in words."""
    if isinstance(form, ForecastForm):
        return form.columns
    if isinstance(form, RowForm):
        own = [task.columns[role] for role in form.task.reader.roles if role in task.columns]
        return own or ["of the training data"]
    return list(task.columns.values()) or ["text"]


@singledispatch
def fields_of(form: Form) -> list[dict[str, str]]:
    """The fields of a row, and how each is typed in."""
    return [{"name": name, "kind": "text"} for name in form.row.model_fields]


@fields_of.register
def _(form: ForecastForm) -> list[dict[str, str]]:
    return [{"name": "history", "kind": "history"}]


@fields_of.register
def _(form: RowForm) -> list[dict[str, str]]:
    kind = _kind(form.rows)
    names = ["tokens"] if kind == "tokens" else list(form.row.model_fields)
    return [{"name": name, "kind": kind} for name in names]


def _kind(rows: Rows) -> str:
    for kind, name in ((TokenRows, "tokens"), (SeriesTable, "series"), (ImageRows, "image")):
        if isinstance(rows, kind):
            return name
    return "text"


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    return (files("seqlab.serve") / "templates" / name).read_text(encoding="utf-8")


def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("seqlab.serve"), autoescape=True, undefined=StrictUndefined
    )
