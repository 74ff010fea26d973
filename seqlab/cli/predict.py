"""`seqlab predict`: the winner in use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def predict(
    model: Annotated[Path, typer.Argument(help="The best/ folder of a study.")],
    data: Annotated[str, typer.Argument(help="New data, as for compare.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="CSV, TSV, JSONL or Parquet; standard output by default."
        ),
    ] = None,
    columns: o.Columns = None,
    delimiter: o.Delimiter = None,
    encoding: o.Encoding = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output file.")] = False,
    safe_csv: Annotated[
        bool,
        typer.Option(
            "--safe-csv", help="Write ' before text that a spreadsheet runs as a formula."
        ),
    ] = False,
    json: o.Json = False,
) -> None:
    """Predict with a trained winner.

    A row for each row of the data; for a forecast, the dates after the end of each series.
    """
    with doing("starting"):
        from seqlab.cli.predictions import Form, predict_and_show

    reading = {"columns": columns, "delimiter": delimiter, "encoding": encoding}
    form = Form(output, force, safe_csv, json)
    predict_and_show(model, data, reading, device, form)
