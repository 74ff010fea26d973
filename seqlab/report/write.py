"""The report of a study's folder, from what is stored there."""

from __future__ import annotations

from pathlib import Path

from seqlab.report.page import render
from seqlab.report.stored import read_study
from seqlab.runs import replacing


def write_report(study: Path) -> Path:
    """Write `report.html` into a study's folder and return its path.

    Nothing is computed again and nothing is loaded from the network, now or when it is opened.
    Raises: UserError if the folder holds no `study.json`, or a damaged file.
    """
    page = render(read_study(study))
    path = study / "report.html"
    try:
        with replacing(path) as temporary:
            temporary.write_text(page, encoding="utf-8")
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say it
        raise
    return path
