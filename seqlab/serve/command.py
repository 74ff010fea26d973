"""`seqlab serve`: a contestant loaded, its server put together and run."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seqlab.errors import UserError
from seqlab.serve.limits import Limits

PACKAGES = ("fastapi", "uvicorn", "prometheus_client")


def serve_folder(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    key: str | None = None,
    threads: int = 1,
    limits: dict[str, Any] | None = None,
    begun: Callable[[str], None] = lambda line: None,
) -> None:
    """Serve a folder until a signal; `begun` is told where, once it listens."""
    check_installed()
    from seqlab.serve.app import application
    from seqlab.serve.running import listening, serve
    from seqlab.workbench.predictor import load

    chosen = Limits.read(limits or {}, "limits")
    address = listening(host, port)  # before the model is loaded, which takes seconds
    predictor = load(folder)
    app = application(predictor, chosen, key=key or None, threads=threads, folder=folder)
    name = f"{predictor.card['candidate']} ({predictor.task.name})"
    line = f"{name} at http://{host}:{port} – Ctrl-C ends it"
    serve(app, address, chosen.deadline, lambda: begun(line))


def check_installed() -> None:
    """Refuse to serve where a package is missing."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"serving needs {missing[0]}, which is not installed", 'pip install "seqlab[serve]"'
        )
