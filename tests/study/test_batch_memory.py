"""The largest batch that a memory limit allows is measured once, kept, recorded and used."""

from functools import partial

import numpy as np
import pytest
import torch

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study import batch_memory
from seqlab.study.batch_memory import fitting_batch
from seqlab.study.building import model_to_train
from seqlab.study.training_one import train_one
from seqlab.tasks.base import DataSpec, Sources
from seqlab.training.choosing import remembered
from seqlab.training.memory import measures_anew, peak_while
from tests.reviews import write_reviews

GROWTH = 10.0  # MB an example, in tests that script what is measured


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    path = write_reviews(tmp_path_factory.mktemp("data") / "reviews.csv", rows=600)
    sources = Sources(read_table(str(path)))
    return registry.load("tasks", "classify").prepare(sources, DataSpec(), 0)[0]


def build(prepared):
    return partial(model_to_train, prepared.task, ModelSpec(mixer="gru", width=16))


def scripted(monkeypatch, tried):
    """A process of 400 MB in which each example takes ten more."""

    def peak(prepared, build, spec):
        tried.append(spec.batch_size)
        return 400 + GROWTH * spec.batch_size

    monkeypatch.setattr(batch_memory, "_peak", peak)


def test_the_largest_power_of_two_below_the_limit_is_taken(prepared, monkeypatch):
    tried = []
    scripted(monkeypatch, tried)
    spec = TrainSpec(max_memory_mb=400 + 20 * GROWTH)
    found, choices = fitting_batch(prepared, build(prepared), spec)
    longest = int(prepared.train.arrays["tokens"].lengths.max())
    assert (found.batch_size, found.batch_tokens) == (16, 16 * longest)
    assert tried == [1, 2, 4, 8, 16], "what will not fit is not tried"
    assert choices["batch_size"]["why"] == "560 MB with the longest examples, 600 MB are allowed"
    assert choices["batch_size"]["peak_mb"]["4"] == 440


def test_an_epoch_keeps_some_steps(prepared, monkeypatch):
    scripted(monkeypatch, [])
    found, _ = fitting_batch(prepared, build(prepared), TrainSpec(max_memory_mb=1e6))
    assert found.batch_size <= len(prepared.train) / 8 < 2 * found.batch_size


def test_measured_once_and_remembered(prepared, monkeypatch, tmp_path):
    tried = []
    scripted(monkeypatch, tried)
    spec = TrainSpec(max_memory_mb=450)
    results = [
        fitting_batch(prepared, build(prepared), spec, remembered(tmp_path / "a" / "choice.json"))
        for _ in range(2)
    ]
    assert tried == [1, 2, 4]
    assert results[0] == results[1]


def test_without_a_limit_nothing_is_measured(prepared, monkeypatch):
    monkeypatch.setattr(batch_memory, "_peak", None)
    assert fitting_batch(prepared, build(prepared), TrainSpec()) == (TrainSpec(), {})


def test_a_limit_below_one_example_is_refused_in_a_line(prepared, monkeypatch):
    scripted(monkeypatch, [])
    with pytest.raises(UserError) as caught:
        fitting_batch(prepared, build(prepared), TrainSpec(max_memory_mb=100))
    longest = int(prepared.train.arrays["tokens"].lengths.max())
    assert caught.value.message == (
        f"train.max_memory_mb = 100: training on one example of {longest} positions takes 410 MB;"
        " accepted: more than that"
    )
    with pytest.raises(UserError, match=r"^train\.max_memory_mb = 0: should be greater than 0"):
        TrainSpec.read({"max_memory_mb": 0}, "train")


def test_the_longest_examples_are_measured(prepared):
    batch = batch_memory._longest(prepared.task, prepared.train, 4, 10**6)
    lengths = prepared.train.arrays["tokens"].lengths
    assert batch.inputs.shape[1] >= np.sort(lengths)[-4]
    assert len(batch.inputs) == 4


@pytest.mark.skipif(not measures_anew(), reason="the system keeps its peak")
def test_the_peak_of_a_run_is_seen_and_forgotten():
    def hold(megabytes):
        return lambda: torch.ones(megabytes * 250_000).sum()

    before = peak_while(hold(1))
    assert 150 < peak_while(hold(200)) - before < 260
    assert peak_while(hold(1)) - before < 60


def test_an_estimator_trains_with_it_and_says_so(prepared, monkeypatch):
    scripted(monkeypatch, [])
    train = {"max_memory_mb": 400 + 9 * GROWTH, "steps": 3, "evaluations": 1}
    _, history = train_one(
        prepared, "gru", params=2000, model={"width": 16}, train=train, refit=False
    )
    assert history.choices["batch_size"]["chosen"] == 8
    assert history.tokens <= 3 * 8 * int(prepared.train.arrays["tokens"].lengths.max())
