"""Tables and sentences for the terminal, and the same facts as plain data."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.padding import Padding
from rich.text import Text

from seqlab.cli.progress import in_words
from seqlab.cli.terminal import Terminal, styled
from seqlab.compare.drift import QUARTILES
from seqlab.report.stored import StoredStudy
from seqlab.study.plan import Allowance, PlannedContestant
from seqlab.study.planning import Plan
from seqlab.study.timing import Pace, counted
from seqlab.workbench.evaluating import Evaluation
from seqlab.workbench.inspecting import Inspection
from seqlab.workbench.monitoring import Monitoring

COLOURS = {"error": "red", "warning": "yellow", "info": "green"}
MOST_COLUMNS = 20  # that are listed
ADVICE = {
    "retrain": "Train again: on the new data it is worse.",
    "label": "Label some new rows: the data have changed.",
    "keep": "Keep it: nothing says that it should be trained again.",
}
STATUS_COLOURS = {
    "best": "bold green",
    "tied": "green",
    "negligible": "green",
    "undecided": "yellow",
    "worse": "dim",
    "failed": "red",
}


def show_plan(terminal: Terminal, plan: Plan, reason: str) -> None:
    """Who competes at which size, the budget, the expected time, what the test set can resolve."""
    allowance, parts = plan.allowance, plan.parts
    terminal.say((plan.spec.task, "bold"), f" ({reason})")
    for note in plan.notes:
        terminal.say(f"  {note}", style="dim")
    in_each = f" in each of {plan.spec.data.folds} folds" if plan.spec.data.folds else ""
    terminal.say(
        f"  {parts['train']:,} training, {parts['valid']:,} validation, {parts['test']:,} test"
        f" examples{in_each}; primary metric {plan.metric}"
    )
    terminal.table(
        ("contestant", "kind", "width", "parameters", "embedding", "ms a step"),
        [_entry(entry, plan.outlook.paces.get(entry.name)) for entry in plan.entries],
        kinds="  rrrr",
    )
    terminal.say(
        f"budget: {plan.spec.budget.params:,} parameters (body and head) each; {_tuning(allowance)}"
    )
    terminal.say(f"each run: {_length(allowance)}; {plan.workers} at a time")
    terminal.say(f"then: {_seeds(plan)}")
    limit = plan.spec.budget.time
    within = f", within {in_words(limit)}" if limit is not None else ""
    terminal.say(f"expected time: about {in_words(plan.seconds)}{within}")
    for sentence in allowance.left_out:
        terminal.say(sentence, style="yellow")
    if plan.resolution.get("sentence"):
        terminal.say(str(plan.resolution["sentence"]))
    terminal.say()


def _tuning(allowance: Allowance) -> str:
    """How each candidate is tuned."""
    trials = counted(allowance.trials, "trial")
    if not allowance.trials or not allowance.full_trials:
        return "no tuning"
    if allowance.tune_per_seed:
        return f"every seed tuned by {trials} of its own"
    if allowance.short_trials:
        full = counted(allowance.full_trials, "full one")
        return f"{counted(allowance.trials, 'short trial')} and {full} to tune each"
    return f"{trials} to tune each"


def _length(allowance: Allowance) -> str:
    """How long runs are."""
    length = counted(allowance.epochs, "epoch")
    if allowance.steps is not None:
        length = counted(allowance.steps, "step")
    if allowance.longest == 1:
        return f"{length} at most"
    return (
        f"as long as validation gets better, at most {allowance.longest:g} times the usual {length}"
    )


def _seeds(plan: Plan) -> str:
    """How many fresh seeds are run."""
    most = plan.allowance.seeds
    fewest = min(plan.seeds_at_least, most)
    seeds = counted(most, "fresh seed")
    return f"{seeds} each" if fewest == most else f"{fewest} to {seeds} each, as time allows"


def _entry(entry: PlannedContestant, pace: Pace | None) -> list[str]:
    """A contestant's row of the plan."""
    model = entry.model
    return [
        entry.name,
        entry.kind,
        "" if model is None else str(model.width),
        f"{entry.body_parameters:,}" if model else "",
        f"{entry.embedding_parameters:,}" if entry.embedding_parameters else "",
        "" if pace is None else f"{pace.step * 1e3:.1f}",
    ]


def plan_facts(plan: Plan) -> dict[str, Any]:
    """The plan as plain data."""
    return {
        "task": plan.spec.task,
        "metric": plan.metric,
        "parts": plan.parts,
        "contestants": [
            {
                "candidate": e.name,
                "kind": e.kind,
                "params": e.body_parameters,
                "embedding_params": e.embedding_parameters,
                "width": None if e.model is None else e.model.width,
            }
            for e in plan.entries
        ],
        "trials": plan.allowance.trials,
        "tune_per_seed": plan.allowance.tune_per_seed,
        "short_trials": plan.allowance.short_trials,
        "full_trials": plan.allowance.full_trials,
        "seeds": plan.allowance.seeds,
        "seeds_at_least": plan.seeds_at_least,
        "longest": plan.allowance.longest,
        "epochs": plan.allowance.epochs,
        "steps": plan.allowance.steps,
        "left_out": list(plan.allowance.left_out),
        "expected_seconds": round(plan.seconds, 1),
        "resolution": plan.resolution,
    }


