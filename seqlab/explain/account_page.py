"""The page of a study's explanations: what each contestant looks at, and how far to believe it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seqlab import registry
from seqlab.explain.accounts import Account
from seqlab.explain.evidence import SHARES
from seqlab.explain.explaining import METHODS
from seqlab.explain.intervals import Estimate
from seqlab.explain.pages import Chapter, Example, Page, Piece, Sheet, Strip, write_page
from seqlab.explain.questions.base import Question
from seqlab.tasks.row_task import RowTask

MOST_PIECES = 80  # units of a strip
MANY_UNITS = 24  # from which those that matter least are left out of a strip that has no order
SHOWN_ANSWERS = 1


def write_explanations(study: Path, found: Sequence[Account]) -> Path:
    """Write `explanations.html` into a study's folder."""
    return write_page(page_of(study, found), study / "explanations.html")


def page_of(study: Path, found: Sequence[Account]) -> Page:
    """The page of some contestants."""
    names = ", ".join(account.subject.name for account in found)
    task = found[0].subject.task.name
    return Page(
        title=f"{study.name} – explanations – seqlab",
        eyebrow=f"{study.name} · {task} · explanations",
        headline=_headline(found[0]),
        beneath=[line for account in found for line in _believable(account)],
        facts=[
            ("Explained", f"{names}: every contestant in the winner set"),
            ("Examples", f"{found[0].global_examples:,} of the test part"),
            ("Methods tested on", f"{found[0].tested_examples:,} examples, against random order"),
        ],
        chapters=[
            *(chapter for account in found for chapter in _chapters(account)),
            _reading(),
        ],
    )


def _headline(account: Account) -> str:
    top = [feature.name for feature in account.features[:3]]
    noun = account.shown.units.noun
    return f"{account.subject.name} rests most on the {noun}s " + ", ".join(f"“{n}”" for n in top)


def _believable(account: Account) -> list[str]:
    holding = [one.method for one in account.tested if one.holds]
    name = account.subject.name
    if not holding:
        return [f"{name}: no method is shown to be better than random order: believe none of them."]
    best = max(account.tested, key=lambda one: one.gain.value).method
    return [
        f"{name}: {len(holding)} of {len(account.tested)} methods are better than random order,"
        f" {best} the most."
    ]


def _chapters(account: Account) -> list[Chapter]:
    name = account.subject.name
    return [
        Chapter(
            f"{name}-matters",
            f"{name}: what matters over the test part",
            lead=f"By {account.yardstick}; beside each, what {account.metric} is if it is masked"
            f" wherever it stands. With all it is {account.score:.3f}.",
            sentences=_shortcut(account),
            sheets=[_features(account)],
        ),
        Chapter(
            f"{name}-examples",
            f"{name}: single examples",
            lead="What a greyed method says is not shown to be better than chance on these data.",
            examples=_examples(account),
        ),
        Chapter(
            f"{name}-evidence",
            f"{name}: how far to believe it",
            lead="A method is worth something where the answer falls more without the units that it"
            " names than without as many others, and falls less with them alone.",
            sentences=_evidence_sentences(account),
            notices=[one.sentence for one in account.tested if not one.holds],
            sheets=[_evidence(account), _falls(account)],
        ),
    ]


def _shortcut(account: Account) -> list[str]:
    costly = [f for f in account.features if f.loss is not None and f.loss.above]
    if not costly:
        return [f"leaving any one of them out is not shown to make {account.metric} worse"]
    first = max(costly, key=lambda f: f.loss.value if f.loss else 0.0)
    return [
        f"“{first.name}” is in {first.examples:,} examples and costs most where it is masked: ask"
        " whether it should decide; a rating, an id or a source within the text is a leak"
    ]


def _features(account: Account) -> Sheet:
    rows = [
        [
            f.name,
            f"{f.examples:,}",
            f"{100 * f.weight:.1f} %",
            f"{f.mean:+.3f}",
            f"{f.score:.3f}",
            span(f.loss),
        ]
        for f in account.features
    ]
    noun, metric = account.shown.units.noun, account.metric
    columns = [noun, "examples", "share of all", "mean", f"{metric} without", "worse by (95 %)"]
    caption = (
        f"mean: what it adds to the answer ({account.shown.question.unit}), where it is there;"
        " above 0 it speaks for it"
    )
    return Sheet(columns, rows, caption)


