"""Gradient flow: measured against gradients by hand, and named rightly."""

import numpy as np
import pytest
import torch

from seqlab import registry
from seqlab.data.table import Table
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.gradient_flow import Flow, diagnosis, measure_flow
from seqlab.study.work import build_model
from seqlab.tasks.base import DataSpec, Sources
from tests.study.test_study_folder import FRAME


@pytest.fixture(scope="module")
def prepared():
    table = Table(FRAME, "reviews", ())
    return registry.load("tasks", "classify").prepare(Sources(table), DataSpec(), 0)[0]


def flow(prepared, scale=1.0, **fields):
    spec = ModelSpec(**{"mixer": "rnn", "width": 16, "dropout": 0.3, **fields})
    model = build_model(prepared.task, spec)
    if scale != 1:
        with torch.no_grad():
            model.blocks[0].mixer.w_hh *= scale
    return measure_flow(prepared, model, TrainSpec()), model


def test_norms_are_those_of_autograd(prepared):
    found, model = flow(prepared)
    ids = [prepared.valid.arrays["tokens"][row] for row in range(len(prepared.valid))]
    total, count = np.zeros(len(found.norms)), np.zeros(len(found.norms))
    targets = prepared.valid.arrays["label"]
    for tokens, target in zip(ids, targets, strict=True):
        h = model.embedding(torch.from_numpy(tokens[None]).long()).detach().requires_grad_()
        logit = model.head(model.blocks[0](h, _nothing())[:, -1]).squeeze()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            logit, torch.tensor(float(target))
        )
        (loss / len(ids)).backward()
        back = h.grad.norm(dim=-1)[0].numpy()[::-1]
        total[: len(back)] += back
        count[: len(back)] += 1
    assert found.norms == pytest.approx(total / count, rel=1e-3)
    assert list(found.layers) == ["embedding", "blocks.0", "head"]


def _nothing():
    from seqlab.batch import Context

    return Context()


def test_a_shrunken_recurrence_vanishes_and_mean_pooling_does_not(prepared):
    assert flow(prepared, scale=0.05)[0].ratio < 1e-3
    assert flow(prepared, scale=0.05, pooling="mean")[0].ratio > 1e-2


def test_names():
    def named(norms, pooling="last"):
        return diagnosis(Flow(norms, {}), pooling)

    assert named([1.0] * 5 + [1e-5] * 5)[0] == "vanishing"
    what, advice = named([1.0] * 5 + [1e5] * 5)
    assert (what, "clip_norm" in advice) == ("exploding", True)
    assert named([1.0] * 10, "mean") == (
        "sound",
        'every position is heard directly: pooling = "mean"',
    )
