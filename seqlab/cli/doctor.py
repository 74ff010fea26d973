"""`seqlab doctor`: what this machine has, for bug reports."""

from __future__ import annotations

from pathlib import Path

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def doctor(json: o.Json = False) -> None:
    """Look at the installation: versions, threads, kernels, accelerator, cache, folders.

    Its output belongs into bug reports. It ends with 1 if something keeps seqlab from working.
    """
    with doing("looking at the installation"):
        from seqlab.workbench.doctor import PROBLEM, as_plain, examine

        checks = examine(Path.cwd() / "runs")
    if json:
        from seqlab.cli.streams import print_json

        print_json(as_plain(checks))
    else:
        from seqlab.cli.tables import show_checks
        from seqlab.cli.terminal import Terminal

        show_checks(Terminal(), checks)
    if any(check.state == PROBLEM for check in checks):
        raise typer.Exit(1)
