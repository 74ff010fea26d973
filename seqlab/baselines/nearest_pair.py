"""The target of the most similar training source: what memory alone is worth.

Similarity is the cosine of TF-IDF vectors of character n-grams (2 to 4), hashed.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

from seqlab.baselines.base import Baseline, State
from seqlab.baselines.checked import checked, ragged, sparse_matrix
from seqlab.data.examples import Examples, Ragged
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.row_task import RowTask

CARD = {"title": "the nearest training pair", "tasks": ["translate"]}

HASHED_FEATURES = 2**18
COMPARED_AT_ONCE = 256  # sources


@registered
class NearestPair(Baseline[RowTask]):
    """Looks up; the earlier training pair wins where two are as near."""

    def __init__(
        self, known: Any = None, idf: NDArray[Any] | None = None, targets: Ragged | None = None
    ) -> None:
        self.known, self.idf, self.targets = known, idf, targets

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Keep every training pair."""
        transform = TfidfTransformer(sublinear_tf=True)
        known = transform.fit_transform(_counts(train.frame["source"].tolist()))
        targets = train.ragged("target")
        return type(self)(known.tocsr().astype(np.float32), transform.idf_, targets)

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """Ragged ids (n)."""
        assert self.targets is not None
        transform = TfidfTransformer(sublinear_tf=True)
        transform.idf_ = self.idf
        asked = transform.transform(_counts(examples.frame["source"].tolist())).astype(np.float32)
        transposed = self.known.T.tocsr()
        nearest = [
            (asked[start : start + COMPARED_AT_ONCE] @ transposed).toarray().argmax(axis=1)
            for start in range(0, len(examples), COMPARED_AT_ONCE)
        ]
        return self.targets.take(np.concatenate(nearest).astype(np.int64))

    @property
    def parameters(self) -> int:
        """The numbers that are kept of the sources."""
        return int(self.known.nnz)

    def state(self) -> State:
        """The vectors of all sources, and all targets."""
        assert self.targets is not None
        assert self.idf is not None
        known = self.known
        arrays = {"data": known.data, "indices": known.indices, "indptr": known.indptr}
        arrays |= {"idf": self.idf, "targets": self.targets.values}
        return {}, arrays | {"offsets": self.targets.offsets}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From what `state` gave."""
        arrays = state[1]
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        known = sparse_matrix(*parts, columns=HASHED_FEATURES)
        targets = ragged(arrays["targets"], arrays["offsets"])
        if known.shape[0] != len(targets):
            raise ValueError(f"{known.shape[0]} sources have {len(targets)} targets")
        return cls(known, checked(arrays, idf="F")["idf"], targets)


def _counts(texts: list[str]) -> Any:
    vectorizer = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(2, 4),
        n_features=HASHED_FEATURES,
        alternate_sign=False,
        norm=None,
    )
    return vectorizer.transform(texts)
