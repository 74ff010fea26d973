"""What blocks cost, and per what: bits of characters, bytes and tokens.

What the vocabulary does not hold is spelled: besides its own cost as an unknown token it costs 8
bits for each of its bytes. So the bits are those of a code for the text itself, and a small
vocabulary is no way to a good score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples, Ragged
from seqlab.tasks.base import Exhibit
from seqlab.tasks.language_modelling.blocks import column, lengths
from seqlab.tasks.language_modelling.settings import TextSettings
from seqlab.tasks.language_modelling.vocabulary import (
    BOUNDARY,
    SPECIAL_NUMBERS,
    UNKNOWN,
    PieceVocabulary,
)

NATS_A_BYTE = 8 * np.log(2)  # nats for a byte

Array = NDArray[np.float64]


def nats_of(predictions: Ragged, examples: Examples, spelled: bool) -> Array:
    """The nats of each block: (blocks,)."""
    values = np.asarray(predictions.values, dtype=np.float64)
    total = np.add.reduceat(values, predictions.offsets[:-1])
    return total + NATS_A_BYTE * column(examples, "spelled") if spelled else total


def units(space: str, examples: Examples) -> Array:
    """How many characters, bytes or tokens each block has."""
    counts = lengths(examples) if space == "tokens" else column(examples, space)
    return counts.astype(np.float64)


SCORE_COLUMNS = ["tokens", "unknown", "characters", "bytes", "bits", "nats"]


def table_of(predictions: Ragged, examples: Examples) -> pd.DataFrame:
    """A row for each document, or for each block of a single one, and one for all together."""
    return pd.concat(tables_of(iter([(predictions, examples)])), ignore_index=True)


def tables_of(pieces: Iterator[tuple[Ragged, Examples]]) -> Iterator[pd.DataFrame]:
    """The same table in parts, of examples that come in pieces; the last part is the total.

    The first piece decides whether rows are documents or blocks. A document's row is written when
    it has ended.
    """
    total, unfinished, documents = pd.Series(0.0, SCORE_COLUMNS), pd.DataFrame(), None
    for predictions, examples in pieces:
        frame = _of_blocks(predictions, examples)
        total += frame[SCORE_COLUMNS].sum()
        if documents is None:
            documents = frame["document"].nunique() > 1
        if documents:
            frame = pd.concat([unfinished, frame], ignore_index=True)
            frame = frame.groupby("document", sort=False, as_index=False)[SCORE_COLUMNS].sum()
            frame.insert(1, "from_character", 0)
            frame, unfinished = frame.iloc[:-1], frame.iloc[-1:]
        yield _finished(frame)
    last = pd.DataFrame([{"document": "total", "from_character": 0, **total}])
    yield _finished(pd.concat([unfinished, last], ignore_index=True) if len(unfinished) else last)


def _of_blocks(predictions: Ragged, examples: Examples) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "document": examples.frame["document"].to_numpy(),
            "from_character": examples.frame["at"].to_numpy(),
            "tokens": lengths(examples),
            "unknown": unknown_of(examples),
            "characters": column(examples, "characters"),
            "bytes": column(examples, "bytes"),
            "bits": nats_of(predictions, examples, True) / np.log(2),
            "nats": nats_of(predictions, examples, False),
        }
    )


def _finished(frame: pd.DataFrame) -> pd.DataFrame:
    """With whole numbers, and what the bits are of each character, byte and token."""
    whole = ["from_character", "tokens", "unknown", "characters", "bytes"]
    frame = frame.astype(dict.fromkeys(whole, np.int64))
    frame["bits_per_character"] = frame["bits"] / frame["characters"].replace(0, np.nan)
    frame["bits_per_byte"] = frame["bits"] / frame["bytes"].replace(0, np.nan)
    frame["perplexity"] = np.exp(frame["nats"] / frame["tokens"])
    return frame.drop(columns="nats")


def unknown_of(examples: Examples) -> NDArray[np.int64]:
    """How many tokens of each block the vocabulary does not hold."""
    stream = examples.shared["tokens"]
    total = np.concatenate(([0], (stream == UNKNOWN).cumsum()))
    return np.asarray(total[column(examples, "stop")] - total[column(examples, "start")])


CURVE_POINTS = 24  # of the curve over a block
FEWEST_TOKENS = 20  # tokens that a mean is shown for
FREQUENT_SHOWN, HARDEST_SHOWN = 15, 10
SHOWN_CHARACTERS = 240  # characters of a passage
PROMPT_CHARACTERS = 60  # that a model is given
WRITTEN_TOKENS = 300  # that it writes on
SAMPLES = 2
TEMPERATURE = 0.8
CLASSES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("line ends", lambda c: c == "\n"),
    ("other blanks", str.isspace),
    ("capitals", str.isupper),
    ("other letters", str.isalpha),
    ("digits", str.isnumeric),
)

Bits = NDArray[np.float64]
Write = Callable[[str, int], str]  # a prompt and a seed → what a model writes after it


def exhibits(
    nats: Ragged, examples: Examples, vocabulary: PieceVocabulary, settings: TextSettings
) -> list[Exhibit]:
    """Bits by position, by kind of token, and the passages that cost most."""
    bits = np.asarray(nats.values, dtype=np.float64) / np.log(2)
    tokens = _scored_tokens(examples)
    made = [] if settings.carried else [_by_position(bits, examples)]
    if vocabulary.kind == "character":
        made.append(_by_class(bits, tokens, vocabulary))
    return [*made, _frequent(bits, tokens, vocabulary), _hardest(nats, examples, vocabulary)]


def samples(examples: Examples, vocabulary: PieceVocabulary, write: Write) -> Exhibit:
    """What a model writes after the beginnings of some test blocks."""
    items = []
    places = np.linspace(0, len(examples) - 1, SAMPLES + 1).astype(int)[:SAMPLES]
    for seed, row in enumerate(places):
        prompt = _text(examples, int(row), vocabulary)[:PROMPT_CHARACTERS]
        items.append({"title": f"after {prompt!r}", "text": write(prompt, seed)})
    note = f"{WRITTEN_TOKENS} tokens each, drawn at temperature {TEMPERATURE}"
    return Exhibit("samples", "What it writes", {"items": items}, note)


def _scored_tokens(examples: Examples) -> NDArray[np.int64]:
    """The tokens that each number of the predictions is about, in the same order."""
    return np.asarray(examples.shared["tokens"], dtype=np.int64)[_places(examples)]


def _places(examples: Examples) -> NDArray[np.int64]:
    start, sizes = column(examples, "start"), lengths(examples)
    return np.repeat(start, sizes) + _within(sizes)


def _within(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, … of each of some lengths, one after the other."""
    ends = sizes.cumsum()
    return np.arange(ends[-1]) - np.repeat(ends - sizes, sizes)


