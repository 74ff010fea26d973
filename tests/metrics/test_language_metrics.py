"""Bits and perplexity against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from seqlab.metrics.base import AdditiveMetric
from seqlab.metrics.bits_per_byte import BitsPerByte
from seqlab.metrics.bits_per_character import BitsPerCharacter
from seqlab.metrics.perplexity import Perplexity

METRICS = [BitsPerCharacter(), BitsPerByte(), Perplexity()]
NATS = np.log(2) * np.array([3.0, 5.0, 4.0])  # 3, 5 and 4 bits
SIZES = np.array([1.0, 2.0, 3.0])


def test_bits_are_a_ratio_of_sums():
    for metric in METRICS[:2]:
        assert isinstance(metric, AdditiveMetric)
        assert metric.value(metric.collect(NATS, SIZES)) == pytest.approx(2.0, abs=1e-15)


def test_perplexity_is_the_inverse_geometric_mean_of_probabilities():
    metric = Perplexity()
    statistics = metric.collect(NATS, SIZES)
    assert metric.value(statistics) == pytest.approx(4.0, abs=1e-14)  # 12 bits over 6 tokens
    half = -np.log([0.5] * 7)
    assert metric.value(metric.collect(half, np.ones(7))) == pytest.approx(2.0, abs=1e-14)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_weights_are_repeated_examples_and_less_is_better(metric):
    statistics = metric.collect(NATS, SIZES)
    twice = metric.collect(NATS[[0, 0, 2]], SIZES[[0, 0, 2]])
    weighted = metric.reduce(statistics, np.array([[2.0, 0.0, 1.0]]))
    assert weighted == pytest.approx([metric.value(twice)])
    assert not metric.higher_is_better
    assert metric.value(metric.collect(NATS / 2, SIZES)) < metric.value(statistics)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_a_lost_number_is_not_hidden(metric):
    assert np.isnan(metric.value(metric.collect(np.array([1.0, np.nan]), np.ones(2))))


def test_each_counts_its_own_units():
    assert [metric.space for metric in METRICS] == ["characters", "bytes", "tokens"]
