"""What blocks cost, and per what: bits of characters, bytes and tokens.

What the vocabulary does not hold is spelled: besides its own cost as an unknown token it costs 8
bits for each of its bytes. So the bits are those of a code for the text itself, and a small
vocabulary is no way to a good score.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples, Ragged
from seqlab.tasks.language_modelling.blocks import column, lengths
from seqlab.tasks.language_modelling.vocabulary import UNKNOWN

SPELLING = 8 * np.log(2)  # nats for a byte

Array = NDArray[np.float64]


def nats_of(predictions: Ragged, examples: Examples, spelled: bool) -> Array:
    """The nats of each block: (blocks,)."""
    values = np.asarray(predictions.values, dtype=np.float64)
    total = np.add.reduceat(values, predictions.offsets[:-1])
    return total + SPELLING * column(examples, "spelled") if spelled else total


def units(space: str, examples: Examples) -> Array:
    """How many characters, bytes or tokens each block has."""
    found = lengths(examples) if space == "tokens" else column(examples, space)
    return found.astype(np.float64)


def table_of(predictions: Ragged, examples: Examples) -> pd.DataFrame:
    """A row for each document, or for each block of a single one, and one for all together."""
    frame = pd.DataFrame(
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
    numbers = ["tokens", "unknown", "characters", "bytes", "bits", "nats"]
    if frame["document"].nunique() > 1:
        frame = frame.groupby("document", sort=False, as_index=False)[numbers].sum()
        frame.insert(1, "from_character", 0)
    total = {"document": "total", "from_character": 0, **frame[numbers].sum()}
    frame = pd.concat([frame, pd.DataFrame([total])], ignore_index=True)
    whole = ["from_character", "tokens", "unknown", "characters", "bytes"]
    frame[whole] = frame[whole].astype(np.int64)
    frame["bits_per_character"] = frame["bits"] / frame["characters"].replace(0, np.nan)
    frame["bits_per_byte"] = frame["bits"] / frame["bytes"].replace(0, np.nan)
    frame["perplexity"] = np.exp(frame["nats"] / frame["tokens"])
    return frame.drop(columns="nats")


def unknown_of(examples: Examples) -> NDArray[np.int64]:
    """How many tokens of each block the vocabulary does not hold."""
    stream = examples.shared["tokens"]
    total = np.concatenate(([0], (stream == UNKNOWN).cumsum()))
    return np.asarray(total[column(examples, "stop")] - total[column(examples, "start")])