def _by_position(bits: Bits, examples: Examples) -> Exhibit:
    place = _within(lengths(examples))
    edges = np.unique(np.geomspace(1, place.max() + 1, CURVE_POINTS).round().astype(int)) - 1
    bins = np.searchsorted(edges, place, side="right") - 1
    count = np.bincount(bins)
    shown = np.flatnonzero(count >= FEWEST_TOKENS)
    return Exhibit(
        "curve",
        "Bits by place in the block",
        {
            "x_label": "tokens of the block before it",
            "y_label": "bits a token",
            "x": (np.bincount(bins, place)[shown] / count[shown]).tolist(),
            "y": (np.bincount(bins, bits)[shown] / count[shown]).tolist(),
            "count": count[shown].tolist(),
        },
        "How much more there is to read, the better it should become.",
    )


def _by_class(bits: Bits, tokens: NDArray[np.int64], vocabulary: PieceVocabulary) -> Exhibit:
    names = ["unknown or an end", *(name for name, _ in CLASSES), "marks"]
    kind = np.zeros(len(vocabulary), dtype=int)
    for token in range(SPECIAL_NUMBERS, len(vocabulary)):
        letter = vocabulary.piece(token)
        found = (n for n, (_, holds) in enumerate(CLASSES, 1) if holds(letter))
        kind[token] = next(found, len(names) - 1)
    kinds = kind[tokens]
    rows = [
        [name, int((kinds == n).sum()), float(bits[kinds == n].mean())]
        for n, name in enumerate(names)
        if (kinds == n).any()
    ]
    return Exhibit(
        "table",
        "Bits by kind of character",
        {"columns": ["kind", "characters", "bits each"], "rows": rows},
    )


def _frequent(bits: Bits, tokens: NDArray[np.int64], vocabulary: PieceVocabulary) -> Exhibit:
    count = np.bincount(tokens, minlength=len(vocabulary))
    total = np.bincount(tokens, bits, minlength=len(vocabulary))
    rows = [
        [repr(vocabulary.piece(t)), int(count[t]), float(total[t] / count[t])]
        for t in np.argsort(-count, kind="stable")[:FREQUENT_SHOWN].tolist()
        if count[t]
    ]
    columns = ["token", "times", "bits each"]
    return Exhibit("table", "Bits of the most frequent tokens", {"columns": columns, "rows": rows})


def _hardest(nats: Ragged, examples: Examples, vocabulary: PieceVocabulary) -> Exhibit:
    sizes = lengths(examples)
    whole = sizes >= np.median(sizes) / 2
    each = np.add.reduceat(np.asarray(nats.values, dtype=np.float64), nats.offsets[:-1])
    each = np.where(whole, each / sizes / np.log(2), -np.inf)
    rows = [
        [
            _text(examples, row, vocabulary)[:SHOWN_CHARACTERS],
            str(examples.frame["document"].iloc[row]),
            int(examples.frame["at"].iloc[row]),
            float(each[row]),
        ]
        for row in np.argsort(-each, kind="stable")[:HARDEST_SHOWN].tolist()
        if whole[row]
    ]
    columns = ["passage", "document", "from character", "bits a token"]
    return Exhibit("table", "Hardest passages", {"columns": columns, "rows": rows})


def _text(examples: Examples, row: int, vocabulary: PieceVocabulary) -> str:
    start, stop = (int(column(examples, name)[row]) for name in ("start", "stop"))
    ids = examples.shared["tokens"][start:stop].tolist()
    return vocabulary.decode(i for i in ids if i != BOUNDARY)
