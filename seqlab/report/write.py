"""The report of a study's folder, from what is stored there."""

from __future__ import annotations

import os
from pathlib import Path

from seqlab.report.page import render
from seqlab.report.stored import read_study


def write_report(study: Path) -> Path:
    """Write `report.html` into a study's folder and return its path.

    Nothing is computed again and nothing is loaded from the network, now or when it is opened.
    Raises: UserError if the folder holds no `study.json`, or a damaged file.
    """
    page = render(read_study(study))
    path = study / "report.html"
    temporary = path.with_name(f".report.html.{os.getpid()}")
    try:
        temporary.write_text(page, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say it
        raise
    finally:
        temporary.unlink(missing_ok=True)
    return path
