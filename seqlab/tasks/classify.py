"""Text classification: one label, or several, for each text or pair of texts.

"one long string of cliches" → "negative"
"a man sleeps" + "a man is awake" → "contradiction"
"too long, but funny" → "length", "humour"
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data.table import Table
from seqlab.registry import registered
from seqlab.tasks.classifier import Classifier
from seqlab.tasks.inputs.text import Text

CARD = {
    "roles": ["text", "text2", "label", "group", "split"],
    "settings": [
        "split",
        "group",
        "folds",
        "keep_duplicates",
        "label_weights",
        "tokenizer",
        "vocabulary",
        "max_tokens",
        "metric",
    ],
    "example": '"a stirring, funny film" → positive',
}


@registered
class Classify(Classifier):
    """Text in, class probabilities (n, C) out; those of several labels do not add up to one."""

    input_types = (Text,)

    # Most parameters are rows of the embedding, each trained by the few texts that hold its word.
    model_defaults: Mapping[str, Any] = MappingProxyType({"embedding_dropout": 0.3})

    @classmethod
    def sample(cls, rows: int, seed: int) -> Table:
        """Two kinds of reviews."""
        rng = np.random.default_rng(seed)
        words = {"good": ["great", "fine", "lovely"], "bad": ["awful", "poor", "dull"]}
        labels = rng.choice(list(words), rows)
        texts = [f"a {rng.choice(words[label])} film {n}" for n, label in enumerate(labels)]
        return Table(pd.DataFrame({"text": texts, "label": labels}), "sample")
