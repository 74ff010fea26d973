"""Recordings that spell words: every letter is a tone of its own, drawn out at will, in noise."""

import numpy as np

LETTERS = "abcdef"
CHANNELS = 8


def spelled(word, rng, noise=0.3):
    """Frames (T, channels) of one word: the letter's channel sounds for three to six frames."""
    frames = []
    for letter in word:
        frames += [LETTERS.index(letter)] * rng.integers(3, 7) + [CHANNELS - 1] * rng.integers(0, 3)
    x = np.eye(CHANNELS, dtype=np.float32)[frames]
    return (x + noise * rng.normal(size=x.shape)).astype(np.float32)


def recordings(count=200, seed=0, longest=5):
    """Frames and words, all words different."""
    rng = np.random.default_rng(seed)
    words = {}
    while len(words) < count:
        words["".join(rng.choice(list(LETTERS), rng.integers(2, longest + 1)))] = None
    return [spelled(word, rng) for word in words], list(words)
