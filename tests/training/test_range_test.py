"""The range test: rates rise evenly on their logarithm, and the suggestion learns."""

import numpy as np
import pytest
import torch

from seqlab.batch import Batch
from seqlab.specs import TrainSpec
from seqlab.training.fit import fit
from seqlab.training.range_test import range_test, suggested
from tests.training.problems import Line, line_model


class Noisy(Line):
    """As the line, measured with errors, so that too high a rate shows."""

    def __init__(self):
        super().__init__(sizes=(64,) * 4)

    def batches(self, epoch):
        rng = np.random.default_rng((epoch, 1))
        for batch in super().batches(epoch):
            noise = torch.from_numpy(rng.normal(size=batch.targets.shape)).float()
            yield Batch(batch.inputs, batch.targets + 0.3 * noise)


SPEC = TrainSpec(optimizer="sgd", momentum=0.0, weight_decay=0.0, clip_norm=None)


def test_rates_rise_until_the_loss_does():
    found = range_test(line_model(), Noisy(), SPEC, steps=200, limits=(1e-4, 100.0))
    ratios = np.array(found.rates[1:]) / found.rates[:-1]
    assert ratios == pytest.approx(np.full(len(ratios), 1e6 ** (1 / 199)))
    assert found.rates[-1] < 100, "it ends where it diverges"
    # x has a variance of 1: gradient descent on 9·(w − 3)² … converges below a rate of 1.
    assert 1e-3 < found.suggestion < 1


def test_the_suggestion_trains():
    found = range_test(line_model(), Noisy(), SPEC, steps=200, limits=(1e-4, 100.0))
    model = line_model()
    before = float((model.weight - 3).abs())
    spec = SPEC.with_(learning_rate=found.suggestion, epochs=40)
    assert fit(model, Line(), spec).best < 0.2 * before


def test_half_way_by_hand():
    rates = [10.0**n for n in range(-6, 1)]
    assert suggested(rates, [1.0, 1.0, 0.95, 0.7, 0.3, 0.25, 0.9]) == pytest.approx(1e-3)
    assert suggested(rates, [1.1, 1.0, 0.99, 1.0, 0.995, 0.99, 0.9999]) is None
    assert suggested(rates, [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6]) is None
