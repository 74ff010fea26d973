"""What a report shows of a tagger: quality by tag and by length, and marked-up sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqlab.data.examples import Examples, Ragged
from seqlab.metrics.spans import spans
from seqlab.tasks.base import Exhibit
from seqlab.tasks.exhibits.curves import binned

SPREAD_SHOWN = 5  # sentences, the same for all contestants
HARDEST_SHOWN = 8  # sentences, each contestant's worst
SHOWN_TOKENS = 80  # tokens of a sentence
MOST_TAGS = 40  # rows of a confusion matrix that can still be read


def exhibits(
    predictions: Ragged,
    predicted: list[list[str]],
    examples: Examples,
    classes: Sequence[str],
    spanned: bool,
) -> list[Exhibit]:
    """For tagged examples; `predicted`: tags by name, `spanned`: whether they mark spans."""
    given = [list(tags) for tags in examples.frame["tags"]]
    made = [_by_tag(predicted, given, spanned), _by_length(predicted, given)]
    if not spanned and len(classes) <= MOST_TAGS:
        made.append(_confusions(predicted, given, list(classes)))
    tokens = [[str(token) for token in row] for row in examples.frame["tokens"]]
    if tokens[0]:
        sentences = _Sentences(tokens, given, predicted, spanned)
        made += [sentences.spread(), sentences.hardest(predictions)]
    return made


def _by_tag(predicted: list[list[str]], given: list[list[str]], spanned: bool) -> Exhibit:
    """Precision, recall and F1 of each type of span, or of each tag."""
    right: Counter[str] = Counter()
    predicted_counts: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for own, true in zip(predicted, given, strict=True):
        if spanned:
            ours, theirs = set(spans(own)), set(spans(true))
            predicted_counts.update(span.type for span in ours)
            wanted.update(span.type for span in theirs)
            right.update(span.type for span in ours & theirs)
        else:
            predicted_counts.update(own)
            wanted.update(true)
            right.update(a for a, b in zip(own, true, strict=True) if a == b)
    rows: list[list[Any]] = []
    for name in sorted(wanted | predicted_counts, key=lambda name: (-wanted[name], name)):
        precision = right[name] / predicted_counts[name] if predicted_counts[name] else 0.0
        recall = right[name] / wanted[name] if wanted[name] else 0.0
        f1 = 2 * right[name] / (predicted_counts[name] + wanted[name])
        rows.append([name or "span", precision, recall, f1, wanted[name]])
    what = "span" if spanned else "tag"
    return Exhibit(
        "table",
        f"Quality by {what}",
        {"columns": [what, "precision", "recall", "F1", "in test"], "rows": rows},
    )


def _by_length(predicted: list[list[str]], given: list[list[str]]) -> Exhibit:
    lengths = np.array([len(tags) for tags in given])
    wrong = np.array([_errors(a, b) for a, b in zip(predicted, given, strict=True)])

    def share(rows: np.ndarray) -> float:
        return float(wrong[rows].sum() / lengths[rows].sum())

    labels = ("positions in the sequence", "share of tags that are wrong")
    return binned("Errors by length", lengths, share, labels)


def _errors(predicted: list[str], given: list[str]) -> int:
    return sum(a != b for a, b in zip(predicted, given, strict=True))


def _confusions(predicted: list[list[str]], given: list[list[str]], classes: list[str]) -> Exhibit:
    number = {name: i for i, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    for own, true in zip(predicted, given, strict=True):
        for a, b in zip(own, true, strict=True):
            if b in number:
                counts[number[b], number[a]] += 1
    return Exhibit(
        "matrix",
        "Confusions",
        {
            "rows": classes,
            "columns": classes,
            "values": counts.tolist(),
            "row_label": "true tag",
            "column_label": "predicted tag",
        },
    )


@dataclass(frozen=True)
class _Sentences:
    """Tokens with their given and predicted tags, sentence by sentence."""

    tokens: list[list[str]]
    given: list[list[str]]
    predicted: list[list[str]]
    spanned: bool

    def spread(self) -> Exhibit:
        """From the shortest to the longest: the same for all contestants."""
        order = np.argsort([len(tags) for tags in self.given], kind="stable")
        places = (
            np.linspace(0, len(order) - 1, min(SPREAD_SHOWN + 2, len(order))).round().astype(int)
        )
        inner = places[1:-1] if len(places) > SPREAD_SHOWN else places
        return self._marked("Tagged test sentences", order[np.unique(inner)], "From short to long.")

    def hardest(self, predictions: Ragged) -> Exhibit:
        """Sentences with wrong tags, those first whose wrong tags were held for the surest."""
        probabilities = np.split(predictions.values[:, 1], predictions.offsets[1:-1])
        doubts = [
            sum(p for p, a, b in zip(sure, own, true, strict=True) if a != b)
            for sure, own, true in zip(probabilities, self.predicted, self.given, strict=True)
        ]
        rows = np.argsort(-np.array(doubts), kind="stable")[:HARDEST_SHOWN]
        note = "Each contestant's own, those first whose wrong tags it took for the surest; some"
        note += " given tags may be wrong."
        return self._marked("Hardest test sentences", rows, note)

    def _marked(self, title: str, rows: np.ndarray, note: str) -> Exhibit:
        items = []
        for row in rows:
            own, true = self.predicted[row], self.given[row]
            wrong = _errors(own, true)
            said = f"{wrong} of {len(true)} tags wrong" if wrong else "all tags right"
            if self.spanned:
                own, true = _types(own), _types(true)
            else:  # every token has a tag: of the predicted ones only what differs is worth a mark
                own = ["" if a == b else a for a, b in zip(own, true, strict=True)]
            named = {"tokens": self.tokens[row], "target": true, "predicted": own}
            items.append({**{k: v[:SHOWN_TOKENS] for k, v in named.items()}, "note": said})
        if not self.spanned:
            note += " Of the predicted tags only those are marked that differ."
        return Exhibit("marked", title, {"items": items}, note)


def _types(tags: list[str]) -> list[str]:
    """At each position the type of its span, or nothing."""
    types = [""] * len(tags)
    for span in spans(tags):
        types[span.start : span.end] = [span.type or "span"] * (span.end - span.start)
    return types
