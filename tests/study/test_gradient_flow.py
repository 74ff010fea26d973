"""Gradient flow: what theory says of a recurrence, autograd by hand, every mixer, and its names."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab import registry
from seqlab.batch import Context
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.gradient_advice import diagnose, diagnosis_of
from seqlab.study.gradient_flow import Flow, Reach, measure_flow
from seqlab.tasks.base import DataSpec, Sources
from seqlab.workbench.gradients import gradients
from tests.study.test_study_folder import FRAME
from tests.translations import frame as translations

LONG = pd.DataFrame(
    {
        "text": [" ".join(f"w{(i >> k % 7) & 1}x{k % 5}" for k in range(41)) for i in range(90)],
        "label": [i % 2 for i in range(90)],
    }
)


def prepare(frame, task="classify", **options):
    table = Table(frame, "data", ())
    spec = DataSpec(options=options)
    return registry.load("tasks", task).prepare(Sources(table), spec, 0)[0]


@pytest.fixture(scope="module")
def prepared():
    return prepare(FRAME)


@pytest.fixture(scope="module")
def long():
    return prepare(LONG)


def flow(prepared, **fields):
    spec = ModelSpec(**{"mixer": "rnn", "width": 16, "dropout": 0.3, **fields})
    model = build_model(prepared.task, spec)
    return measure_flow(prepared, model, TrainSpec()), model


def linear_recurrence(prepared, matrix):
    """h_t = W h_{t−1} + x_t + b: a ReLU network whose units are all in their linear part."""
    spec = ModelSpec(mixer="rnn", width=16, dropout=0.0, settings={"activation": "relu"})
    model = build_model(prepared.task, spec)
    mixer = model.blocks[0].mixer
    with torch.no_grad():
        mixer.w_hh.copy_(matrix)
        mixer.w_ih.copy_(torch.eye(16))
        mixer.bias.fill_(10.0)
    return measure_flow(prepared, model, TrainSpec()).reaches["blocks.0"]


def rotation():
    """Of pairs of units, by little, so that no unit leaves its linear part."""
    angle = torch.tensor(0.02)
    pair = torch.stack((angle.cos(), -angle.sin(), angle.sin(), angle.cos())).view(2, 2)
    return torch.block_diag(*[pair] * 8)


@pytest.mark.parametrize(
    ("matrix", "factor", "name"),
    [
        (0.9 * torch.eye(16), 0.9, "sound"),
        (0.8 * torch.eye(16), 0.8, "vanishing"),
        (1.1 * torch.eye(16), 1.1, "sound"),
        (1.2 * torch.eye(16), 1.2, "exploding"),
        (rotation(), 1.0, "sound"),
    ],
)
def test_a_linear_recurrence_goes_as_the_powers_of_its_matrix(long, matrix, factor, name):
    reach = linear_recurrence(long, matrix)
    assert len(reach.norms) == 41
    expected = factor ** np.arange(41)
    assert np.array(reach.norms) / reach.norms[0] == pytest.approx(expected, rel=1e-3)
    assert diagnosis_of(reach) == name
    if factor < 1:  # 0.9ᵈ < 1 % of the mean of the nearest four from 45 on: beyond these
        near = expected[:4].mean()
        assert reach.heard == int(np.flatnonzero(expected >= 0.01 * near).max())


def test_norms_are_those_of_autograd(prepared):
    found, model = flow(prepared)
    ids = [prepared.valid.arrays["tokens"][row] for row in range(len(prepared.valid))]
    reach = found.reaches["blocks.0"]
    total, count = np.zeros(len(reach.norms)), np.zeros(len(reach.norms))
    targets = prepared.valid.arrays["label"]
    model.zero_grad()
    for tokens, target in zip(ids, targets, strict=True):
        h = model.embedding(torch.from_numpy(tokens[None]).long()).detach().requires_grad_()
        logit = model.head(model.blocks[0](h, Context())[:, -1]).squeeze()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            logit, torch.tensor(float(target))
        )
        loss.backward()
        back = h.grad.norm(dim=-1)[0].numpy()[::-1]
        total[: len(back)] += back
        count[: len(back)] += 1
    assert reach.norms == pytest.approx(total / count, rel=1e-3)
    assert list(found.layers) == ["embedding", "blocks.0", "head"]
    head = torch.cat([p.grad.flatten() for p in model.head.parameters()])
    assert found.layers["head"] == pytest.approx(float(head.norm()) / len(ids), rel=1e-3)


@pytest.mark.parametrize("name", registry.names("mixers"))
def test_every_mixer_has_a_flow_in_every_layer(prepared, name):
    card = registry.card("mixers", name)
    recipes = card.get("recipes") or {}
    if not recipes:
        pytest.skip("reads a memory: no model is made of it alone")
    fields = {"mixer": name, "width": 16, "depth": 2, **next(iter(recipes.values()))}
    fields = {**fields, "width": 16, "depth": 2, "pooling": "mean"}
    found, model = flow(prepared, **fields)
    assert list(found.reaches) == ["blocks.0", "blocks.1"]
    longest = max(len(prepared.valid.arrays["tokens"][row]) for row in range(len(prepared.valid)))
    for reach in found.reaches.values():
        assert len(reach.norms) == longest
        assert np.isfinite(reach.norms).all()
        assert min(reach.norms) > 0, "mean pooling hears every position"
    assert all(
        "prefill" not in vars(b.mixer) and "forward" not in vars(b.mixer) for b in model.blocks
    )


def test_where_every_position_answers_the_last_one_alone_is_followed():
    """A window of two under two blocks: the last answer hears three positions, and no more."""
    words = [f"w{k % 9}" for k in range(4000)]
    frame = pd.DataFrame({"text": [" ".join(words)]})
    text = prepare(frame, "language", block=32)
    near = {"window": 2, "global_tokens": 0}
    fields = {"mixer": "longformer", "depth": 2, "settings": near, "residual": True}
    found, _ = flow(text, **fields)
    assert found.last_answer_only
    assert [np.flatnonzero(r.norms).max() + 1 for r in found.reaches.values()] == [3, 2]
    said = diagnose(found, ModelSpec(**fields), TrainSpec())
    assert [d.what for d in said] == ["out of reach"]
    assert "a wider window" in said[0].advice


def test_encoder_and_decoder_have_a_flow_each():
    found, _ = flow(prepare(translations(80), "translate"), mixer="gru", depth=1)
    assert list(found.reaches) == ["encoder.0", "decoder.0"]
    assert {"encoder.0", "decoder.0", "source", "target"} <= set(found.layers)


def test_mean_pooling_hears_what_a_shrunken_recurrence_does_not(long):
    shrunken = linear_recurrence(long, 0.5 * torch.eye(16))
    assert diagnosis_of(shrunken) == "vanishing"
    spec = ModelSpec(mixer="rnn", width=16, pooling="mean", dropout=0.0)
    model = build_model(long.task, spec)
    with torch.no_grad():
        model.blocks[0].mixer.w_hh *= 0.05
    assert diagnosis_of(measure_flow(long, model, TrainSpec()).reaches["blocks.0"]) == "sound"


def said(norms, train=None, **fields):
    model = ModelSpec(**{"mixer": "rnn", **fields})
    (found,) = diagnose(Flow({"blocks.0": Reach(norms)}, {}), model, train or TrainSpec())
    return found


def test_advice_fits_the_model():
    far = [2.0**-k for k in range(40)]
    plain = said(far)
    assert plain.what == "vanishing"
    assert "below a hundredth from" in plain.evidence
    assert "gates (lstm, gru)" in plain.advice
    assert 'pooling = "mean"' in plain.advice
    gated = said(far, mixer="lstm", norm="pre", residual=True)
    assert "gates" not in gated.advice
    assert "chrono_length" in gated.advice
    assert "normalisation" not in gated.advice
    assert "an orthogonal initialisation" in said(far, settings={"initialisation": "he"}).advice

    near = [1.5**k for k in range(40)]
    assert said(near, TrainSpec(clip_norm=None)).advice.startswith("clip_norm = 1,")
    assert said(near, TrainSpec(clip_norm=2)).advice.startswith("keep clip_norm = 2, or lower it")
    assert "gain ≤ 1" in said(near).advice


def test_where_texts_are_cut_advice_says_how_long_pieces_need_be():
    model = ModelSpec(mixer="rnn")
    for norms, words in (
        ([2.0**-k for k in range(40)], "backpropagation truncated at 8 positions loses next to"),
        ([1.5**k for k in range(40)], "backpropagation truncated earlier"),
    ):
        text = Flow({"blocks.0": Reach(norms)}, {}, last_answer_only=True, causal=True)
        (found,) = diagnose(text, model, TrainSpec())
        assert words in found.advice


def test_what_is_sound_says_why():
    assert said([1.0] * 20).advice == "nothing to do"
    assert 'pooling = "mean"' in said([1.0] * 20, pooling="mean").advice
    assert "fewer than 10 positions" in said([1e-9] * 3).advice
    assert said([1.0] * 20).sentence.startswith("sound: farthest over nearest 1")


def test_a_run_and_the_best_are_measured_and_drawn(finished, tmp_path):
    plot = tmp_path / "page.html"
    found = gradients(finished / "runs/rnn/verdict-0", plot)
    assert set(found.flows) == {"start", "end"}
    norms = [flow.reaches["blocks.0"].norms for flow in found.flows.values()]
    assert norms[0] != norms[1], "training changed them"
    page = plot.read_text(encoding="utf-8")
    assert "Gradient flow: rnn, verdict 0" in page
    assert "blocks.0, start" in page
    if (finished / "best/baseline.json").exists():
        with pytest.raises(UserError, match="majority is a baseline, which has no gradients"):
            gradients(finished)
    else:
        assert gradients(finished).run.job.candidate == "rnn"


def test_what_has_no_flow_is_refused_in_a_line(finished, tmp_path):
    cases = {
        finished / "runs/rnn/trial-0": "a run without weights; tuning trials keep none",
        finished / "runs/majority/verdict-0": "majority is a baseline, which has no gradients",
        tmp_path: "no finished run",
    }
    for folder, words in cases.items():
        with pytest.raises(UserError) as caught:
            gradients(folder)
        assert caught.value.message == f"{folder}: {words}"
        assert caught.value.hint.startswith("expected a folder such as STUDY/runs/gru/verdict-0")


def test_a_flow_is_plain_data():
    assert dataclasses.asdict(Flow({"a": Reach([1.0])}, {"a": 2.0}))["reaches"]["a"]["norms"]
