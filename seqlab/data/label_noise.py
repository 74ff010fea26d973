"""Labels that may be wrong: a quick baseline, cross-validated, is sure of another label.

C. G. Northcutt, L. Jiang and I. Chuang (2021). Confident Learning: Estimating Uncertainty in
Dataset Labels. JAIR 70. Only its idea of judging by out-of-fold probabilities is used.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.findings import Finding
from seqlab.data.inspection import shown
from seqlab.data.partition import nested_subsets
from seqlab.progress import doing

MOST_ROWS = 10_000  # enough for a look, and a look must be quick
MOST_WORDS = 20_000
FOLDS = 3
EPOCHS = 6  # of one fit: twice as many doubt the same labels
MIN_ROWS_PER_CLASS = 6  # below it out-of-fold probabilities mean nothing
DOUBTED_PROBABILITY = 0.05  # of the given label, at most
SURE_PROBABILITY = 0.85  # of another label, at least
LISTED_ROWS = 5


@dataclass(frozen=True)
class Suspect:
    """A row whose label a baseline that has not seen it finds very unlikely."""

    row: int
    text: str
    label: str
    likelier: str
    probability: float


@dataclass(frozen=True)
class QuickLook:
    """What TF-IDF + logistic regression makes of the data, on rows held out in turn.

    `rows` were looked at, a stratified sample where there are many; suspects are sorted, the
    least likely label first.
    """

    rows: int
    accuracy: float
    majority: float
    suspects: tuple[Suspect, ...]


# The last look by what was looked at: an inspection and the plan after it ask for the same one.
_latest: dict[tuple[int, int, int], QuickLook | None] = {}


def quick_look(texts: Sequence[str], labels: Sequence[str], seed: int = 0) -> QuickLook | None:
    """Cross-validated accuracy and suspected labels, or None where the data are too few."""
    key = (hash(tuple(texts)), hash(tuple(labels)), seed)
    if key not in _latest:
        look = _look(texts, labels, seed)
        _latest.clear()
        _latest[key] = look
    return _latest[key]


@doing("looking for labels that may be wrong")
def _look(texts: Sequence[str], labels: Sequence[str], seed: int) -> QuickLook | None:
    values = np.asarray(labels, dtype=object).astype(str)
    counts = pd.Series(values).value_counts()
    enough = set(counts.index[counts >= MIN_ROWS_PER_CLASS])
    usable = [r for r, text in enumerate(texts) if text.strip() and values[r] in enough]
    rows = np.array(usable, dtype=np.int64)
    if len(enough) < 2 or len(rows) < 50:
        return None
    size = min(MOST_ROWS, len(rows))
    rows = nested_subsets(rows, [size], values[rows], seed)[size]
    sample = [texts[row] for row in rows]
    classes, codes = np.unique(values[rows], return_inverse=True)
    if len(classes) < 2 or np.bincount(codes).min() < FOLDS:
        return None
    given, chosen, highest = _out_of_fold(sample, codes, seed)
    doubted = np.flatnonzero(
        (given <= DOUBTED_PROBABILITY) & (highest >= SURE_PROBABILITY) & (chosen != codes)
    )
    suspects = tuple(
        Suspect(int(rows[i]), sample[i], classes[codes[i]], classes[chosen[i]], float(given[i]))
        for i in doubted[np.argsort(given[doubted], kind="stable")]
    )
    return QuickLook(
        rows=len(rows),
        accuracy=float((chosen == codes).mean()),
        majority=float(np.bincount(codes).max() / len(codes)),
        suspects=suspects,
    )


def noise_findings(texts: Sequence[str], labels: Sequence[str], seed: int = 0) -> list[Finding]:
    """What a quick baseline reaches, and the labels it doubts with row and text."""
    look = quick_look(texts, labels, seed)
    if look is None:
        return []
    of = f"on {look.rows:,} of the texts" if look.rows < len(texts) else "on these texts"
    findings = [
        Finding(
            "info" if look.accuracy > look.majority + 0.02 else "warning",
            f"TF-IDF + logistic regression has an accuracy of {look.accuracy:.1%}",
            f"cross-validated {of}; always predicting the most common class: {look.majority:.1%}",
            ""
            if look.accuracy > look.majority + 0.02
            else "single words predict little: check that texts and labels are in the right rows",
        )
    ]
    if look.suspects:
        listed = [
            f'row {s.row + 1}: "{shown(s.text)}" is labelled {s.label}, predicted {s.likelier}'
            for s in look.suspects[:LISTED_ROWS]
        ]
        findings.append(
            Finding(
                "warning" if len(look.suspects) > 0.01 * look.rows else "info",
                f"labels that may be wrong: {len(look.suspects):,}",
                "\n".join(listed),
                "check them: wrong labels in the test part limit the score of every model",
            )
        )
    return findings


def _out_of_fold(
    texts: list[str], codes: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Probability of the given class, the likeliest class and its probability, all held out."""
    # Imported here: who trains or predicts imports the inspection, and does without these.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import StratifiedKFold

    # A word of one text says nothing of others; with many classes most of the time goes to such.
    words = TfidfVectorizer(
        sublinear_tf=True, token_pattern=r"\w+|[!?]", min_df=2, max_features=MOST_WORDS
    )
    # Words are weighed once, by all texts: no label has a part in it.
    features = words.fit_transform(texts)
    # One class against the rest, a text at a time: far sooner done where classes are many.
    strength = 1 / (8.0 * len(texts))
    probabilities = np.zeros((len(texts), int(codes.max()) + 1))
    cut = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a look need not converge
        for train, rest in cut.split(codes, codes):
            model = SGDClassifier(
                "log_loss", alpha=strength, max_iter=EPOCHS, tol=None, random_state=seed
            ).fit(features[train], codes[train])
            probabilities[rest] = model.predict_proba(features[rest])
    rows = np.arange(len(codes))
    chosen = probabilities.argmax(axis=1)
    return probabilities[rows, codes], chosen, probabilities[rows, chosen]
