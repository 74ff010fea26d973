"""New data against the data of the study: what has changed, and whether to train again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from seqlab import registry
from seqlab.compare.comparison import plain
from seqlab.compare.drift import FEWEST, Drift, of_numbers, of_shares
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.metrics.base import Metric
from seqlab.progress import doing
from seqlab.study.prepared_folder import load_prepared
from seqlab.tasks.base import Prepared
from seqlab.workbench.evaluating import Evaluation, Evaluator, Score
from seqlab.workbench.features import Feature, of_examples, of_predictions, watched
from seqlab.workbench.gathering import Columns
from seqlab.workbench.predictor import Predictor, load

MOST_BEFORE = 20_000  # training examples that new ones are compared with

Advice = Literal["retrain", "label", "keep"]


@dataclass(frozen=True)
class Monitoring:
    """What was found. before, now: scores on the study's test part and on labelled new data."""

    advice: Advice
    reasons: tuple[str, ...]
    examples: int
    drifts: tuple[Drift, ...]
    before: Evaluation | None
    now: Evaluation | None
    notes: tuple[str, ...]

    @property
    def drifted(self) -> list[Drift]:
        """The features that have changed."""
        return [drift for drift in self.drifts if drift.drifted(len(self.drifts))]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        drifts = [
            {**asdict(drift), "drifted": drift.drifted(len(self.drifts))} for drift in self.drifts
        ]
        told = {
            "advice": self.advice,
            "reasons": list(self.reasons),
            "examples": self.examples,
            "drifts": drifts,
            "before": self.before and self.before.to_dict(),
            "now": self.now and self.now.to_dict(),
            "notes": list(self.notes),
        }
        return {name: plain(value) for name, value in told.items()}


def monitor(folder: Path, data: Any, columns: Columns = None, **reading: Any) -> Monitoring:
    """Compare a file with what the winner of a study was trained and tested on."""
    predictor = load(folder)
    prepared = _prepared(folder, predictor)
    with doing("looking at the data of the study"):
        refit = bool(predictor.card.get("refit"))
        before = _features(predictor, [_some(prepared.train)], predicted=False)
        held_out = [prepared.valid, prepared.test]
        unseen = _features(predictor, held_out, predicted=False)
        before |= {name: feature for name, feature in unseen.items() if feature.held_out}
        before |= _features(predictor, [prepared.test], read=False)
        tested = None if refit else _evaluated(predictor, [prepared.test], "the test part")
    with doing("looking at the new data"):
        new = list(predictor.examples(data, columns, reading, labelled=True))
        now = _features(predictor, new)
        scored = _evaluated(predictor, new, str(data) if isinstance(data, str | Path) else "data")
    notes = []
    if refit:  # it has seen the test part: it is surer of it, and better, than of anything new
        before = {name: feature for name, feature in before.items() if not feature.score}
        notes.append("trained again on all data: how sure it is cannot be compared")
    few = [feature.name for name, feature in before.items() if len(feature.values) < FEWEST]
    if few:
        notes.append(f"the study has too few held-out examples to compare: {', '.join(few)}")
    drifts = tuple(_drift(before[name], now[name]) for name in now if name in before)
    advice, reasons = _advice(drifts, _tested(predictor, tested), scored)
    count = sum(map(len, new))
    return Monitoring(advice, tuple(reasons), count, drifts, tested, scored, tuple(notes))


def _prepared(folder: Path, predictor: Predictor) -> Prepared:
    for study in (folder, folder.resolve().parent):
        part = study / "prepared" / "fold0"
        if (part / "digest").exists():
            return load_prepared(predictor.task.name, part)
    raise UserError(
        f"{folder}: the study's prepared data are not beside it, and nothing to compare with",
        "name best/ within the study's folder, where prepared/ lies too",
    )


