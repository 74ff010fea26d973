"""Numbers that texts and series determine, with something that only their order tells."""

import numpy as np
import pandas as pd

ADJECTIVES = {"awful": -3.0, "bad": -1.5, "plain": 0.2, "good": 1.7, "superb": 3.1}
WORDS = ["the", "film", "plot", "cast", "music", "scene"]


def rated(rows=240, seed=0):
    """Texts with a score: an adjective counts its value, after "not" the opposite."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(rows):
        words, score = [], 0.0
        for _ in range(4):
            words.append(str(rng.choice(WORDS)))
            adjective = str(rng.choice(list(ADJECTIVES)))
            turned = rng.random() < 0.4
            words += ["not", adjective] if turned else [adjective]
            score += -ADJECTIVES[adjective] if turned else ADJECTIVES[adjective]
        made.append((f"{' '.join(words)} {number}", round(score, 2)))
    return pd.DataFrame(made, columns=["text", "score"])


def waves(rows=150, seed=0, steps=32):
    """Wide: sines of one series a row; the target is their frequency, in a column of its own."""
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(1, 4, rows)
    phase = rng.uniform(0, 2 * np.pi, rows)
    x = np.linspace(0, 1, steps)
    values = np.sin(2 * np.pi * frequency[:, None] * x + phase[:, None])
    frame = pd.DataFrame(values.round(4), columns=[f"t{i}" for i in range(steps)])
    return frame.assign(target=frequency.round(4))


def long_waves(rows=60, seed=0):
    """The same, a step a row, with an id, a step and two channels; lengths differ."""
    rng = np.random.default_rng(seed)
    wide = waves(rows, seed)
    parts = []
    for number in range(rows):
        length = int(rng.integers(20, 33))
        first = wide.iloc[number, :length].to_numpy(float)
        parts.append(
            pd.DataFrame(
                {
                    "id": f"s{number}",
                    "step": np.arange(length),
                    "first": first,
                    "second": rng.normal(size=length),
                    "target": wide["target"].iloc[number],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