def _examples(account: Account) -> list[Example]:
    case, holds = account.shown, {one.method: one.holds for one in account.tested}
    task, found = account.subject.task, []
    for row in range(len(case.examples)):
        shown = task.reader.shown(case.examples, row) if isinstance(task, RowTask) else ""
        names = case.units.names(row)
        strips = [
            Strip(one.method, _pieces(names, one.values[row][0]), not holds.get(one.method, True))
            for one in account.explained
        ]
        title = shown if shown and len(shown) < 120 else f"Example {row + 1}"
        found.append(Example(title, f"answer: {_answer(case.question, row)}", strips))
    return found


def _answer(question: Question, row: int) -> str:
    return next((name for name in question.names(row) if name), "")


def _pieces(names: Sequence[str], values: np.ndarray) -> list[Piece]:
    most = float(np.abs(values).max(initial=0)) or 1.0
    order = np.arange(len(names))
    if len(names) > MOST_PIECES:
        order = np.sort(np.argsort(-np.abs(values))[:MOST_PIECES])
    elif len(names) > MANY_UNITS and any(", " in name for name in names):
        order = np.argsort(-np.abs(values))[:MANY_UNITS]
    return [Piece(names[i], float(values[i] / most), f"{values[i]:+.4f}") for i in order.tolist()]


def _evidence_sentences(account: Account) -> list[str]:
    said = [] if account.agreement is None else [account.agreement.sentence]
    if account.attention is not None:
        said += account.attention.sentences
    if account.untrained is not None:
        r = account.untrained
        said.append(
            f"against the same network before training {account.yardstick} has a rank correlation"
            f" of {r.value:.2f} (95 %: {r.low:.2f}–{r.high:.2f}); near 1 it would not depend on"
            " what was learned"
        )
    return said + [f"{name}: {reason}" for name, reason in account.refused.items()]


def _evidence(account: Account) -> Sheet:
    removals = account.shown.units.removals
    rows = [
        [one.method, *(span(one.gains[how]) for how in removals), span(one.gain)]
        for one in account.tested
    ]
    columns = ["method", *removals, "together"]
    caption = (
        "How much more an answer falls than in random order, with intervals that hold for all"
        " methods at once, under three ways of removing units."
    )
    dim = [number for number, one in enumerate(account.tested) if not one.holds]
    return Sheet(columns, rows, caption, dim=dim)


def _falls(account: Account) -> Sheet:
    rows: list[list[str]] = []
    dim: list[int] = []
    for one in account.tested:
        for how, curves in one.curves.items():
            if not one.holds:
                dim.append(len(rows))
            falls = curves.without.mean(axis=0), curves.alone.mean(axis=0)
            rows.append(
                [one.method, how, *(f"{a:+.2f} / {b:+.2f}" for a, b in zip(*falls, strict=True))]
            )
    columns = ["method", "removed by", *(f"{100 * share:g} %" for share in SHARES)]
    caption = (
        f"How far the answer falls ({account.shown.question.unit}) without the first units of each"
        " method / with them alone, by their share of all units (at least one)."
    )
    return Sheet(columns, rows, caption, words=2, dim=dim)


def _reading() -> Chapter:
    methods = registry.cards(METHODS)
    return Chapter(
        "reading",
        "How to read this page",
        meanings=[
            *((name, str(card["says"])) for name, card in methods.items()),
            (
                "delete, mask, resample",
                "three ways to take a unit away: it is gone; something that says nothing stands"
                " there; something else from the data stands there. They tell different stories,"
                " since what is left is unlike what the model was trained on.",
            ),
            (
                "greyed out",
                "the method's order is not shown to be better than a random one on these data.",
            ),
        ],
    )


def span(estimate: Estimate | None) -> str:
    """A value with its interval."""
    if estimate is None or not np.isfinite(estimate.value):
        return "–"
    if not np.isfinite([estimate.low, estimate.high]).all():
        return f"{estimate.value:+.3f}"
    return f"{estimate.value:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f})"
