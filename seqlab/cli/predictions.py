"""What `seqlab predict` writes: a file, a table on standard output, or JSON."""

from __future__ import annotations

import json as plain_json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqlab.cli.streams import print_json, say, write
from seqlab.errors import UserError
from seqlab.progress import doing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Form:
    """Where predictions go, and as what.

    output    a file; None: standard output, as CSV or, with `json`, as JSON
    force     whether a file may be overwritten
    safe_csv  whether cells that a spreadsheet would run as formulas are made text
    json      a summary of a file, or all predictions, as one JSON document
    """

    output: Path | None
    force: bool
    safe_csv: bool
    json: bool


def predict_and_show(
    model: Path, data: str, reading: dict[str, Any], device: str, form: Form
) -> None:
    """Predictions to a file, or to standard output."""
    from seqlab.workbench.predictor import load
    from seqlab.workbench.writing import SHEETS, Formulas, check_output, write_tables

    if form.output is not None:
        check_output(form.output, form.force)
    ending = form.output.suffix.lower() if form.output else ".json" if form.json else ".csv"
    if form.safe_csv and ending not in SHEETS:
        raise UserError(
            f"--safe-csv: the output is {ending.removeprefix('.').upper()}, where no text is run"
            " as a formula",
            "leave --safe-csv out, or write CSV or TSV",
        )
    frames: Iterable[pd.DataFrame] = _told(load(model, device).predict_pieces(data, **reading))
    formulas = Formulas(form.safe_csv)
    if ending in SHEETS:
        frames = formulas.passing(frames)
    if form.output is not None:
        with doing(f"writing {form.output}"):
            rows = write_tables(frames, form.output)
        if form.json:
            print_json({"rows": rows, "output": str(form.output)})
        else:
            say(f"{rows:,} rows written to {form.output}")
    elif form.json:
        _print_records(frames)
    else:
        for number, frame in enumerate(frames):
            write(frame.to_csv(index=False, header=number == 0, lineterminator="\n"))
    if formulas.warning:
        say(formulas.warning, error=True)


def _told(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """The same, each made while it is said how many rows are done."""
    pieces, rows = iter(frames), 0
    while True:
        with doing(f"predicting: {rows:,} rows done"):
            frame = next(pieces, None)
        if frame is None:
            return
        rows += len(frame)
        yield frame


def _print_records(frames: Iterable[pd.DataFrame]) -> None:
    made = (
        plain_json.loads(frame.to_json(orient="records", date_format="iso")) for frame in frames
    )
    predictions = [row for rows in made for row in rows]
    print_json({"rows": len(predictions), "output": None, "predictions": predictions})
