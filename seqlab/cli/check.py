"""`seqlab check`: behaviour tests of a trained contestant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def check(
    model: Annotated[
        Path, typer.Argument(help="A study's folder, its best/ folder, or one of its runs.")
    ],
    tests: Annotated[Path, typer.Argument(help="A file of tests in TOML.")],
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: o.Json = False,
) -> None:
    """Try behaviour tests; exit status 1 if one fails.

    Minimum functionality, invariance (typos, casing, …) and direction (negation, …), each with the
    share of cases that failed and its interval.
    """
    with doing("starting"):
        from seqlab.cli.checks import check_and_show

    if not check_and_show(model, tests, device, json=json):
        raise typer.Exit(1)