def _some(examples: Examples) -> Examples:
    if len(examples) <= MOST_BEFORE:
        return examples
    drawn = np.random.default_rng(0).choice(len(examples), MOST_BEFORE, replace=False)
    return examples.take(np.sort(drawn))


def _features(
    predictor: Predictor, pieces: Sequence[Examples], *, read: bool = True, predicted: bool = True
) -> dict[str, Feature]:
    """By name, of what is read and of what is predicted."""
    found: dict[str, Feature] = {}
    for examples in (watched(predictor.task, piece) for piece in pieces):
        if len(examples):
            for feature in _of_piece(predictor, examples, read, predicted):
                earlier = [found[feature.name].values] if feature.name in found else []
                values = np.concatenate([*earlier, feature.values])
                found[feature.name] = feature._replace(values=values)
    return found


def _of_piece(
    predictor: Predictor, examples: Examples, read: bool, predicted: bool
) -> Iterator[Feature]:
    if read:
        yield from of_examples(predictor.task, examples)
    if predicted:
        yield from of_predictions(predictor.task, predictor.raw(examples), examples)


def _evaluated(predictor: Predictor, pieces: Sequence[Examples], origin: str) -> Evaluation | None:
    """Scores of what says what is wanted of it; None where nothing does."""
    evaluator = Evaluator(predictor.task)
    any_known = False
    for examples in pieces:
        rows = np.flatnonzero(predictor.task.known(examples))
        if len(rows):
            known, any_known = examples.take(rows), True
            evaluator.add(known, predictor.raw(known))
    return evaluator.result(str(predictor.card["candidate"]), origin) if any_known else None


def _drift(before: Feature, now: Feature) -> Drift:
    if now.values.dtype == object:
        return of_shares(now.name, now.unit, before.values.tolist(), now.values.tolist())
    return of_numbers(now.name, now.unit, before.values, now.values)


def _advice(
    drifts: Sequence[Drift], old: Score | None, now: Evaluation | None
) -> tuple[Advice, list[str]]:
    """What labels say decides; without them, what has changed is a reason to label some rows."""
    changed = [drift for drift in drifts if drift.drifted(len(drifts))]
    told = [
        f"changed: {drift.feature}, by {drift.distance:.2f} on a scale from 0 to 1"
        for drift in changed
    ]
    if now is not None and now.examples < FEWEST:
        told.append(f"{now.examples} labelled examples are too few to judge by")
    elif old is not None and now is not None:
        worse, sentence = _worse(old, now.scores[0])
        return ("retrain" if worse else "keep"), [sentence, *told]
    if changed:
        return "label", [*told, "whether that harms is not known without labels: label some rows"]
    return "keep", [*told, "nothing that can be watched has changed"]


def _tested(predictor: Predictor, tested: Evaluation | None) -> Score | None:
    """The primary metric on the test part; of what was trained again, as it was before that."""
    if tested is not None:
        return tested.scores[0]
    name = predictor.task.metrics[0]
    value = predictor.card.get("test", {}).get(name)
    higher = registry.load("metrics", name).higher_is_better
    return None if value is None else Score(name, value, value, value, higher)


def _worse(old: Score, new: Score) -> tuple[bool, str]:
    """Whether the metric fell by more than its margin, and more than both intervals allow for."""
    metric: Metric = registry.load("metrics", new.metric)()
    margin = metric.margin * (abs(old.value) if metric.relative_margin else 1.0)
    fall = (old.value - new.value) * (1.0 if new.higher_is_better else -1.0)
    # Two samples that know nothing of each other: their half widths add up like hypotenuses.
    chance = math.hypot(old.high - old.low, new.high - new.low) / 2
    worse = bool(fall > margin and fall > chance)  # false where there is no interval
    interval = f"{new.value:.3g} ({new.low:.3g} … {new.high:.3g})"
    verb = "is worse than" if worse else "is not clearly worse than"
    return worse, f"{new.metric} of {interval} {verb} {old.value:.3g} on the test part"
