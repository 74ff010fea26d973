"""Sentences of a small made-up language with their translations: each word has one, order turns."""

import random

import pandas as pd

WORDS = {
    "dog": "Hund",
    "cat": "Katze",
    "bird": "Vogel",
    "runs": "rennt",
    "sleeps": "schläft",
    "sings": "singt",
    "here": "hier",
    "there": "dort",
    "now": "jetzt",
    "red": "rot",
    "small": "klein",
    "old": "alt",
}


def sentences(rows=300, seed=0, longest=6):
    """(source, target) pairs, all sources different; the target is the source backwards."""
    rng = random.Random(seed)
    pairs = {}
    while len(pairs) < rows:
        words = [rng.choice(list(WORDS)) for _ in range(rng.randint(2, longest))]
        pairs[" ".join(words)] = " ".join(WORDS[word] for word in reversed(words))
    return list(pairs.items())


def frame(rows=300, seed=0, columns=("src", "tgt"), **more):
    """The same as a table."""
    return pd.DataFrame(sentences(rows, seed, **more), columns=list(columns))
