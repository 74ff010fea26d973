"""Tagged sentences and signals that a tagger can learn, made here."""

import random

import numpy as np
import pandas as pd

from seqlab.data.table import Table
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.tag import Tag

NAMES = ["Bonn", "Ulm", "Graz", "Linz", "Wien", "Brno", "Lviv", "Bern"]
FILLERS = ["please", "now", "a", "train", "quick", "with", "the", "bus"]


def orders(rows=80, seed=0):
    """Orders such as "now from New Bonn to Ulm": whether a name is where or whither its preposition
    tells, so that a table of words cannot know."""
    rng = random.Random(seed)
    tokens, tags = [], []
    for _ in range(rows):
        words: list[str] = []
        marks: list[str] = []
        for preposition, kind in rng.sample([("from", "start"), ("to", "goal")], 2):
            for _ in range(rng.randint(0, 2)):
                words.append(rng.choice(FILLERS))
                marks.append("O")
            long = rng.random() < 0.4
            words += [preposition, *(["New"] if long else []), rng.choice(NAMES)]
            marks += ["O", f"B-{kind}", *([f"I-{kind}"] if long else [])]
        tokens.append(words)
        tags.append(marks)
    return {"tokens": tokens, "tags": tags}


def signals(recordings=12, steps=60, seed=0):
    """A long table: two channels, whose level is the activity."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(recordings):
        states = np.repeat(rng.integers(0, 3, steps // 10), 10)
        parts.append(
            pd.DataFrame(
                {
                    "recording": f"r{number}",
                    "t": np.arange(steps),
                    "x": 3.0 * (states == 1) + 5 + rng.normal(0, 0.5, steps),
                    "y": 300.0 * (states == 2) + rng.normal(0, 50, steps),
                    "activity": np.array(["rest", "walk", "run"])[states],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def table(data, origin="data"):
    """A frame, or columns, as a table."""
    if isinstance(data, pd.DataFrame):
        return Table(data, origin)
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in data.items()})
    return Table(frame, origin)


def prepare(data, **settings):
    """The only division of a table, prepared."""
    (prepared,) = Tag.prepare(Sources(table(data)), DataSpec(**settings), 0)
    return prepared
