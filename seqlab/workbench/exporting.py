"""A trained winner as a folder that runs without PyTorch and seqlab."""

from __future__ import annotations

import os
from pathlib import Path

from seqlab.compare.contestants import Margin
from seqlab.errors import UserError
from seqlab.model.base import Model
from seqlab.progress import doing
from seqlab.runs import read_json
from seqlab.shapes import NUMBER, Shape
from seqlab.study.prepared_folder import load_prepared
from seqlab.workbench.predictor import load

FIRST_FOLD = Path("prepared") / "fold0"
VERDICT: Shape = {"margin": NUMBER, "margin_relative": bool}


def export(
    model: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    step: bool = False,
    int8: bool = False,
) -> Path:
    """Write the winner of a finished study to a new folder; its README says how to use it.

    `model` is the best/ folder of a study, inside its study: the file is tried on its test rows.
    step: also the network one position at a time. int8: also with 8-bit weights, if it predicts as
    well.
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
    if predictor.contestant.spec.origin is not None:
        origin = predictor.contestant.spec.origin
        raise UserError(
            f"{model}: {predictor.card['candidate']} comes from {origin.name}; exported are"
            " networks built of the mixers that seqlab mixers lists",
            "seqlab predict and seqlab serve use it as it is",
        )
    study = _study_of(Path(model))
    test = load_prepared(predictor.task.name, study / FIRST_FOLD).test
    source = Source(
        predictor.task, predictor.contestant, predictor.card, test, _margin(study / "verdict.json")
    )
    with doing("exporting and checking"):
        return export_model(source, Path(output), step=step, int8=int8)


def _study_of(model: Path) -> Path:
    """The study that a best/ folder lies in, whose test rows are there."""
    for study in (model, model.absolute().parent):
        if (study / FIRST_FOLD / "digest").exists():
            return study
    raise UserError(
        f"{model}: no prepared/ beside it, whose test rows the exported file is tried on",
        "give the best/ folder inside its study: seqlab export runs/mine/best -o FOLDER",
    )


def _margin(path: Path) -> Margin | None:
    """The difference that the study's verdict counted as none."""
    if not path.exists():
        return None
    verdict = read_json(path, VERDICT)
    return Margin(verdict["margin"], verdict["margin_relative"])
