"""How a server is: alive, ready, counted."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from seqlab.serve.counters import Counters
from seqlab.serve.refusals import overloaded
from seqlab.serve.service import Service


def watching(service: Service, counters: Counters) -> APIRouter:
    """/health, /ready and /metrics."""
    router = APIRouter(tags=["watching"])

    @router.get("/health")
    async def health() -> dict[str, str]:
        """That the process answers."""
        return {"status": "alive", "model": service.name, "task": service.task.name}

    @router.get("/ready")
    async def ready(request: Request) -> Response:
        """Whether requests are taken: 503 before the model is there, and while it shuts down."""
        if not request.app.state.ready:
            raise overloaded("not ready", 1)
        return JSONResponse({"status": "ready"})

    @router.get("/metrics")
    async def metrics() -> Response:
        """Counts for Prometheus."""
        return Response(counters.text(), media_type=CONTENT_TYPE_LATEST)

    return router
