"""A trained winner as a folder that runs without PyTorch and seqlab."""

from __future__ import annotations

import os
from pathlib import Path

from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.model.base import Model
from seqlab.progress import doing
from seqlab.study.prepared_folder import load_prepared
from seqlab.workbench.predictor import load


def export(model: str | os.PathLike[str], output: str | os.PathLike[str]) -> Path:
    """Write the winner of a finished study to a new folder; its README says how to use it.

    `model` is the best/ folder of a study, inside its study: the file is tried on its test rows.
    """
    from seqlab.export.write import Source, check_output, export_model

    check_output(Path(output))
    predictor = load(model)
    if predictor.card["kind"] == "onnx":
        raise UserError(
            f"{model}: is exported already", "give the best/ folder of a study, or copy this folder"
        )
    if not isinstance(predictor.contestant, Model):
        raise UserError(
            f"{model}: {predictor.card['candidate']} is a baseline; only networks are exported",
            "seqlab predict and seqlab serve use it as it is",
        )
    test = _test_part(Path(model), predictor.task.name)
    source = Source(predictor.task, predictor.contestant, predictor.card, test)
    with doing("exporting and checking"):
        return export_model(source, Path(output))


def _test_part(model: Path, task: str) -> Examples:
    """The test rows of the study that a best/ folder lies in."""
    for study in (model, model.absolute().parent):
        folder = study / "prepared" / "fold0"
        if (folder / "digest").exists():
            return load_prepared(task, folder).test
    raise UserError(
        f"{model}: no prepared/ beside it, whose test rows the exported file is tried on",
        "give the best/ folder inside its study: seqlab export runs/mine/best -o FOLDER",
    )
