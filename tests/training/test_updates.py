"""Accumulation, clipping, the state that sequences carry on, and what is recorded of them."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from seqlab import registry
from seqlab.batch import Batch
from seqlab.specs import TrainSpec
from seqlab.training.clipping import clip_adaptively
from seqlab.training.fit import fit
from seqlab.training.hooks import Hook
from seqlab.training.optimisers import build_optimiser, no_decay
from tests.training.problems import Line, ScriptedLoss, line_model

PLAIN = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "clip_norm": None, "warmup": 0.0}


class Gradients(Hook):
    def __init__(self):
        self.seen = []

    def on_step_end(self, progress):
        self.seen.append([p.grad.clone() for p in progress.model.parameters()])


def test_accumulated_batches_are_one_large_batch():
    """Of unequal sizes: each example counts alike."""

    class Whole(Line):
        def batches(self, epoch):
            parts = list(super().batches(epoch))
            yield Batch(*(torch.cat([getattr(p, n) for p in parts]) for n in ("inputs", "targets")))

        def steps_per_epoch(self):
            return 1

    seen = {}
    for name, objective, accumulate in (
        ("parts", Line(sizes=(2, 9, 4)), 3),
        ("whole", Whole(sizes=(2, 9, 4)), 1),
    ):
        watch = Gradients()
        spec = TrainSpec(epochs=1, accumulate=accumulate, **PLAIN)
        history = fit(line_model(), objective, spec, [watch])
        assert history.steps == 1
        assert history.tokens == 15
        assert history.epochs == 1
        seen[name] = watch.seen[0][0]
    torch.testing.assert_close(seen["parts"], seen["whole"])


class Counting:
    """A stream of ones cut into pieces; the loss carries how many came before, and a gradient."""

    higher_is_better = False

    def __init__(self, restart):
        self.restart, self.carried = restart, []

    def steps_per_epoch(self):
        return 4

    def batches(self, epoch):
        for piece in range(4):
            yield Batch(torch.ones(2, 3), continues=piece > 0 and piece != self.restart)

    def loss(self, model, batch, state=None):
        self.carried.append(None if state is None else float(state.sum()))
        assert state is None or not state.requires_grad, "backpropagation must be cut"
        count = model.weight.squeeze() * 0 + 6 + (0.0 if state is None else state.sum())
        return ScriptedLoss(count * 1.0, state=count)

    def validate(self, model):
        return 0.0


@pytest.mark.parametrize("accumulate", [1, 2])
def test_state_is_carried_where_batches_continue(accumulate):
    objective = Counting(restart=2)
    fit(line_model(), objective, TrainSpec(epochs=2, accumulate=accumulate, patience=None, **PLAIN))
    assert objective.carried == [None, 6.0, None, 6.0] * 2


def test_adaptive_clipping_by_hand():
    weight = nn.Parameter(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    weight.grad = torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    assert clip_adaptively([weight], 0.1)
    # Row 0: length 1 against 0.1·5; row 1: length 1 against 0.1·0.001, the least.
    torch.testing.assert_close(weight.grad, torch.tensor([[0.3, 0.4], [0.0, 1e-4]]))
    assert not clip_adaptively([weight], 0.2)


@pytest.mark.parametrize(
    "limit", [{"clip_norm": 1e-3}, {"clip_value": 1e-3}, {"clip_adaptive": 1e-3}]
)
def test_the_share_of_clipped_steps_is_recorded(limit):
    plain = {**PLAIN, "epochs": 1, "evaluations": 1}
    for gain, share in ((1.0, 1.0), (0.0, 0.0)):
        objective = Line(gain=gain)
        history = fit(line_model(), objective, TrainSpec(**{**plain, **limit}))
        assert history.records[0]["clipped"] == share
    assert fit(line_model(), Line(), TrainSpec(**plain)).records[0]["clipped"] == 0.0


def test_clipping_sees_float16_gradients_at_their_ordinary_size():
    norms = [
        fit(
            line_model(), Line(gain=1e-3), TrainSpec(steps=1, precision=precision, **PLAIN)
        ).records[0]["gradient_norm"]
        for precision in ("float32", "float16")
    ]
    assert norms[1] == pytest.approx(norms[0], rel=0.02)


def test_adaptive_clipping_acts_in_training():
    watch = Gradients()
    spec = TrainSpec(steps=1, clip_adaptive=0.01, **PLAIN)
    fit(line_model(), Line(gain=100.0), spec, [watch])
    expected = 0.01 * line_model().weight.abs()
    torch.testing.assert_close(watch.seen[0][0].abs(), expected.detach())


class Clock:
    """Time that passes a millisecond at each look, and where the test says so."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        self.now += 0.001
        return self.now


