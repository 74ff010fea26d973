"""TF-IDF of words and word pairs with logistic regression; order beyond pairs does not count."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from seqlab.baselines.base import Baseline, State
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.base import Predictions, Task
from seqlab.tasks.classify import Classify

CARD = {"tasks": ["classify"]}
STRENGTHS = (1.0, 4.0, 16.0)  # of C; the validation part chooses
FEATURES = 200_000


@registered
class TfidfLr(Baseline):
    """Strength of regularisation chosen by validation log-loss."""

    def __init__(self, vectorizer: Any = None, model: Any = None) -> None:
        self.vectorizer, self.model = vectorizer, model

    def fit(self, task: Task, train: Examples, valid: Examples, seed: int) -> Self:
        """Vectorise the training texts and fit one model per strength."""
        vectorizer = _vectorizer(_longest(train))
        texts, labels = train.frame["text"].tolist(), np.asarray(train.arrays["label"])
        try:
            features = vectorizer.fit_transform(texts)
        except ValueError:  # no word in any text: characters are all there is
            vectorizer = _vectorizer("characters")
            features = vectorizer.fit_transform(texts)
        held = vectorizer.transform(valid.frame["text"].tolist())
        models = [
            LogisticRegression(C=strength, max_iter=300).fit(features, labels)
            for strength in STRENGTHS
        ]
        wanted = np.asarray(valid.arrays["label"])
        return type(self)(vectorizer, min(models, key=lambda m: _log_loss(m, held, wanted)))

    def predict(self, task: Task, examples: Examples) -> Predictions:
        """Class probabilities (n, C); none for a class that was not in its training part."""
        assert isinstance(task, Classify)
        features = self.vectorizer.transform(examples.frame["text"].tolist())
        probabilities = np.zeros((len(examples), len(task.classes)))
        probabilities[:, self.model.classes_] = self.model.predict_proba(features)
        return probabilities

    @property
    def parameters(self) -> int:
        """Weights and intercepts."""
        return int(self.model.coef_.size + self.model.intercept_.size)

    def state(self) -> State:
        """Words with their weights; as JSON and arrays, so that nothing is unpickled."""
        words = sorted(self.vectorizer.vocabulary_, key=self.vectorizer.vocabulary_.get)
        values = {"words": words, "analyzer": self.vectorizer.analyzer}
        arrays = {
            "idf": self.vectorizer.idf_,
            "coef": self.model.coef_,
            "intercept": self.model.intercept_,
            "classes": self.model.classes_,
        }
        return values, arrays

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild the vectoriser and the model."""
        values, arrays = state
        kind = "characters" if values["analyzer"] == "char_wb" else "words"
        vectorizer = _vectorizer(kind)
        vectorizer.set_params(vocabulary={word: i for i, word in enumerate(values["words"])})
        vectorizer.idf_ = arrays["idf"]
        model = LogisticRegression()
        model.coef_, model.intercept_ = arrays["coef"], arrays["intercept"]
        model.classes_ = arrays["classes"]
        return cls(vectorizer, model)


def _vectorizer(kind: str) -> TfidfVectorizer:
    if kind == "characters":
        return TfidfVectorizer(
            analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, max_features=FEATURES
        )
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=FEATURES)


def _longest(train: Examples) -> str:
    """Single words are told apart by their letters, texts by their words."""
    words = np.mean([len(text.split()) for text in train.frame["text"].head(2000)])
    return "characters" if words < 1.5 else "words"


def _log_loss(model: LogisticRegression, features: Any, wanted: np.ndarray) -> float:
    probabilities = model.predict_proba(features)
    given = probabilities * (model.classes_ == wanted[:, None])  # none where the class is unknown
    return float(-np.log(np.clip(given.sum(axis=1), 1e-15, 1)).mean())
