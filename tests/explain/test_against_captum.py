"""Gradients and occlusion equal Captum's, in float64."""

import numpy as np
import pytest
import torch

from seqlab.explain.methods.base import batches_of
from seqlab.explain.methods.gradient_input import GradientInput
from seqlab.explain.methods.integrated_gradients import IntegratedGradients
from seqlab.explain.methods.occlusion_mask import OcclusionMask
from tests.explain.cases import RECIPES, network_case, prepared

attr = pytest.importorskip("captum.attr")

UNKNOWN = 1


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture(params=sorted(RECIPES))
def case(request, made):
    return network_case(request.param, made)


def by_row(case, values):
    """Captum's (B, T) numbers of the real positions of each example, and the batch's rows."""
    (batch,) = batches_of(case, case.examples)
    lengths = case.examples.ragged("tokens").lengths
    for place, row in enumerate(batch.rows):
        yield int(row), values(batch)[place, : lengths[row]].detach().numpy()


def forward(case, batch):
    def answers(inputs):
        one = type(batch)(inputs=inputs, context=batch.context, rows=batch.rows)
        return case.question.scores(case.subject.contestant, one)[:, 0]

    return answers


def agree(case, attribution, values):
    for row, theirs in by_row(case, values):
        ours = attribution.values[row][0]
        assert len(ours) == len(theirs)  # a word a token
        assert np.abs(theirs).max() > 1e-3
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_integrated_gradients(case):
    def theirs(batch):
        method = attr.LayerIntegratedGradients(
            forward(case, batch), case.subject.contestant.embedding.table
        )
        return method.attribute(
            batch.inputs, baselines=torch.zeros_like(batch.inputs), n_steps=32,
            method="gausslegendre", internal_batch_size=len(batch.inputs),
        ).sum(-1)  # fmt: skip

    found = IntegratedGradients(points=32, most=32).attribute(case)
    agree(case, found, theirs)


def test_gradient_times_input(case):
    def theirs(batch):
        method = attr.LayerGradientXActivation(
            forward(case, batch), case.subject.contestant.embedding.table
        )
        return method.attribute(batch.inputs).sum(-1)

    agree(case, GradientInput().attribute(case), theirs)


def test_occlusion_by_a_mask(case):
    def theirs(batch):
        method = attr.FeatureAblation(forward(case, batch))
        return method.attribute(batch.inputs, baselines=UNKNOWN)

    agree(case, OcclusionMask().attribute(case), theirs)