def show_inspection(terminal: Terminal, found: Inspection, plan: Plan | None, problem: str) -> None:
    """Columns, task, findings and what a comparison will cost."""
    terminal.say((found.origin, "bold"), f": {found.rows:,} rows")
    for note in found.notes:
        terminal.say(f"  {note}", style="dim")
    columns = [f"{name} ({kind})" for name, kind in found.columns.items()]
    more = f" and {len(columns) - MOST_COLUMNS:,} more" if len(columns) > MOST_COLUMNS else ""
    terminal.say(f"columns: {', '.join(columns[:MOST_COLUMNS])}{more}")
    terminal.say("task: ", (found.task, "bold"), f" – {found.why}")
    terminal.say()
    for finding in found.findings:
        severity = (f"{finding.severity:<8}", COLOURS[finding.severity])
        terminal.say(severity, f" {finding.title}")
        for line in (finding.detail, finding.advice and f"→ {finding.advice}"):
            if line:
                terminal.print(Padding(styled(line, style="dim"), (0, 0, 0, 9)))
    terminal.say()
    if plan is None:
        terminal.say(("a comparison cannot run yet:", "red"), f" {problem}")
        return
    terminal.say(
        f"a comparison as it stands: {len(plan.entries)} contestants, about"
        f" {in_words(plan.seconds)} on this machine"
    )
    if plan.resolution.get("sentence"):
        terminal.say(str(plan.resolution["sentence"]))


def show_leaderboard(terminal: Terminal, study: StoredStudy) -> None:
    """The leaderboard as a table."""
    ranked = [c for c in study.contestants if c.row]
    if not ranked:
        return
    restarts = int(study.comparison.get("restarts") or 1)
    metric = f"{study.metric}, best of {restarts}" if restarts > 1 else study.metric
    rows: list[list[str | Text]] = [
        [
            c.name,
            _number(c.number("mean"), 4),
            *[_number(c.number("mean_of_all_runs"), 4)] * (restarts > 1),
            f"{_number(c.number('ci_low'), 4)} … {_number(c.number('ci_high'), 4)}",
            styled(c.status, style=STATUS_COLOURS.get(c.status, "")),
            _number(c.number("params"), 0),
            _number(c.number("train_seconds"), 1),
            _number(c.number("latency_ms_p50"), 2),
            _number(c.number("peak_memory_mb"), 0),
        ]
        for c in ranked
    ]
    terminal.table(
        (
            *("contestant", metric, *["all runs"] * (restarts > 1), "95 % interval", "status"),
            *("params", "train s", "ms p50", "MB"),
        ),
        rows,
        kinds=" rrr rrrr" if restarts > 1 else " rr rrrr",
    )


def show_evaluation(terminal: Terminal, found: Evaluation) -> None:
    """A trained contestant on new data: a line a metric."""
    independent = counted(found.units, f"independent {found.unit}")
    blocks = f" in {independent}" if found.units != found.examples else ""
    terminal.say(
        (found.candidate, "bold"), f" ({found.task}) on {found.examples:,} examples{blocks}"
    )
    for note in found.notes:
        terminal.say(note, style="yellow")
    rows = []
    for score in found.scores:
        ends = f"{_number(score.low, 4)} … {_number(score.high, 4)}"
        better = "higher" if score.higher_is_better else "lower"
        known = "–" if pd.isna(score.low) else ends
        rows.append([score.metric, _number(score.value, 4), known, better])
    terminal.table(("metric", "value", "95 % interval", "better"), rows, kinds=" rr ")


def show_monitoring(terminal: Terminal, found: Monitoring) -> None:
    """New data against those of the study: a line a feature, the scores, and what to do."""
    several = len(found.drifts)
    rows = [
        [
            f"{drift.feature} ({drift.unit})",
            _told(drift.before),
            _told(drift.now),
            _number(drift.distance, 2),
            "changed" if drift.drifted(several) else "too few" if drift.few else "as before",
        ]
        for drift in found.drifts
    ]
    terminal.table(("what", "before", "now", "distance", "status"), rows, kinds="   r ")
    if found.now is not None:
        terminal.say()
        show_evaluation(terminal, found.now)
    for note in found.notes:
        terminal.say(note, style="yellow")
    terminal.say()
    terminal.say(ADVICE[found.advice], style="bold")
    for reason in found.reasons:
        terminal.say(f"  · {reason}")


def _told(values: dict[str, float]) -> str:
    """Quartiles, or the three largest shares."""
    if list(values) == list(QUARTILES):
        return " … ".join(f"{value:.3g}" for value in values.values())
    largest = sorted(values.items(), key=lambda pair: -pair[1])[:3]
    return ", ".join(f"{name} {share:.0%}" for name, share in largest) or "–"


def show_sentence(terminal: Terminal, verdict: dict[str, Any]) -> None:
    """The answer, and what it rests on."""
    terminal.say()
    headline = verdict.get("headline") or verdict.get("sentence") or "This study has no verdict."
    terminal.say(str(headline), style="bold")
    if verdict.get("details"):
        terminal.say(" ".join(verdict["details"]))
    for sentence in verdict.get("families") or ():
        terminal.say(f"  {sentence}")
    for sentence in verdict.get("reasons") or ():
        terminal.say(f"  · {sentence}")
    for sentence in (verdict.get("declared") or {}).get("changes") or ():
        terminal.say(f"  · {sentence}")
    for sentence in verdict.get("left_out") or ():
        terminal.say(f"  · {sentence}", style="yellow")


def _number(value: Any, digits: int) -> str:
    return "–" if pd.isna(value) else f"{value:,.{digits}f}"
