"""The report of a study's folder, from what is stored there."""

from __future__ import annotations

from pathlib import Path

from seqlab.progress import doing
from seqlab.report.page import render
from seqlab.report.stored import StoredStudy, read_study
from seqlab.runs import replacing


@doing("writing the report")
def write_report(study: Path | StoredStudy) -> Path:
    """Write `report.html` into a study's folder and return its path.

    Nothing is computed again and nothing is loaded from the network, now or when it is opened.
    Raises: UserError if the folder holds no `study.json`.
    """
    stored = study if isinstance(study, StoredStudy) else read_study(study)
    page = render(stored)
    path = stored.folder / "report.html"
    try:
        # Half a character, as JSON may hold, has no place in UTF-8: its code is shown instead.
        with replacing(path) as temporary:
            temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say it
        raise
    return path
