"""`seqlab report`: the report again, from what is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def report(
    study: Annotated[Path, typer.Argument(help="The folder of a finished study.")],
    form: Annotated[
        str | None,
        o.option(
            o.OUTPUT,
            "Write the methods and the leaderboard as md, tex, csv, or the page as pdf, beside "
            "the report.",
            "--format",
            default="none",
            example="--format tex",
            metavar="FORMAT",
        ),
    ] = None,
    verbose: o.Verbose = False,
    opened: o.Open = False,
    json: o.Json = False,
) -> None:
    """Write a study's report again and print its verdict."""
    with doing("starting"):
        from seqlab.cli.show import Shown, report_and_show

    report_and_show(study, Shown(json, verbose, opened), form)
