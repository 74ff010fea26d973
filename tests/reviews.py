"""Texts with labels that a model can learn, made here; a finished study of them takes seconds."""

import random

GOOD = ["great", "fun", "lovely", "superb", "warm", "bright", "clever"]
BAD = ["dull", "bad", "boring", "awful", "cold", "slow", "weak"]
MIDDLE = ["the", "film", "a", "plot", "and", "with", "cast", "this", "very"]


def reviews(rows=120, seed=0, labels=("neg", "pos")):
    """(text, label) pairs, all texts different, the classes even."""
    rng = random.Random(seed)
    pairs = []
    for number in range(rows):
        label = number % len(labels)
        telling = (BAD, GOOD, MIDDLE)[label % 3]
        words = [rng.choice(telling if rng.random() < 0.5 else MIDDLE) for _ in range(6)]
        pairs.append((f"{' '.join(words)} {number}", labels[label]))
    rng.shuffle(pairs)
    return pairs


def write_reviews(path, rows=120, seed=0, labels=("neg", "pos"), header="text,label"):
    """A CSV of reviews; returns its path."""
    lines = [header, *(f"{text},{label}" for text, label in reviews(rows, seed, labels))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
