"""What a report shows of translations: some side by side, quality by length, who read what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seqlab import registry
from seqlab.data.examples import Examples, Ragged
from seqlab.metrics.base import Array, Metric
from seqlab.tasks.base import Exhibit
from seqlab.tasks.binned import binned

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN = 12  # translations
DRAWN = 3  # attentions
LETTERS = 400  # of a string that is shown
MOST_PIECES = 24  # of a sequence whose attention can still be read


def exhibits(
    written: Sequence[str], examples: Examples, metric: Metric, statistics: Array
) -> list[Exhibit]:
    """Translations side by side and quality by length; the statistics are the metric's."""
    return [
        _side_by_side(written, examples, metric, statistics),
        _by_length(examples, metric, statistics),
    ]


def _side_by_side(
    written: Sequence[str], examples: Examples, metric: Metric, statistics: Array
) -> Exhibit:
    """Scored one by one: by the metric, if it counts tokens, else by chrF."""
    chrf: Any = registry.load("metrics", "chrf")()
    items = []
    for row in spread(examples, SHOWN):
        source, target = (str(examples.frame[side].iloc[row]) for side in ("source", "target"))
        items.append(
            {
                "text": source[:LETTERS],
                "target": target[:LETTERS],
                "predicted": written[row][:LETTERS],
                "score": metric.value(statistics[row : row + 1])
                if metric.space == "tokens"
                else round(chrf.value(chrf.collect([written[row]], [target])), 1),
            }
        )
    name = metric.name if metric.space == "tokens" else "chrF"
    note = f"From the shortest to the longest source; in brackets, each one's {name}."
    return Exhibit("examples", "Translations side by side", {"items": items}, note)


def _by_length(examples: Examples, metric: Metric, statistics: Array) -> Exhibit:
    lengths, labels = _sources(examples).lengths, ("tokens in the source", metric.name)
    return binned("Score by length", lengths, lambda rows: metric.value(statistics[rows]), labels)


def attentions(
    read: Callable[[int], tuple[list[str], list[str], NDArray[np.float64]] | None],
    examples: Examples,
) -> list[Exhibit]:
    """Who reads what, for a few examples short enough to be read.

    `read(row)` gives the pieces written, those of the source, and the weights between them.
    """
    short = np.flatnonzero(_sources(examples).lengths <= MOST_PIECES)
    made: list[Exhibit] = []
    for row in short[spread(examples.take(short), DRAWN)] if len(short) else ():
        found = read(int(row))
        if found is None:
            return []
        written, source, weights = found
        data = {
            "rows": written[:MOST_PIECES],
            "columns": source,
            "values": np.round(100 * weights[:MOST_PIECES]).astype(int).tolist(),
            "row_label": "what is written",
            "column_label": "the source",
        }
        title = f"What is read for “{str(examples.frame['source'].iloc[row])[:60]}”"
        made.append(
            Exhibit(
                "matrix",
                title,
                data,
                "" if made else "Percent of each row: weights of the last block, its heads' mean.",
            )
        )
    return made


def spread(examples: Examples, count: int) -> NDArray[np.int64]:
    """Rows from the shortest source to the longest: the same for all contestants."""
    order = np.argsort(_sources(examples).lengths, kind="stable")
    places = np.linspace(0, len(order) - 1, min(count + 2, len(order))).round().astype(int)
    inner = places[1:-1] if len(places) > count else places
    return np.asarray(order[np.unique(inner)])


def _sources(examples: Examples) -> Ragged:
    sources = examples.arrays["source"]
    assert isinstance(sources, Ragged)
    return sources
