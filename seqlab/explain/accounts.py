"""All that is explained of a study: of each contestant in the winner set, with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqlab.errors import UserError
from seqlab.explain.agreement import Agreement, agreement, correlation, randomised
from seqlab.explain.attention_claim import AttentionClaim, attention_claim
from seqlab.explain.attribution import Attribution
from seqlab.explain.case import case_of
from seqlab.explain.evidence import Tested, tested
from seqlab.explain.explaining import attributions, method, possible
from seqlab.explain.features import Feature, Without, features
from seqlab.explain.intervals import Estimate
from seqlab.explain.methods.base import Case
from seqlab.explain.subject import Subject, drawn, subject_of_run
from seqlab.runs import Run, list_runs, read_json
from seqlab.study.prepared_folder import load_prepared
from seqlab.tasks.base import Prepared

TESTED_EXAMPLES, AGREED_EXAMPLES, GLOBAL_EXAMPLES, SHOWN_EXAMPLES = 100, 40, 1000, 8
YARDSTICKS = ("exact", "integrated-gradients", "occlusion-mask")  # the first that can be had

Told = Callable[[float, str], None]  # a share of all that is done, and what is done now


@dataclass(frozen=True)
class Account:
    """What is said of one contestant."""

    subject: Subject
    run: Run
    metric: str
    score: float
    shown: Case
    explained: list[Attribution]  # of `shown`
    tested: list[Tested]
    tested_examples: int
    refused: dict[str, str]  # method → why it cannot be had
    agreement: Agreement | None
    features: list[Feature]
    yardstick: str
    global_examples: int
    attention: AttentionClaim | None
    untrained: Estimate | None  # rank correlation with the same network before training


def accounts(
    study: Path, told: Told = lambda share, what: None, *, randomise: bool = False
) -> list[Account]:
    """Of every contestant in a finished study's winner set, the recommended one first."""
    verdict_file = study / "verdict.json"
    if not verdict_file.is_file():
        raise UserError(
            f"{study}: holds no finished study (no verdict.json)",
            "run seqlab compare first, or explain single texts with --text",
        )
    verdict = read_json(verdict_file)
    names = sorted(verdict["winner_set"], key=lambda name: name != verdict["recommended"])
    data = study / "prepared/fold0"
    prepared = load_prepared(read_json(data / "prepared.json")["task"], data)
    runs = [run for run in list_runs(study) if _counts(run)]
    found = []
    for number, name in enumerate(names):
        own = [run for run in runs if run.result["candidate"] == name]

        def say(step: float, what: str, number: int = number, name: str = name) -> None:
            told((number + step) / len(names), f"{name}: {what}")

        if own:
            found.append(_account(own, prepared, say, randomise))
    if not found:
        raise UserError(
            f"{study}: no run of the winner set has finished on all data",
            "run the study's command again",
        )
    return found


def _counts(run: Run) -> bool:
    job = run.job
    return run.ok and job.role == "verdict" and job.fold == 0 and job.size is None


def _account(runs: Sequence[Run], prepared: Prepared, told: Told, randomise: bool) -> Account:
    ordered = sorted(runs, key=lambda run: run.result["valid"])
    run = ordered[len(ordered) // 2]
    subject = subject_of_run(run, prepared.task)

    def case(most: int) -> Case:
        return case_of(subject, drawn(prepared.test, most), prepared.train)

    told(0.0, "single examples")
    shown = case(SHOWN_EXAMPLES)
    explained = list(attributions(shown))
    told(0.1, "methods against random order")
    tests = case(TESTED_EXAMPLES)
    found = {one.method: one for one in attributions(tests)}
    results = tested(tests, list(found.values()))
    yardstick = next(name for name in YARDSTICKS if name in found)
    told(0.5, "agreement over seeds")
    agreed = _agreement(runs, subject, prepared, yardstick, case)
    told(0.7, "what matters over the test part")
    every = case(GLOBAL_EXAMPLES)
    matters = features(every, method(yardstick).attribute(every))
    told(0.9, "attention")
    claim = None
    if "attention" in found:
        parts = found["attention"], found["occlusion-mask"]
        claim = attention_claim(tests, *parts, prepared.test)
    untrained = _untrained(tests, found[yardstick], yardstick) if randomise else None
    measured = Without(every)
    return Account(
        subject=subject,
        run=run,
        metric=measured.metric.name,
        score=measured.whole,
        shown=shown,
        explained=explained,
        tested=results,
        tested_examples=len(tests.examples),
        refused=refusals(shown),
        agreement=agreed,
        features=matters,
        yardstick=yardstick,
        global_examples=len(every.examples),
        attention=claim,
        untrained=untrained,
    )


def _agreement(
    runs: Sequence[Run],
    subject: Subject,
    prepared: Prepared,
    yardstick: str,
    case: Callable[[int], Case],
) -> Agreement | None:
    """Over the seeds of a network; a baseline has no chance."""
    if not subject.trained_by_gradient:
        return None
    others = [subject_of_run(run, prepared.task) for run in runs]
    return agreement(case(AGREED_EXAMPLES), others, method(yardstick))


def _untrained(case: Case, trained: Attribution, yardstick: str) -> Estimate | None:
    if not case.subject.trained_by_gradient:
        return None
    from dataclasses import replace

    fresh = replace(case, subject=randomised(case, seed=case.seed + 1))
    return correlation(trained, method(yardstick).attribute(fresh))


def refusals(case: Case) -> dict[str, str]:
    """Methods that the contestant cannot have, with the reason."""
    from seqlab import registry
    from seqlab.explain.explaining import METHODS

    able = possible(case)
    return {
        name: registry.load(METHODS, name).refusal(case)
        for name in registry.names(METHODS)
        if name not in able
    }
