"""The loop: it learns, stops, restores the best weights, clips, decays and fails as it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from seqlab.reference import clip_by_norm, clip_by_value
from seqlab.specs import TrainSpec
from seqlab.training.fit import DivergedError, fit
from seqlab.training.hooks import Hook
from seqlab.training.optimisers import build_optimiser
from seqlab.training.schedules import schedule
from tests.training.problems import Line, line_model


def test_learns_and_records():
    model = line_model()
    history = fit(model, Line(), TrainSpec(learning_rate=0.1, epochs=30, weight_decay=0))
    assert abs(model.weight.item() - 3) < 0.05
    assert history.steps == 120
    assert history.tokens == 120 * 8
    assert [r["step"] for r in history.records][-1] == 120
    assert history.records[0]["train_loss"] > history.records[-1]["train_loss"]


def test_restores_the_best_weights():
    model = line_model()
    seen = []

    class Keep(Hook):
        def on_evaluate(self, progress):
            seen.append(progress.model.weight.item())

    scores = [3.0, 1.0, 2.0, 2.0, 2.0]
    spec = TrainSpec(learning_rate=0.1, epochs=5, evaluations=5, patience=None)
    history = fit(model, Line(scores), spec, [Keep()])
    assert history.best == 1.0
    assert model.weight.item() == seen[1] != seen[-1]


def test_patience_stops():
    scores = [1.0, 2.0, 2.0, 2.0, 2.0]
    history = fit(line_model(), Line(scores), TrainSpec(epochs=5, evaluations=5, patience=2))
    assert history.stopped == "patience"
    assert history.steps == 12


def test_seconds_stop():
    history = fit(line_model(), Line(), TrainSpec(epochs=10_000, seconds=0.2, patience=None))
    assert history.stopped == "seconds"
    assert history.steps < 40_000
    assert history.records


def test_steps_override_epochs():
    assert fit(line_model(), Line(), TrainSpec(epochs=1, steps=10)).steps == 10


def test_divergence_is_an_error_that_says_when():
    with pytest.raises(DivergedError, match=r"not finite at step \d+"):
        fit(line_model(), Line(gain=float("inf")), TrainSpec())


def test_same_seed_same_weights():
    weights = []
    for _ in range(2):
        model = line_model()
        fit(model, Line(), TrainSpec(epochs=2))
        weights.append(model.weight.item())
    assert weights[0] == weights[1]


@pytest.mark.parametrize("kind", ["norm", "value"])
def test_clipping_is_what_the_reference_says(kind):
    """One step of plain gradients, clipped, against the NumPy version."""
    captured = {}

    class Look(Hook):
        def on_step_end(self, progress):
            captured["gradient"] = progress.model.weight.grad.clone().numpy()

    limits = {"norm": {"clip_norm": 0.5}, "value": {"clip_value": 0.5, "clip_norm": None}}[kind]
    fit(line_model(), Line(gain=100.0), TrainSpec(steps=1, **limits), [Look()])
    model = line_model()
    batch = next(iter(Line().batches(0)))
    Line(gain=100.0).loss(model, batch).value.backward()
    raw = model.weight.grad.numpy()
    clip = clip_by_norm if kind == "norm" else clip_by_value
    expected = clip([raw], 0.5)
    expected = expected[0] if isinstance(expected, tuple | list) else expected
    assert np.abs(raw).max() > 0.5
    np.testing.assert_allclose(captured["gradient"], np.asarray(expected).reshape(1, 1), rtol=1e-4)


def test_norms_and_biases_do_not_decay():
    model = nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3))
    marked = nn.Parameter(torch.ones(2, 2))
    marked._no_weight_decay = True
    model.register_parameter("marked", marked)
    groups = build_optimiser(model, TrainSpec(weight_decay=0.3)).param_groups
    assert [p.shape for p in groups[0]["params"]] == [(3, 3)]
    assert groups[0]["weight_decay"] == 0.3
    assert groups[1]["weight_decay"] == 0.0
    assert len(groups[1]["params"]) == 4


def test_schedule_warms_up_and_falls():
    factor = schedule(TrainSpec(warmup=0.1, schedule="cosine"), 100)
    values = [factor(step) for step in range(100)]
    assert values[0] == pytest.approx(0.1)
    assert max(values) == pytest.approx(1.0)
    assert values[9] == pytest.approx(1.0)
    assert values[55] == pytest.approx(0.5, abs=0.02)
    assert values[-1] < 0.01
