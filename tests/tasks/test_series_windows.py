"""Recordings in windows: trained on each, answered as a whole, and no window in two parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from seqlab.batch import Batch
from seqlab.data.examples import Ragged
from seqlab.data.sources import read_table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.inputs.scaling import Cutting
from seqlab.tasks.row_task import EXAMPLE_OF_SEQUENCE, averaged
from seqlab.tasks.series import ClassifySeries as Series


def recordings(count=24, seed=0):
    """Slow and fast waves of 60 to 119 steps that begin anywhere, and whose they are."""
    rng = np.random.default_rng(seed)
    labels = np.array(["slow", "fast"])[np.arange(count) % 2]
    x = []
    for label in labels:
        time = np.arange(rng.integers(60, 120)) + rng.uniform(0, 50)
        x.append(np.sin(time * (0.9 if label == "fast" else 0.3))[:, None].astype(np.float32))
    return pd.DataFrame({"series": x, "label": labels, "subject": np.arange(count) // 4})


def prepare(frame, **options):
    spec = DataSpec(group="subject", options=options)
    (prepared,) = Series.prepare(Sources(read_table(frame)), spec, 0)
    return prepared


def test_windows_reach_from_the_first_step_to_the_last():
    cutting = Cutting(steps=10, stride=4)
    lengths = np.array([7, 10, 11, 30])
    windows = cutting.windows(lengths)
    assert cutting.counts(lengths).tolist() == [1, 1, 2, 6]
    assert windows.rows.tolist() == [0, 1, 2, 2, 3, 3, 3, 3, 3, 3]
    assert windows.steps.tolist() == [7] + [10] * 9
    assert windows.starts.tolist() == [0, 0, 0, 1, 0, 4, 8, 12, 16, 20]


def test_windows_of_training_begin_anywhere_and_stay_within():
    cutting = Cutting(steps=10, stride=5)
    lengths = np.array([7, 40])
    one, other = (cutting.windows(lengths, np.random.default_rng(seed)) for seed in (0, 1))
    assert (one.starts != other.starts).any()
    starts = np.concatenate([
        cutting.windows(lengths, np.random.default_rng(seed)).starts[1:] for seed in range(200)
    ])  # fmt: skip
    assert (starts.min(), starts.max()) == (0, 30)
    values = Ragged.of([np.arange(n, dtype=np.float32)[:, None] for n in lengths])
    cut = one.cut(values)
    assert cut.shape == (len(one.rows), 10, 1)
    assert cut[0, :, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 0, 0]
    np.testing.assert_array_equal(cut[1, :, 0], one.starts[1] + np.arange(10))


def test_answers_are_the_means_of_each_example():
    answers = np.array([[0.2, 0.8], [0.4, 0.6], [1.0, 0.0]])
    batch = Batch(torch.zeros(3, 1), extra={EXAMPLE_OF_SEQUENCE: torch.tensor([0, 0, 1])})
    np.testing.assert_allclose(averaged(answers, batch), [[0.3, 0.7], [1.0, 0.0]])


def test_training_reads_windows_and_predictions_are_of_recordings():
    prepared = prepare(recordings(), window=32)
    task, train = prepared.task, prepared.train
    lengths = train.arrays["values"].lengths
    batches = list(task.batches(train, 8, 16384, np.random.default_rng(0)))
    read = np.concatenate([batch.rows for batch in batches])
    expected = Cutting(steps=32, stride=16).counts(lengths)
    np.testing.assert_array_equal(np.bincount(read), expected)
    assert len(batches) == task.batch_count(train, 8, 16384)
    assert task.inputs.longest == 32
    for batch in batches:
        assert batch.inputs.shape[1] <= 32
        np.testing.assert_array_equal(batch.targets, train.arrays["label"][batch.rows])
    model = build_model(task, ModelSpec(mixer="tcn", width=8, pooling="mean"))
    whole = predict_all(task, model, train)
    assert whole.shape == (len(train), 2)
    for row in (0, 5):  # as if each recording came alone, and each of its windows
        (batch,) = task.batches(train.take(np.array([row])), 1, 1, None)
        second = model(batch.inputs, batch.context).double().sigmoid().detach().numpy()
        parts = np.concatenate([1 - second, second], axis=1)
        assert len(parts) == expected[row]
        np.testing.assert_allclose(whole[row], parts.mean(axis=0), atol=1e-6)


def test_what_shows_within_any_window_is_learned_from_few_recordings(tmp_path):
    prepared = prepare(recordings(), window=32)
    task = prepared.task
    model = build_model(task, ModelSpec(mixer="tcn", width=8, pooling="mean", dropout=0.0))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(20):
        for batch in task.batches(prepared.train, 16, 16384, np.random.default_rng(epoch)):
            optimiser.zero_grad()
            task.loss(model, batch).value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
    found = predict_all(task, model, prepared.test).argmax(axis=1)
    assert (found == prepared.test.arrays["label"]).mean() == 1.0
    task.save(tmp_path)
    again = Series.load(tmp_path)
    new = again.encode(read_table(recordings(4, seed=9).drop(columns=["label"])))
    assert predict_all(again, model, new).shape == (4, 2)


def test_the_card_says_how_series_are_read():
    card = prepare(recordings(), window=32, stride=32).card
    (note,) = [note for note in card["notes"] if "windows" in note]
    assert note.startswith("series are read in windows of 32 steps, the next 32 steps further")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stride": 8}, "options.stride = 8 needs windows"),
        ({"window": 8, "stride": 9}, "options.stride = 9: steps between windows of 8 are read by"),
        ({"window": 1}, "options.window = 1: should be greater than or equal to 2"),
    ],
)
def test_windows_that_cannot_be(options, said):
    with pytest.raises(UserError) as error:
        prepare(recordings(), **options)
    assert error.value.message.startswith(said)
    assert "\n" not in error.value.message


def test_long_series_that_are_averaged_are_told_of_windows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"series": [rng.normal(size=(n, 1)) for n in [600, 40] * 12]})
    frame = frame.assign(label=["a", "b"] * 12, subject=np.arange(24) // 4)
    notes = " ".join(prepare(frame).card["notes"])
    assert "--set options.window=STEPS" in notes
    assert "--set options.window=STEPS" not in " ".join(prepare(frame, window=64).card["notes"])
