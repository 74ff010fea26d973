"""The plan on the terminal: four lines, or every number of it; and the same as plain data."""

from __future__ import annotations

from typing import Any

from seqlab.cli.progress import in_words
from seqlab.cli.terminal import Terminal
from seqlab.study.plan import Allowance, PlannedContestant
from seqlab.study.planning import Plan
from seqlab.study.timing import Pace, counted


def show_plan(terminal: Terminal, plan: Plan, reason: str, verbose: bool = False) -> None:
    """What is asked, who competes, what it takes, and what the test part can tell."""
    parts = plan.parts
    in_each = f" in each of {plan.spec.data.folds} folds" if plan.spec.data.folds else ""
    terminal.say(
        (plan.spec.task, "bold"),
        f" ({reason}): {parts['train']:,} training, {parts['valid']:,} validation,"
        f" {parts['test']:,} test examples{in_each}; {plan.metric} decides",
    )
    terminal.say(_who(plan))
    terminal.say(_effort(plan))
    if plan.resolution.get("brief"):
        terminal.say(str(plan.resolution["brief"]))
    for sentence in plan.allowance.left_out:
        terminal.say(sentence[:1].upper() + sentence[1:], style="yellow")
    if verbose:
        _show_details(terminal, plan)
    terminal.say()


def _who(plan: Plan) -> str:
    """The contestants in a line."""
    networks = [entry.name for entry in plan.entries if entry.kind == "model"]
    baselines = [entry.name for entry in plan.entries if entry.kind != "model"]
    told = [
        f"{counted(len(names), what)} ({', '.join(names)})"
        for names, what in ((networks, "network"), (baselines, "baseline"))
        if names
    ]
    return f"{' and '.join(told)}; {plan.spec.budget.params:,} parameters for each network"


def _effort(plan: Plan) -> str:
    """How much is tried, and how long it takes."""
    tried = counted(plan.allowance.trials, "configuration")
    none = not plan.allowance.trials or not plan.allowance.full_trials
    limit = plan.spec.budget.time
    within = f" of the {in_words(limit)} allowed" if limit is not None else ""
    return (
        f"{'no tuning' if none else tried} and {_seeds(plan)}; about {in_words(plan.seconds)}"
        f"{within}, Ctrl-C keeps what is done"
    )


def _show_details(terminal: Terminal, plan: Plan) -> None:
    """Every number of the plan."""
    for note in plan.notes:
        terminal.say(f"  {note}", style="dim")
    terminal.table(
        ("contestant", "kind", "width", "parameters", "embedding", "ms a step"),
        [_entry(entry, plan.outlook.paces.get(entry.name)) for entry in plan.entries],
        kinds="  rrrr",
    )
    allowance = plan.allowance
    terminal.say(f"tuning: {_tuning(allowance)}")
    terminal.say(f"each run: {_length(allowance)}; {plan.workers} at a time")
    if plan.resolution.get("sentence"):
        terminal.say(str(plan.resolution["sentence"]))


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
