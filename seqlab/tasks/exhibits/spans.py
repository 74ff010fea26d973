"""What a report shows of answers: contexts with both marked, quality by question and length."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.metrics.answer_f1 import AnswerF1
from seqlab.metrics.exact_match import ExactMatch
from seqlab.tasks.base import Exhibit, Predictions, as_array
from seqlab.tasks.exhibits.curves import binned
from seqlab.tasks.parts import Input
from seqlab.tasks.targets.span_texts import accepted, answers, normalised

SPREAD_SHOWN = 6  # examples, the same for all contestants
HARDEST_SHOWN = 6  # examples, each contestant's worst
TOKENS_AROUND = 40  # tokens shown on either side of the answers
MOST_QUESTION_KINDS = 10
MARK = "answer"


def exhibits(predictions: Predictions, examples: Examples, read: Input) -> list[Exhibit]:
    """Examples with known answers only."""
    given = [normalised(text) for text in answers(predictions, examples)]
    wanted = accepted(examples)
    f1 = AnswerF1().collect(given, wanted)[:, 0]
    exact = ExactMatch().collect(given, wanted)[:, 0]
    return [
        _by_question(f1, exact, examples),
        _by_length(f1, examples, read),
        _spread(predictions, f1, examples),
        _hardest(predictions, f1, examples),
    ]


def _by_question(
    f1: NDArray[np.float64], exact: NDArray[np.float64], examples: Examples
) -> Exhibit:
    """Grouped by the first word of the question."""
    firsts = np.array([_first(text) for text in examples.frame["question"]], dtype=object)
    kinds = [name for name, _ in Counter(firsts.tolist()).most_common(MOST_QUESTION_KINDS)]
    rows = [
        [name, int(chosen.sum()), float(f1[chosen].mean()), float(exact[chosen].mean())]
        for name in kinds
        if (chosen := firsts == name).any()
    ]
    columns = ["question begins with", "test examples", "answer F1", "exact match"]
    return Exhibit("table", "Quality by question", {"columns": columns, "rows": rows})


def _first(question: str) -> str:
    words = question.lower().split()
    return words[0] if words else ""


def _by_length(f1: NDArray[np.float64], examples: Examples, read: Input) -> Exhibit:
    lengths, unit = read.lengths_shown(examples)
    return binned("Quality by length", lengths, lambda rows: f1[rows].mean(), (unit, "answer F1"))


def _spread(predictions: Predictions, f1: NDArray[np.float64], examples: Examples) -> Exhibit:
    """Evenly chosen from the test part: the same examples for all contestants."""
    rows = np.unique(np.linspace(0, len(examples) - 1, SPREAD_SHOWN).round().astype(int))
    items = [_item(row, as_array(predictions)[row], f1[row], examples) for row in rows.tolist()]
    note = "Evenly chosen from the test part; an unmarked context holds no answer."
    return Exhibit("marked", "Answers in their contexts", {"items": items}, note)


def _hardest(predictions: Predictions, f1: NDArray[np.float64], examples: Examples) -> Exhibit:
    """The surest wrong answers first: those with the lowest F1, the most probable among them."""
    answers_given = as_array(predictions)
    rows = np.lexsort((-answers_given[:, 2], f1))[:HARDEST_SHOWN]
    items = [_item(row, answers_given[row], f1[row], examples) for row in rows.tolist()]
    note = "Each contestant's own, the worst answers first and the surest among them."
    return Exhibit("marked", "Hardest test examples", {"items": items}, note)


def _item(
    row: int, prediction: NDArray[np.float64], f1: float, examples: Examples
) -> dict[str, object]:
    offsets, begin = examples.ragged("offsets")[row], int(examples.array("begin")[row])
    context = str(examples.frame["context"].iloc[row])
    words = [context[a:b] for a, b in offsets]
    target = examples.array("answer")[row] - begin
    predicted = prediction[:2].astype(np.int64) - begin
    shown = [int(p) for p in (*target, *predicted) if p >= 0] or [0]
    low, high = max(0, min(shown) - TOKENS_AROUND), max(shown) + TOKENS_AROUND + 1

    def marks(span: NDArray[np.int64]) -> list[str]:
        inside = [span[0] <= i <= span[1] and span[0] >= 0 for i in range(len(words))]
        return [MARK if here else "" for here in inside][low:high]

    return {
        "tokens": words[low:high],
        "target": marks(target),
        "predicted": marks(predicted),
        "title": str(examples.frame["question"].iloc[row]),
        "note": f"{'' if predicted[0] >= 0 else 'no answer, '}F1 {f1:.2f}",
    }
