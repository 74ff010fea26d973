"""What the commands show: the inspection, the plan, progress, the leaderboard, the sentence."""

from __future__ import annotations

import time
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqlab.cli import plans, tables
from seqlab.cli.progress import Bar
from seqlab.cli.streams import print_json, say, shell_line
from seqlab.cli.terminal import Terminal
from seqlab.errors import UserError
from seqlab.progress import doing
from seqlab.runs import from_here, read_json
from seqlab.workbench.study import Study

if TYPE_CHECKING:
    from seqlab.report.stored import StoredStudy

Tables = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class Shown:
    """How a result is shown: as JSON, with every number, and the report in a browser."""

    json: bool = False
    verbose: bool = False
    open: bool = False


def compare_and_show(study: Study, data: Tables, *, dry_run: bool, shown: Shown) -> None:
    """Run a study with its plan, a bar, the answer, the leaderboard and the reasons."""
    json = shown.json
    begun = time.monotonic()
    terminal = Terminal(stderr=json)
    if dry_run:
        with doing("planning"):
            plan = study.plan(*data)
        if json:
            print_json(plans.plan_facts(plan))
            return
        plans.show_plan(terminal, plan, study.task_reason_, shown.verbose)
        terminal.say("\nNothing was trained (--dry-run).")
        return

    from seqlab.report.stored import read_study
    from seqlab.study.conduct import Listener

    with Bar(terminal, silent=json, verbose=shown.verbose) as bar:

        def planned(plan: Any) -> None:
            bar.scored_by(plan.metric)
            if not json:
                plans.show_plan(terminal, plan, study.task_reason_, shown.verbose)

        study.fit(*data, listener=Listener(planned, bar.moment, begun))
    if json:
        realised = read_json(study.folder_ / "study.json")["realised"]
        print_json({**study.verdict_, "seconds": realised["stages"], "folder": str(study.folder_)})
        return
    _show_study(terminal, read_study(study.folder_), shown)


DEMO = {"seeds": 8, "trials": 4, "params": 60_000, "epochs": 3}


def demonstrate(seconds: float | None, folder: Path | None, shown: Shown) -> None:
    """The main job on `reviews`, or on what needs no download where there is no package index."""
    from seqlab.data.sources import read_table

    data = "reviews"
    try:
        read_table(data)
    except UserError as error:
        data = "characters"
        say(f"{error.message}\nusing {data} instead, which needs no download", error=True)
    study = Study(budget={**DEMO, "time": seconds}, folder=folder)
    compare_and_show(study, (data, None, None), dry_run=False, shown=shown)


def report_and_show(folder: Path, shown: Shown, form: str | None = None) -> None:
    """Write the report again, and in another format."""
    from seqlab.report import write_report
    from seqlab.report.stored import read_study

    if not (folder / "verdict.json").exists():
        raise UserError(
            f"{folder}: holds no finished study (no verdict.json)",
            "run seqlab compare with -o to this folder first",
        )
    with doing("reading the study"):
        stored = read_study(folder)
        path = write_report(stored)
        if form is not None:
            from seqlab.report.formats import write_format

            path = write_format(stored, form)
    for line in stored.damage:
        say(f"note: {line}", error=True)
    if shown.json:
        print_json({"report": str(path), **stored.verdict})
        return
    if form is not None:
        Terminal().say(f"written: {from_here(path)}", whole=True)
        return
    _show_study(Terminal(), stored, shown)


def inspect_and_show(
    data: Tables,
    *,
    task: str | None,
    columns: str | None,
    reading: dict[str, Any],
    settings: dict[str, Any],
    seed: int,
    json: bool,
) -> None:
    """The data doctor's findings, then what a comparison would cost."""
    from seqlab.workbench.inspecting import inspect

    plan, problem = None, ""
    with doing("inspecting"):
        found = inspect(*data, task=task, columns=columns, seed=seed, reading=reading, **settings)
        study = Study(task=found.task, columns=columns, data=settings, **reading)
        try:
            read = found.sources
            plan = study.plan(read.train, read.valid, read.test)
        except UserError as error:  # an inspection says what is wrong; it does not stop at it
            problem = error.message
    if json:
        cost = plans.plan_facts(plan) if plan is not None else {"error": problem}
        print_json({**found.to_dict(), "plan": cost})
        return
    tables.show_inspection(Terminal(), found, plan, problem)


def evaluate_and_show(
    model: Path, data: str, reading: dict[str, Any], *, device: str, json: bool
) -> None:
    """Metrics with their intervals."""
    from seqlab.workbench.predictor import load

    with doing(f"evaluating on {data}"):
        found = load(model, device).evaluate(data, **reading)
    if json:
        print_json(found.to_dict())
        return
    tables.show_evaluation(Terminal(), found)


def monitor_and_show(model: Path, data: str, reading: dict[str, Any], *, json: bool) -> None:
    """What has changed, and whether to train again."""
    from seqlab.workbench.monitoring import monitor

    found = monitor(model, data, **reading)
    if json:
        print_json(found.to_dict())
        return
    tables.show_monitoring(Terminal(), found)


def _show_study(terminal: Terminal, study: StoredStudy, shown: Shown) -> None:
    tables.show_headline(terminal, study.verdict)
    tables.show_leaderboard(terminal, study)
    tables.show_reasons(terminal, study.verdict, shown.verbose)
    folder = from_here(study.folder)
    page = folder / "report.html"
    terminal.say("\nNext:")
    terminal.say(f"  read the report   {page.absolute().as_uri()}", whole=True)
    if study.recommended is not None:
        for what, command in _uses(folder / "best"):
            terminal.say(f"  {what:<17} {command}", whole=True)
    if shown.open:
        webbrowser.open(page.absolute().as_uri())


def _uses(best: Path) -> Iterator[tuple[str, str]]:
    """What to do with the recommended contestant, as commands to copy."""
    yield "predict", shell_line("seqlab", "predict", best, "NEW_DATA", "-o", "predicted.csv")
    yield "evaluate", shell_line("seqlab", "evaluate", best, "LABELLED_DATA")
    yield "explain", shell_line("seqlab", "explain", best.parent)
    yield "serve", shell_line("seqlab", "serve", best)
