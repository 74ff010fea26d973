"""`seqlab evaluate`: the winner on labelled new data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def evaluate(
    model: Annotated[Path, typer.Argument(help="The best/ folder of a study.")],
    data: Annotated[str, typer.Argument(help="Labelled data, as for compare.")],
    columns: o.Columns = None,
    delimiter: o.Delimiter = None,
    encoding: o.Encoding = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: o.Json = False,
) -> None:
    """Score a trained winner on labelled data, with intervals."""
    with doing("starting"):
        from seqlab.cli.show import evaluate_and_show

    reading = {"columns": columns, "delimiter": delimiter, "encoding": encoding}
    evaluate_and_show(model, data, reading, device=device, json=json)
