"""Is the estimated variation the one that was put in?"""

import numpy as np
import pytest

from seqlab.compare.contestants import Contestant
from seqlab.compare.variation import estimate
from seqlab.errors import UserError
from seqlab.metrics.accuracy import Accuracy
from seqlab.metrics.auroc import Auroc
from seqlab.metrics.base import Metric
from seqlab.metrics.mae import Mae
from tests.compare.studies import scored

RNG = np.random.default_rng(0)


def crossed(a, b, e, runs=4, examples=150):
    """Two-way scores: seed + example + residual."""
    seed = RNG.normal(0, np.sqrt(a), (runs, 1))
    example = RNG.normal(0, np.sqrt(b), (1, examples))
    return seed + example + RNG.normal(0, np.sqrt(e), (runs, examples))


def test_the_three_parts_are_unbiased():
    a, b, e, runs, examples = 0.05, 1.0, 2.0, 4, 150
    found = [estimate([scored("x", crossed(a, b, e))], Mae(), None, 0) for _ in range(400)]
    seeds = np.mean([v.seeds[0] for v in found])
    held = np.mean([v.examples[0, 0] for v in found])
    residual = np.mean([v.residual[0] for v in found])
    assert residual == pytest.approx(e / (runs * examples), rel=0.02)
    assert held == pytest.approx(b / examples + e / (runs * examples), rel=0.03)
    assert seeds == pytest.approx(a / runs + e / (runs * examples), rel=0.15)


def test_the_variance_of_a_mean_counts_the_residual_once():
    parts, means = (0.02, 1.0, 4.0), []
    variances = []
    for _ in range(400):
        variation = estimate([scored("x", crossed(*parts))], Mae(), None, 0)
        means.append(variation.means[0])
        variances.append(variation.variances(np.ones((1, 1)))[0])
    assert np.mean(variances) == pytest.approx(np.var(means), rel=0.2)


def test_shared_examples_cancel_in_differences():
    shared = RNG.normal(0, 3.0, 500)
    pair = [scored(n, shared + RNG.normal(0, 0.5, (8, 500))) for n in "ab"]
    variation = estimate(pair, Mae(), None, 0)
    assert variation.variances(np.array([[1.0, -1.0]]))[0] < 0.01 * variation.examples[0, 0]


def test_a_deterministic_contestant_has_no_seed_variance():
    fixed = scored("fixed", RNG.normal(size=(1, 50)), deterministic=True)
    variation = estimate([fixed, scored("x", RNG.normal(size=(3, 50)))], Mae(), None, 0)
    assert variation.seeds[0] == variation.residual[0] == 0
    assert variation.seeds[1] > 0


def test_seeds_that_agree_by_luck_borrow_from_the_others():
    lucky = np.tile(RNG.normal(size=50), (3, 1))
    wild = RNG.normal(size=(3, 50)) + np.array([[-1.0], [0.0], [1.0]])
    variation = estimate([scored("lucky", lucky), scored("wild", wild)], Mae(), None, 0)
    own = wild.mean(axis=1).var(ddof=1) / 3
    assert variation.seeds[1] == pytest.approx(own)  # never lowered
    assert variation.seeds[0] == pytest.approx(own * 2 / (2 + 2))  # 2 own, 2 borrowed degrees
    assert list(variation.seed_freedom) == [4, 4]


def test_one_seed_of_several_possible_ones_says_nothing_unless_it_can_borrow():
    single = scored("single", RNG.normal(size=(1, 50)))
    assert np.isinf(estimate([single], Mae(), None, 0).seeds[0])
    both = estimate([single, scored("x", RNG.normal(size=(4, 50)))], Mae(), None, 0)
    assert np.isfinite(both.seeds).all()


def test_blocks_move_together():
    values = RNG.normal(size=(2, 100))
    alone = estimate([scored("x", values)], Mae(), None, 0)
    copies = scored("x", np.repeat(values, 4, axis=1))
    blocks = np.repeat(np.arange(100), 4)
    blocked = estimate([copies], Mae(), blocks, 0)
    assert blocked.units == 100
    assert blocked.examples == pytest.approx(alone.examples)
    assert blocked.residual == pytest.approx(alone.residual)
    assert estimate([copies], Mae(), None, 0).examples < 0.3 * alone.examples


def test_blocks_need_not_be_sorted_nor_counts_equal():
    total, count = RNG.normal(5, 1, (1, 60)), RNG.integers(0, 4, (1, 60)).astype(float)
    blocks = RNG.integers(0, 12, 60) * 7
    contestant = Contestant("x", np.stack([total * count, count], axis=2), deterministic=True)
    found = estimate([contestant], Mae(), blocks, 0)
    ratio = (total * count).sum() / count.sum()
    pulls = [((total - ratio) * count)[:, blocks == b].sum() / count.sum() for b in set(blocks)]
    assert found.means[0] == pytest.approx(ratio)
    assert found.examples[0, 0] == pytest.approx(np.sum(np.square(pulls)) * 12 / 11)


class Resampled(Metric):
    """Accuracy by another name: not known to be additive, so it must be bootstrapped."""

    name = "resampled"
    higher_is_better = True
    unit_range = True

    def collect(self, predictions, targets):
        raise NotImplementedError

    def reduce(self, statistics, weights):
        return Accuracy().reduce(statistics, weights)


@pytest.mark.parametrize("blocks", [None, np.arange(300) // 3])
def test_the_bootstrap_finds_the_same_variation(blocks):
    hard = RNG.random(300)
    pair = [scored(n, RNG.random((5, 300)) + hard < 1.4) for n in "ab"]
    direct = estimate(pair, Accuracy(), blocks, 0)
    drawn = estimate(pair, Resampled(), blocks, 0)
    assert drawn.means == pytest.approx(direct.means)
    contrast = np.array([[1.0, -1.0]])
    assert drawn.variances(contrast) == pytest.approx(direct.variances(contrast), rel=0.2)
    assert drawn.residual == pytest.approx(direct.residual, rel=0.2)


def test_the_bootstrap_keeps_contestants_paired():
    targets = RNG.integers(0, 2, 200)
    p = np.clip(0.5 + 0.2 * (targets - 0.5) + 0.2 * RNG.normal(size=200), 0, 1)
    one = Auroc().collect(np.stack([1 - p, p], axis=1), targets)[None]
    pair = [Contestant(n, one, deterministic=True) for n in "ab"]
    variation = estimate(pair, Auroc(), None, 0)
    granted = 2 / 200**2  # one error each that was not seen
    assert variation.variances(np.array([[1.0, -1.0]]))[0] == pytest.approx(granted)
    assert variation.examples[0, 0] > 10 * granted


def test_an_undefined_metric_is_named():
    one_class = np.column_stack([RNG.random(20), np.ones(20)])[None]
    with pytest.raises(UserError, match="metric auroc: undefined on these 20 test examples"):
        estimate([Contestant("a", one_class, deterministic=True)], Auroc(), None, 0)
