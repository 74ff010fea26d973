"""`seqlab predict`: the winner in use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o


def predict(
    model: Annotated[Path, typer.Argument(help="The best/ folder of a study.")],
    data: Annotated[str, typer.Argument(help="New data, as for compare.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="CSV, TSV, JSONL or Parquet; stdout if not said."),
    ] = None,
    columns: o.Columns = None,
    delimiter: o.Delimiter = None,
    encoding: o.Encoding = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output.")] = False,
    json: o.Json = False,
) -> None:
    """Predict with a trained winner; for series, the dates after their end."""
    from seqlab.cli.show import predict_and_show

    reading = {"columns": columns, "delimiter": delimiter, "encoding": encoding}
    predict_and_show(model, data, output, reading, device=device, force=force, json=json)
