"""`seqlab monitor`: new data against those that the winner was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def monitor(
    model: Annotated[Path, typer.Argument(help="The best/ folder within its study's folder.")],
    data: Annotated[str, typer.Argument(help="New data, with or without labels.")],
    columns: o.Columns = None,
    delimiter: o.Delimiter = None,
    encoding: o.Encoding = None,
    json: o.Json = False,
) -> None:
    """Say what has changed since training, and whether to train again."""
    with doing("starting"):
        from seqlab.cli.show import monitor_and_show

    reading = {"columns": columns, "delimiter": delimiter, "encoding": encoding}
    monitor_and_show(model, data, reading, json=json)
