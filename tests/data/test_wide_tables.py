"""Tables of thousands of columns: each is looked at once, and names are told apart in no time."""

import time
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from seqlab.data import columns
from seqlab.data.columns import ColumnKind, classes_in, describe
from seqlab.data.header import without_repeats
from seqlab.data.sources import read_table
from seqlab.workbench.inspecting import inspect

ROWS, WIDTH = 50, 120
RNG = np.random.default_rng(0)
WORDS = ["alpha", "beta", "gamma", "delta"]
KINDS = {
    "number": lambda: RNG.normal(size=ROWS).round(3),
    "count": lambda: RNG.integers(0, 1000, ROWS),
    "word": lambda: RNG.choice(WORDS, ROWS),
    "text": lambda: [" ".join(RNG.choice(WORDS, 9)) for _ in range(ROWS)],
    "day": lambda: pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(0, 99, ROWS), "D"),
}


@pytest.mark.parametrize("kind", [*KINDS, "mixed"])
def test_an_inspection_looks_at_each_column_once(kind, tmp_path, monkeypatch):
    made = [*KINDS] if kind == "mixed" else [kind]
    frame = pd.DataFrame({f"{made[i % len(made)]}{i}": KINDS[made[i % len(made)]]()
                          for i in range(WIDTH)})  # fmt: skip
    frame.to_csv(tmp_path / "wide.csv", index=False)
    table = read_table(tmp_path / "wide.csv")
    seen = Counter()
    for name in ("kind", "is_categorical"):
        own = getattr(columns, name)

        def counted(column, *known, name=name, own=own):
            seen[name, column.name] += 1
            return own(column, *known)

        monkeypatch.setattr(columns, name, counted)
    inspect(table)
    again = {key: count for key, count in seen.items() if count > 1}
    assert len(seen) >= WIDTH
    assert len(again) <= 3  # those that play a role may be looked at again
    assert max(again.values(), default=0) <= 5


def test_what_was_seen_is_forgotten_with_the_columns():
    frame = pd.DataFrame({"a": WORDS * 5, "b": range(20)})
    assert classes_in(frame) == ["a"]
    frame["b"] = [1, 2] * 10  # of the same type
    frame = frame.rename(columns={"a": "c"})
    assert describe(frame) == {"c": ColumnKind.CATEGORY, "b": ColumnKind.INTEGER}
    assert classes_in(frame) == ["c", "b"]
    frame.columns = ["d", "e"]
    assert classes_in(frame) == ["d", "e"]


def test_thousands_of_equal_names_are_told_apart_at_once():
    begun = time.process_time()
    names, notes = without_repeats(["x", "x_2", *["x"] * 9_998])
    assert time.process_time() - begun < 2
    assert len(set(names)) == len(names) == 10_000
    assert names[:4] == ["x", "x_2", "x_3", "x_4"]
    assert len(notes) == 9_998
