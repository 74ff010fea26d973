"""What blocks cost, and per what: bits of characters, bytes and tokens.

What the vocabulary does not hold is spelled: besides its own cost as an unknown token it costs 8
bits for each of its bytes. So the bits are those of a code for the text itself, and a small
vocabulary is no way to a good score.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples, Ragged
from seqlab.tasks.language_modelling.blocks import column, lengths
from seqlab.tasks.language_modelling.vocabulary import UNKNOWN

NATS_A_BYTE = 8 * np.log(2)  # nats for a byte

Array = NDArray[np.float64]


def nats_of(predictions: Ragged, examples: Examples, spelled: bool) -> Array:
    """The nats of each block: (blocks,)."""
    values = np.asarray(predictions.values, dtype=np.float64)
    total = np.add.reduceat(values, predictions.offsets[:-1])
    return total + NATS_A_BYTE * column(examples, "spelled") if spelled else total


def units(space: str, examples: Examples) -> Array:
    """How many characters, bytes or tokens each block has."""
    found = lengths(examples) if space == "tokens" else column(examples, space)
    return found.astype(np.float64)


SCORE_COLUMNS = ["tokens", "unknown", "characters", "bytes", "bits", "nats"]


def table_of(predictions: Ragged, examples: Examples) -> pd.DataFrame:
    """A row for each document, or for each block of a single one, and one for all together."""
    return pd.concat(tables_of(iter([(predictions, examples)])), ignore_index=True)


def tables_of(pieces: Iterator[tuple[Ragged, Examples]]) -> Iterator[pd.DataFrame]:
    """The same table in parts, of examples that come in pieces; the last part is the total.

    The first piece decides whether rows are documents or blocks. A document's row is written when
    it has ended.
    """
    total, held, documents = pd.Series(0.0, SCORE_COLUMNS), pd.DataFrame(), None
    for predictions, examples in pieces:
        frame = _of_blocks(predictions, examples)
        total += frame[SCORE_COLUMNS].sum()
        if documents is None:
            documents = frame["document"].nunique() > 1
        if documents:
            frame = pd.concat([held, frame], ignore_index=True)
            frame = frame.groupby("document", sort=False, as_index=False)[SCORE_COLUMNS].sum()
            frame.insert(1, "from_character", 0)
            frame, held = frame.iloc[:-1], frame.iloc[-1:]
        yield _finished(frame)
    last = pd.DataFrame([{"document": "total", "from_character": 0, **total}])
    yield _finished(pd.concat([held, last], ignore_index=True) if len(held) else last)


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
