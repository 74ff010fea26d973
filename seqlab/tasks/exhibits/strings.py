"""What a report shows of written strings: some side by side, quality by length, who read what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.metrics.base import Array, Metric
from seqlab.tasks.base import Exhibit
from seqlab.tasks.exhibits.curves import binned
from seqlab.tasks.parts import Input

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN_TRANSLATIONS = 12
DRAWN_ATTENTIONS = 3
SHOWN_CHARACTERS = 400  # of a string that is shown
MOST_ATTENTION_TOKENS = 24  # of a sequence whose attention can still be read


@dataclass(frozen=True)
class Written:
    """What a contestant wrote for each example, with the primary metric and its statistics."""

    texts: Sequence[str]
    metric: Metric
    statistics: Array

    def score(self, row: int, target: str) -> float:
        """Of one example: by the metric, or by chrF where that says little of one alone."""
        if not self.metric.of_corpus:
            return round(self.metric.value(self.statistics[row : row + 1]), 3)
        chrf: Metric = registry.load("metrics", "chrf")()
        return round(chrf.value(chrf.collect([self.texts[row]], [target])), 1)


def exhibits(written: Written, examples: Examples, read: Input) -> list[Exhibit]:
    """Some examples side by side, and quality by length."""
    return [_side_by_side(written, examples, read), _by_length(written, examples, read)]


def _side_by_side(written: Written, examples: Examples, read: Input) -> Exhibit:
    items = []
    for row in spread(examples, SHOWN_TRANSLATIONS, read):
        target = str(examples.frame["target"].iloc[row])
        items.append(
            {
                **read.item(examples, int(row)),
                "target": target[:SHOWN_CHARACTERS],
                "predicted": written.texts[row][:SHOWN_CHARACTERS],
                "score": written.score(int(row), target),
            }
        )
    name = "chrF" if written.metric.of_corpus else written.metric.name
    note = f"From the shortest to the longest {read.unit}; in brackets, each one's {name}."
    return Exhibit("examples", "Texts side by side", {"items": items}, note)


def _by_length(written: Written, examples: Examples, read: Input) -> Exhibit:
    metric, statistics = written.metric, written.statistics
    lengths, unit = read.lengths_shown(examples)
    labels = (unit, metric.name)
    return binned("Score by length", lengths, lambda rows: metric.value(statistics[rows]), labels)


def attentions(
    read: Callable[[int], tuple[list[str], list[str], NDArray[np.float64]] | None],
    examples: Examples,
    reader: Input,
) -> list[Exhibit]:
    """Who reads what, for a few examples short enough to be read.

    `read(row)` gives the pieces written, those of the source, and the weights between them.
    """
    short = np.flatnonzero(reader.lengths(examples) <= MOST_ATTENTION_TOKENS)
    made: list[Exhibit] = []
    for row in short[spread(examples.take(short), DRAWN_ATTENTIONS, reader)] if len(short) else ():
        attention = read(int(row))
        if attention is None:
            return []
        written, source, weights = attention
        data = {
            "rows": written[:MOST_ATTENTION_TOKENS],
            "columns": source,
            "values": np.round(100 * weights[:MOST_ATTENTION_TOKENS]).astype(int).tolist(),
            "row_label": "what is written",
            "column_label": "the source",
        }
        title = f"What is read for “{str(examples.frame['source'].iloc[row])[:60]}”"
        made.append(
            Exhibit(
                "matrix",
                title,
                data,
                ""
                if made
                else "Percent of each row: weights of the last block, averaged over its heads.",
            )
        )
    return made


def spread(examples: Examples, count: int, read: Input) -> NDArray[np.int64]:
    """Rows from the shortest example to the longest: the same for all contestants."""
    order = np.argsort(read.lengths(examples), kind="stable")
    places = np.linspace(0, len(order) - 1, min(count + 2, len(order))).round().astype(int)
    inner = places[1:-1] if len(places) > count else places
    return np.asarray(order[np.unique(inner)])
