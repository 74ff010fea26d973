"""A study for a paper or a README: a paragraph of methods, and the table, in other formats."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from seqlab.compare.wording import counted
from seqlab.errors import UserError
from seqlab.report.numbers import count, fixed, significant
from seqlab.report.quality import places
from seqlab.report.stored import StoredStudy
from seqlab.report.write import write_report
from seqlab.runs import replacing

HEADINGS = ("contestant", "95 % interval", "status", "parameters", "ms an example", "s a run")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
PDF_SECONDS = 120


def write_format(study: StoredStudy, form: str) -> Path:
    """Write `report.<form>` into the study's folder and return its path."""
    if form not in FORMATS:
        raise UserError(f'--format "{form}": accepted are {", ".join(FORMATS)}')
    path = study.folder / f"report.{form}"
    FORMATS[form](study, path)
    return path


def methods(study: StoredStudy) -> str:
    """What was done, in a paragraph."""
    settings, comparison = study.settings, study.comparison
    budget, parts = settings.get("budget") or {}, study.data_card.get("parts") or {}
    names = [c.plain_name for c in study.contestants]
    level = comparison.get("level")
    told = [f"We compared {', '.join(names[:-1])} and {names[-1]}." if len(names) > 1 else ""]
    if budget.get("params"):
        told.append(
            f"Every network had {count(budget['params'])} parameters in body and head, and"
            f" {counted(int(budget.get('trials') or 0), 'tuning trial')} on the validation part."
        )
    if study.seeds:
        told.append(f"Scores are means over {counted(study.seeds, 'seed')} that tuning never saw.")
    if parts:
        sizes = ", ".join(f"{count(number)} {name}" for name, number in parts.items())
        told.append(f"Examples: {sizes}.")
    if level is not None:
        sure = significant(100 * (1 - level), 2)
        told.append(
            f"Differences in {study.metric} are judged with {sure} % confidence over all"
            " contestants together, by intervals that count both seeds and test examples."
        )
    told.append(f"Computed with seqlab {settings.get('seqlab_version') or ''}.".replace(" .", "."))
    return " ".join(filter(None, told))


def _rows(study: StoredStudy) -> Iterator[list[str]]:
    digits = places(study)
    for c in study.ranked:
        yield [
            c.plain_name,
            fixed(c.number("mean"), digits),
            f"{fixed(c.number('ci_low'), digits)} … {fixed(c.number('ci_high'), digits)}",
            c.status,
            count(c.number("params")),
            significant(c.number("latency_ms_p50"), 2),
            significant(c.number("train_seconds"), 2),
        ]


def _headings(study: StoredStudy) -> list[str]:
    return [HEADINGS[0], study.metric, *HEADINGS[1:]]


def _markdown(study: StoredStudy, path: Path) -> None:
    def line(cells: list[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    headings = _headings(study)
    lines = [line(headings), line(["---"] * len(headings)), *map(line, _rows(study))]
    headline = str(study.verdict.get("headline") or "")
    _write(path, "\n\n".join([f"**{headline}**", "\n".join(lines), methods(study)]) + "\n")


def _latex(study: StoredStudy, path: Path) -> None:
    headings = _headings(study)
    lines = [" & ".join(map(_escaped, row)) + r" \\" for row in (headings, *_rows(study))]
    table = [
        rf"\begin{{tabular}}{{l{'r' * (len(headings) - 1)}}}",
        *(r"\hline", lines[0], r"\hline", *lines[1:], r"\hline", r"\end{tabular}"),
    ]
    _write(path, _escaped(methods(study)) + "\n\n" + "\n".join(table) + "\n")


_TEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "…": r"\ldots{}",
    "−": "$-$",
    "–": "--",
}


def _escaped(text: str) -> str:
    """Text as LaTeX sets it."""
    return "".join(_TEX.get(sign, sign) for sign in text)


def _csv(study: StoredStudy, path: Path) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_headings(study))
    writer.writerows(_rows(study))
    _write(path, text.getvalue())


def _pdf(study: StoredStudy, path: Path) -> None:
    """The page printed by a browser that is there."""
    browser = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if browser is None:
        raise UserError(
            "--format pdf: no Chromium is installed to print the page",
            "open the report in a browser and print it to a file",
        )
    page = write_report(study).absolute()
    with tempfile.TemporaryDirectory() as profile, replacing(path) as temporary:
        command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu"]
        command += ["--disable-background-networking", f"--user-data-dir={profile}"]
        command += ["--virtual-time-budget=20000", "--no-pdf-header-footer"]
        command += [f"--print-to-pdf={temporary.absolute()}", page.as_uri()]
        subprocess.run(command, capture_output=True, timeout=PDF_SECONDS, check=False)
        if not temporary.exists() or not temporary.stat().st_size:
            raise UserError(f"--format pdf: {browser} printed nothing", "print the page yourself")


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")


FORMATS: dict[str, Callable[[StoredStudy, Path], None]] = {
    "md": _markdown,
    "tex": _latex,
    "csv": _csv,
    "pdf": _pdf,
}
