"""Real tiny trainings, each with an illness that the doctor names; in sound ones it finds none."""

import random
from dataclasses import replace

import pandas as pd
import pytest
import torch

from seqlab import registry
from seqlab.data.table import Table
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.examination import examined
from seqlab.study.objective import TaskObjective
from seqlab.tasks.base import DataSpec, Sources
from seqlab.training.doctor import examine, failure
from seqlab.training.fit import DivergedError, fit
from tests.reviews import reviews

HALF = "30/50/20"
MUCH = "20/60/20"  # is held out, so that errors can be counted


def prepare(rows, split=None):
    table = Table(pd.DataFrame(rows, columns=["text", "label"]), "reviews", ())
    return registry.load("tasks", "classify").prepare(Sources(table), DataSpec(split=split), 0)[0]


@pytest.fixture(scope="module")
def easy():
    return prepare(reviews(1200), HALF)


def flipped(share):
    rng = random.Random(1)
    other = {"neg": "pos", "pos": "neg"}
    return [(t, other[label] if rng.random() < share else label) for t, label in reviews(2000)]


def trained(prepared, model=None, **train):
    """The symptoms of a training."""
    spec = TrainSpec(**{"learning_rate": 1e-2, "epochs": 4, "patience": None, **train})
    fields = {"mixer": "gru", "width": 16, "pooling": "mean", "dropout": 0.1, **(model or {})}
    torch.manual_seed(0)
    built = build_model(prepared.task, ModelSpec(**fields))
    objective = TaskObjective(prepared, prepared.train, spec)
    history = fit(built, objective, spec)
    held_out = examined(prepared, built, spec)
    return examine(history.records, objective.higher_is_better, history.rollbacks, held_out)


def names(symptoms):
    return [symptom.what for symptom in symptoms]


@pytest.mark.parametrize("mixer", ["gru", "attention", "rnn"])
def test_a_sound_training_has_no_symptom(easy, mixer):
    assert trained(easy, {"mixer": mixer}) == []


def test_overfitting():
    """Labels that say nothing can only be learned by heart."""
    rng = random.Random(0)
    rows = [(text, rng.choice(("neg", "pos"))) for text, _ in reviews(240)]
    found = trained(prepare(rows), {"width": 48, "dropout": 0.0}, epochs=15)
    assert "overfitting" in names(found)
    assert "more dropout" in found[names(found).index("overfitting")].advice


def test_underfitting(easy):
    slow = {"learning_rate": 2e-3, "schedule": "constant", "warmup": 0.0, "epochs": 4}
    assert names(trained(easy, **slow)) == ["underfitting"]


def test_plateau(easy):
    assert "plateau" in names(trained(easy, learning_rate=1e-7))


WILD = {"optimizer": "sgd", "clip_norm": None, "schedule": "constant", "learning_rate": 1.0}


def test_loss_spike(easy):
    assert "loss spike" in names(trained(easy, {"mixer": "rnn"}, **WILD))


def test_divergence(easy, monkeypatch):
    """A number that overflows once is rolled back; one that always does ends the run."""
    loss, calls = TaskObjective.loss, []

    def overflows(self, *given):
        calls.append(1)
        found = loss(self, *given)
        return replace(found, value=found.value * float("inf")) if len(calls) == 9 else found

    monkeypatch.setattr(TaskObjective, "loss", overflows)
    found = trained(easy)
    assert [s.what for s in found] == ["divergence"]
    assert "rolled back once, first at step" in found[0].evidence
    endless = {"mixer": "rnn", "settings": {"activation": "relu", "gain": 9.0}, "pooling": "last"}
    with pytest.raises(DivergedError) as caught:
        trained(easy, endless, **{**WILD, "learning_rate": 1e9}, retries=0)
    assert failure(str(caught.value)).what == "divergence"


def test_dead_units(easy):
    """One step that is far too long leaves every unit of a ReLU on its flat side."""
    relu = {"mixer": "rnn", "settings": {"activation": "relu"}, "mlp": 2.0, "activation": "relu"}
    found = trained(easy, relu, learning_rate=3.0, optimizer="adamw", epochs=3)
    dead = [symptom for symptom in found if symptom.what == "dead units"]
    assert len(dead) == 1
    assert "leaky_relu" in dead[0].advice


@pytest.mark.parametrize("share", [0.2, 0.3])
def test_label_noise(share):
    prepared = prepare(flipped(share), MUCH)
    found = trained(prepared, patience=2)
    noise = [symptom for symptom in found if symptom.what == "label noise"]
    assert len(noise) == 1
    assert "contradict their labels" in noise[0].evidence


def test_what_is_hard_is_not_noise():
    """Words that mostly, not always, tell: wrong where it hesitates, right where it is sure."""
    rng = random.Random(2)
    rows = []
    for number in range(1200):
        label = ("neg", "pos")[number % 2]
        mood = rng.choices((0, 1, 2, 3), (1, 2, 3, 2))[0]  # of three words, those that are right
        right, wrong = ("dull", "warm") if label == "neg" else ("warm", "dull")
        rows.append((" ".join([right] * mood + [wrong] * (3 - mood) + [f"n{number}"]), label))
    found = trained(prepare(rows, HALF), patience=2)
    assert "label noise" not in names(found)
