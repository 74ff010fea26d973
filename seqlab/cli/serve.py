"""`seqlab serve`: a trained winner behind HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.errors import UserError
from seqlab.progress import doing

LIMITS = "Limits"


def serve(
    model: Annotated[Path, typer.Argument(help="The best/ folder of a study, or an exported one.")],
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    api_key: Annotated[
        str | None,
        typer.Option(help="What clients must send as a key.", envvar="SEQLAB_API_KEY"),
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads of a computation.", min=1)] = 1,
    write_docker: Annotated[
        Path | None,
        typer.Option(help="Serve nothing; write a folder that docker build makes a server of."),
    ] = None,
    deadline: Annotated[
        str | None,
        typer.Option(help="Longest time to an answer; 30s by default.", rich_help_panel=LIMITS),
    ] = None,
    queue: Annotated[
        int | None,
        typer.Option(help="Requests that may wait; 256 by default.", rich_help_panel=LIMITS),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(help="Requests a second that one client may make.", rich_help_panel=LIMITS),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help="Any limit, as rows=1000 or body_bytes=1000000.", rich_help_panel=LIMITS),
    ] = None,
) -> None:
    """Serve a trained winner over HTTP, with a page to try it."""
    with doing("starting"):
        from seqlab.cli.streams import say
        from seqlab.serve.command import serve_folder

    if write_docker is not None:
        from seqlab.serve.docker import write_docker as write

        files = write(model, write_docker)
        say(f"{', '.join(map(str, files))} written; docker build {write_docker}")
        return
    limits = {
        **_pairs(limit or []),
        **o.said(queue=queue, rate=rate, deadline=o.seconds(deadline, "--deadline")),
    }
    serve_folder(
        model, host=host, port=port, key=api_key, threads=threads, limits=limits, begun=say
    )


def _pairs(assignments: list[str]) -> dict[str, str]:
    """Names and values of --limit; what they mean is checked with all others."""
    pairs = [assignment.partition("=") for assignment in assignments]
    for name, sign, _ in pairs:
        if not sign:
            raise UserError(f'--limit "{name}": expected name=value, as rows=1000')
    return {name.strip(): value.strip() for name, _, value in pairs}
