"""Averaged weights: what is averaged, that it is what is judged, and that training goes on."""

import pytest
import torch

from seqlab.specs import TrainSpec
from seqlab.training.fit import fit
from seqlab.training.hooks import Hook
from tests.training.problems import Line, line_model

STEPS = 8


class Watch(Hook):
    """The weight after each step, and as it is judged."""

    def __init__(self):
        self.steps, self.judged = [], []

    def on_step_end(self, progress):
        self.steps.append(float(progress.model.weight.detach()))


class Judged(Line):
    def validate(self, model):
        self.seen = [*getattr(self, "seen", []), float(model.weight)]
        return float((model.weight - 3).abs())


def run(**fields):
    watch, objective = Watch(), Judged()
    spec = TrainSpec(learning_rate=0.3, steps=STEPS, evaluations=STEPS, patience=None, **fields)
    model = line_model()
    fit(model, objective, spec, [watch])
    return watch.steps, objective.seen, model


def test_without_averaging_the_last_weights_are_judged():
    steps, judged, _ = run()
    assert judged == steps


def test_ema_is_what_is_judged():
    steps, judged, model = run(ema=0.5)
    average = steps[0]
    for t, weight in enumerate(steps, start=1):
        decay = min(0.5, (1 + t) / (10 + t))
        average = decay * average + (1 - decay) * weight
        assert judged[t - 1] == pytest.approx(average, abs=1e-6)
    best = min(judged, key=lambda w: abs(w - 3))
    assert float(model.weight) == pytest.approx(best, abs=1e-6)


def test_swa_averages_the_last_share_alone():
    steps, judged, _ = run(swa=0.5)
    assert judged[:4] == steps[:4]
    for n in range(1, 5):
        assert judged[3 + n] == pytest.approx(sum(steps[4 : 4 + n]) / n, abs=1e-6)


def test_training_goes_on_from_its_own_weights():
    plain, _, _ = run()
    averaged, _, _ = run(ema=0.9)
    assert plain == averaged
    assert torch.get_default_dtype() == torch.float32