def test_loading_time_cannot_hide(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("seqlab.training.fit.time", clock)
    monkeypatch.setattr("seqlab.training.feed.time", clock)

    class Slow(Line):
        def batches(self, epoch):
            for batch in super().batches(epoch):
                clock.now += 0.03
                yield batch

    spec = TrainSpec(epochs=2, evaluations=2, patience=None, prefetch=0)
    slow, quick = (fit(line_model(), o, spec) for o in (Slow(), Line()))
    assert 0.8 < slow.loading / slow.seconds <= 1
    assert 0 < quick.loading / quick.seconds < 0.5
    assert max(r["loading"] for r in slow.records) > 0.8  # batches are made some at a time
    assert all(record["tokens_per_second"] > 0 for record in quick.records)
    assert all(record["memory_mb"] > 10 for record in quick.records)


@pytest.mark.parametrize("name", ["mamba", "mamba2", "gated-deltanet"])
def test_what_must_not_decay_does_not_in_copies_either(name):
    mixer = registry.load("mixers", name)(16)
    kept = {n for n, p in mixer.named_parameters() if no_decay(p)}
    assert "A_log" in kept
    twin = copy.deepcopy(mixer)
    assert {n for n, p in twin.named_parameters() if no_decay(p)} == kept
    decaying = build_optimiser(twin, TrainSpec(weight_decay=0.5)).param_groups[0]["params"]
    assert all(p is not twin.A_log for p in decaying)


class Bowl:
    """A quadratic bowl that is narrow one way, with a matrix to find and some bias."""

    higher_is_better = False

    def __init__(self):
        rng = np.random.default_rng(0)
        self.goal = torch.from_numpy(rng.normal(size=(4, 6))).float()

    def steps_per_epoch(self):
        return 10

    def batches(self, epoch):
        rng = np.random.default_rng(epoch)
        for _ in range(10):
            x = torch.from_numpy(rng.normal(size=(32, 6))).float() * torch.linspace(0.7, 1.5, 6)
            yield Batch(x, x @ self.goal.T + 1)

    def loss(self, model, batch, state=None):
        return ScriptedLoss(((model(batch.inputs) - batch.targets) ** 2).mean())

    def validate(self, model):
        return float((model[0].weight - self.goal).norm())


RATES = {"sgd": 0.02, "rmsprop": 0.02, "adam": 0.1, "adamw": 0.1, "lion": 0.05, "muon": 0.5}


@pytest.mark.parametrize("name", RATES)
def test_every_optimiser_finds_the_bowl(name):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4))
    spec = TrainSpec(
        optimizer=name, learning_rate=RATES[name], epochs=20, weight_decay=0, patience=None
    )
    history = fit(model, Bowl(), spec)
    assert history.best < 0.15


def _one_step(spec, weight, gradient):
    model = nn.Linear(*reversed(weight.shape), bias=False)
    with torch.no_grad():
        model.weight.copy_(weight)
    optimiser = build_optimiser(model, spec)
    for _ in range(2):
        model.weight.grad = gradient.clone()
        optimiser.step()
    return model.weight.detach()


def test_lion_by_hand():
    spec = TrainSpec(optimizer="lion", learning_rate=0.1, weight_decay=0.5, beta1=0.9, beta2=0.5)
    found = _one_step(spec, torch.tensor([[1.0, -2.0]]), torch.tensor([[0.3, -0.01]]))
    expected = torch.tensor([[1.0, -2.0]])
    for _ in range(2):
        expected = expected * (1 - 0.05) - 0.1 * torch.tensor([[1.0, -1.0]])
    torch.testing.assert_close(found, expected)


def test_lion_keeps_the_length_of_its_steps_where_the_gradient_turns():
    spec = TrainSpec(optimizer="lion", learning_rate=0.1, weight_decay=0.0, beta1=0.9, beta2=0.5)
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    optimiser = build_optimiser(model, spec)
    for gradient in (0.3, -0.1, -0.9):  # signs of 0.03, 0.125 and −0.0675 blended with the memory
        model.weight.grad = torch.full((1, 1), gradient)
        optimiser.step()
    assert model.weight.item() == pytest.approx(1 - 0.1 - 0.1 + 0.1)


def test_adamw_decays_apart_from_the_gradient_and_adam_as_part_of_it():
    weight, still = torch.tensor([[1.0, -2.0]]), torch.zeros(1, 2)
    fields = {"learning_rate": 0.1, "weight_decay": 0.5}
    apart = _one_step(TrainSpec(optimizer="adamw", **fields), weight, still)
    torch.testing.assert_close(apart, weight * (1 - 0.05) ** 2)
    within = _one_step(TrainSpec(optimizer="adam", **fields), weight, still)
    # Two steps of the rate, whatever the size of the decay: Adam divides by it.
    torch.testing.assert_close(within, weight - 0.2 * weight.sign(), rtol=1e-2, atol=1e-3)


def test_muon_steps_are_near_orthogonal_and_of_adams_size():
    torch.manual_seed(1)
    spec = TrainSpec(optimizer="muon", learning_rate=1.0, weight_decay=0.0)
    moved = _one_step(spec, torch.zeros(32, 16), torch.randn(32, 16)) / 2
    singular = torch.linalg.svdvals(moved)
    assert float(singular.max() / singular.min()) < 2.5
    assert float(moved.square().mean().sqrt()) == pytest.approx(0.2, rel=0.25)


def test_nesterov_momentum_and_betas_reach_the_optimiser():
    model = line_model()
    sgd = build_optimiser(model, TrainSpec(optimizer="sgd", momentum=0.8, nesterov=True))
    assert (sgd.defaults["momentum"], sgd.defaults["nesterov"]) == (0.8, True)
    for name in ("adam", "adamw"):
        group = build_optimiser(
            model, TrainSpec(optimizer=name, beta1=0.8, beta2=0.95, epsilon=1e-6)
        ).param_groups[0]
        assert (group["betas"], group["eps"]) == ((0.8, 0.95), 1e-6)
    group = build_optimiser(model, TrainSpec(optimizer="rmsprop", beta2=0.95)).param_groups[0]
    assert (group["alpha"], group["momentum"]) == (0.95, 0.9)
