"""Answering on real sentences: the slots of spoken commands as questions."""

import lzma
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab import registry
from seqlab.data.table import Table
from seqlab.study.objective import predict_all
from seqlab.study.training_one import train_one
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.span import Span

DATA = Path(os.environ.get("SEQLAB_TEST_DATA", "missing"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (DATA / "snips").is_dir(), reason="SEQLAB_TEST_DATA names no folder with snips"
    ),
]


def lines(path):
    with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8") as file:
        return [line.split() for line in file]


def questions(part, most):
    """A question for each kind of slot of a sentence: `what is the artist ?`."""
    folder = DATA / "snips" / part
    words, tags = (lines(next(folder.glob(f"seq.{name}*"))) for name in ("in", "out"))
    rows = []
    for sentence, slots in zip(words[:most], tags[:most], strict=True):
        for slot in dict.fromkeys(tag[2:] for tag in slots if tag.startswith("B-")):
            first = slots.index(f"B-{slot}")
            last = first + 1
            while last < len(slots) and slots[last] == f"I-{slot}":
                last += 1
            asked = f"what is the {slot.replace('_', ' ')} ?"
            rows.append((" ".join(sentence), asked, " ".join(sentence[first:last])))
    return Table(pd.DataFrame(rows, columns=["context", "question", "answer"]), part)


def test_a_model_answers_where_overlap_cannot():
    torch.set_num_threads(1)
    sources = Sources(questions("train", 1500), questions("valid", 200), questions("test", 400))
    prepared = Span.prepare(sources, DataSpec(), 0)[0]
    assert not any("left out" in note for note in prepared.card["notes"])
    model, _ = train_one(
        prepared,
        "gru",
        params=30_000,
        model={},
        train={"epochs": 8, "learning_rate": 5e-3},
        refit=False,
    )
    baseline = registry.load("baselines", "best-overlap")()
    baseline = baseline.fit(prepared.task, prepared.train, prepared.valid, 0)
    metric = registry.load("metrics", "answer-f1")()
    learned, humble = (
        metric.value(prepared.task.statistics(metric, np.asarray(given), prepared.test))
        for given in (
            predict_all(prepared.task, model, prepared.test),
            baseline.predict(prepared.task, prepared.test),
        )
    )
    assert humble < 0.5
    assert learned > humble + 0.1
