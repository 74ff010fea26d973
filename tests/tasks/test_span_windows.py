"""Contexts longer than the window are read in windows, and answered as wholes."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from seqlab.errors import UserError
from seqlab.study.objective import predict_all
from seqlab.study.training_one import train_one
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.inputs.context_windows import logits_of, positions_read, starts_of, windows_of
from seqlab.tasks.span import Span
from seqlab.tasks.targets.span_texts import answers
from tests.tasks.span_data import people
from tests.tasks.tag_data import table

LENGTHS, BEGIN = np.array([9, 30, 12, 47]), np.array([3, 4, 2, 6])
WINDOW, STRIDE = 12, 3


def test_windows_cover_a_context_and_end_with_it():
    assert starts_of(5, 8, 3).tolist() == [0]
    assert starts_of(8, 8, 3).tolist() == [0]
    assert starts_of(9, 8, 3).tolist() == [0, 1]
    assert starts_of(20, 8, 5).tolist() == [0, 5, 10, 12]


def test_every_position_is_read_where_it_has_most_context():
    found = windows_of(LENGTHS, BEGIN, WINDOW, STRIDE)
    reads, T = found.reads.ravel(), LENGTHS.max()
    for row, (length, begin) in enumerate(zip(LENGTHS, BEGIN, strict=True)):
        own = found.outputs[row, :length]
        assert (reads[own] == row * T + np.arange(length)).all()
        for place in range(begin, length):  # no other window has more on both sides
            around = []
            for window in np.flatnonzero(found.of == row):
                held = found.reads[window][found.reads[window] >= 0][begin:] - row * T
                if place in held:
                    around.append(min(place - held[0], held[-1] - place))
            window = int(own[place]) // found.reads.shape[1]
            held = found.reads[window][found.reads[window] >= 0][begin:] - row * T
            assert min(place - held[0], held[-1] - place) == max(around)
    counts = np.bincount(found.of)
    read = positions_read(LENGTHS, BEGIN, WINDOW, STRIDE)
    assert read.tolist() == [9, counts[1] * WINDOW, 12, counts[3] * WINDOW]


def long_contexts(rows, seed=0):
    """The answer stands anywhere in a context of many sentences that say nothing."""
    rng = np.random.default_rng(seed)
    made = []
    for context, question, answer, start in people(rows, seed):
        before = "it rained all day . " * int(rng.integers(0, 12))
        after = " . it rained all day" * int(rng.integers(0, 12))
        made.append((before + context + after, question, answer, len(before) + start))
    return pd.DataFrame(made, columns=["context", "question", "answer", "answer_start"])


def prepare(frame, **settings):
    (found,) = Span.prepare(Sources(table(frame)), DataSpec(**settings), 0)
    return found


class Pointwise(nn.Module):
    """Logits that depend on the token alone."""

    def __init__(self, tokens):
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(tokens, 2)

    def forward(self, inputs, context):
        return self.table(inputs)


@pytest.mark.parametrize("unanswerable", [False, True])
def test_what_looks_at_tokens_alone_answers_as_without_windows(unanswerable):
    options = {"unanswerable": unanswerable}
    parts = [prepare(long_contexts(40), max_tokens=n, options=options) for n in (32, 4000)]
    model = Pointwise(parts[0].task.inputs.size)
    found = []
    for prepared in parts:
        longer = prepared.test.arrays["tokens"].lengths.max() > prepared.task.reader.window
        assert longer == (prepared is parts[0])
        found.append(predict_all(prepared.task, model, prepared.test, "cpu"))
        for batch in prepared.task.batches(prepared.test, 8, 4096, None):
            assert logits_of(model, batch).shape == (*batch.inputs.shape, 2)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


@pytest.mark.slow
def test_a_model_learns_from_windows_and_answers_from_all_of_them():
    prepared = prepare(long_contexts(500), max_tokens=64)
    task = prepared.task
    assert (prepared.test.arrays["tokens"].lengths > 64).mean() > 0.3
    train = {"epochs": 6, "learning_rate": 1e-2, "batch_size": 32, "patience": None}
    model, _ = train_one(prepared, "gru", params=10_000, model={}, train=train, refit=False)
    given = answers(predict_all(task, model, prepared.test), prepared.test)
    wanted = [accepted[0] for accepted in prepared.test.frame["answers"]]
    right = np.array([a == b for a, b in zip(given, wanted, strict=True)])
    late = prepared.test.arrays["answer"][:, 0] > 64
    assert late.sum() > 5
    assert right[late].mean() > 0.4  # of ten values each, so 0.1 by chance


def test_a_stride_of_nothing_is_refused():
    with pytest.raises(UserError) as raised:
        prepare(long_contexts(40), max_tokens=32, stride=0)
    assert raised.value.message == "data.stride = 0: expected a whole number from 1 on"
