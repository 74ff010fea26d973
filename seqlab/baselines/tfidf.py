"""TF-IDF features of texts or pairs of texts, as JSON and arrays; no order beyond word pairs.

Of two texts a and b the features are a, b, a ⊙ b and |a − b|: what is in each, what they share and
where they differ.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

MOST_TERMS = 200_000


class TfidfFeatures:
    """Words and word pairs; letters where texts are single words or hold no word."""

    def __init__(self, vectorizer: TfidfVectorizer) -> None:
        self.vectorizer = vectorizer

    @classmethod
    def fit(cls, frame: pd.DataFrame) -> Self:
        """Learn words and their weights from the columns `text` and, if there is one, `text2`."""
        texts = [text for name in _columns(frame) for text in frame[name].tolist()]
        words = np.mean([len(text.split()) for text in texts[:2000]])
        vectorizer = _vectorizer("characters" if words < 1.5 else "words")
        try:
            vectorizer.fit(texts)
        except ValueError:  # no word in any text: characters are all there is
            vectorizer = _vectorizer("characters")
            vectorizer.fit(texts)
        return cls(vectorizer)

    def transform(self, frame: pd.DataFrame) -> csr_matrix:
        """(n, features)."""
        matrices = [self.vectorizer.transform(frame[name].tolist()) for name in _columns(frame)]
        if len(matrices) == 1:
            return csr_matrix(matrices[0])
        one, other = matrices
        return csr_matrix(hstack([one, other, one.multiply(other), abs(one - other)]))

    def state(self) -> tuple[dict[str, Any], NDArray[np.float64]]:
        """Words with their weights, so that nothing is unpickled."""
        words = sorted(self.vectorizer.vocabulary_, key=self.vectorizer.vocabulary_.get)
        return {"words": words, "analyzer": self.vectorizer.analyzer}, self.vectorizer.idf_

    @classmethod
    def from_state(cls, values: dict[str, Any], idf: NDArray[np.float64]) -> Self:
        """From what `state` gave."""
        vectorizer = _vectorizer("characters" if values["analyzer"] == "char_wb" else "words")
        vectorizer.set_params(vocabulary={word: i for i, word in enumerate(values["words"])})
        vectorizer.idf_ = idf
        return cls(vectorizer)


def _columns(frame: pd.DataFrame) -> list[str]:
    return [name for name in ("text", "text2") if name in frame.columns]


def _vectorizer(kind: str) -> TfidfVectorizer:
    if kind == "characters":
        return TfidfVectorizer(
            analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, max_features=MOST_TERMS
        )
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_TERMS)
