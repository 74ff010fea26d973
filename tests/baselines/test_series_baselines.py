"""Baselines of series and images: learn what is easy, and are the same after saving."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqlab import registry
from seqlab.baselines.minirocket import KERNEL_TRIPLES, Convolutions, fit_convolutions
from seqlab.baselines.nearest_neighbour import stretched
from seqlab.baselines.storage import load_baseline, save_baseline
from seqlab.data.sources import read_table
from seqlab.tasks.base import DataSpec, Sources


def prepared_of(task):
    rng = np.random.default_rng(0)
    labels = np.array(["slow", "fast"])[np.arange(60) % 2]
    phase = rng.uniform(0, 0.5, (60, 1))
    pace = np.where(labels == "fast", 4.0, 1.0)[:, None]
    x = np.sin(2 * np.pi * (pace * np.linspace(0, 1, 24) + phase)) + rng.normal(0, 0.1, (60, 24))
    if task == "images":
        frame = pd.DataFrame({"image": list(x.reshape(60, 6, 4)), "label": labels})
    else:
        series = [one[: 20 + row % 5, None] for row, one in enumerate(x)]
        frame = pd.DataFrame({"series": series, "label": labels})
    cls = registry.load("tasks", task)
    (prepared,) = cls.prepare(Sources(read_table(frame)), DataSpec(split="60/20/20"), 0)
    return prepared


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("series", "nearest-neighbour"),
        ("series", "statistics-lr"),
        ("series", "minirocket"),
        ("images", "nearest-neighbour"),
        ("images", "pixels-lr"),
        ("series", "majority"),
    ],
)
def test_learned_saved_and_loaded(task, name, tmp_path):
    prepared = prepared_of(task)
    baseline = registry.load("baselines", name)()
    baseline = baseline.fit(prepared.task, prepared.train, prepared.valid, 0)
    predicted = baseline.predict(prepared.task, prepared.test)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    right = (predicted.argmax(axis=1) == prepared.test.arrays["label"]).mean()
    assert right >= (0.4 if name == "majority" else 0.8)
    save_baseline(baseline, tmp_path)
    again = load_baseline(tmp_path).predict(prepared.task, prepared.test)
    np.testing.assert_allclose(again, predicted)


def test_convolutions_are_those_of_the_definition():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, 1)).astype(np.float32)
    biases = np.array([[-0.5, 0.3]], dtype=np.float32)
    one = np.ones((1, 1), np.float32)
    held = Convolutions(np.array([3]), np.array([7]), one, biases)
    weights = np.full(9, -1.0)
    weights[KERNEL_TRIPLES[7]] = 2.0
    padded = np.pad(x[:, 0], 12)
    wanted = [sum(weights[j] * padded[12 + t + (j - 4) * 3] for j in range(9)) for t in range(30)]
    shares = [(np.array(wanted) > bias).mean() for bias in biases[0]]
    np.testing.assert_allclose(held.features([x])[0], shares, atol=1e-6)


def test_as_many_features_as_published():
    series = [np.random.default_rng(i).normal(size=(150, 2)).astype(np.float32) for i in range(4)]
    found = fit_convolutions(series, 0)
    assert 84 * 80 < found.biases.size <= 9996
    assert set(found.channels.sum(axis=1)) <= {1.0, 2.0}


def test_series_are_stretched_end_to_end():
    x = np.array([[0.0], [1.0], [2.0]], dtype=np.float32)
    assert stretched([x], 5)[0].tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
