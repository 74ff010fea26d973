"""Seeds that came to nothing: recognised, counted, and scored in two ways."""

from dataclasses import replace

import numpy as np
import pytest

from seqlab.compare.decision import compare
from seqlab.compare.restarts import Kept, as_it_is, losses
from seqlab.metrics.accuracy import Accuracy
from seqlab.metrics.mae import Mae
from tests.compare.studies import right, scored

MAJORITY = (np.arange(2000) % 100 < 52).astype(float)
TRIVIAL = np.stack([MAJORITY, np.ones(2000)], axis=1)


def fallen(name, seeds=8, collapsed=3, lost=0):
    """Good but for the seeds that answer like the majority class."""
    values = right(0.8, runs=seeds, seed=5)
    values[:collapsed] = MAJORITY
    validation = (*[0.52] * collapsed, *np.linspace(0.79, 0.81, seeds - collapsed))
    return replace(scored(name, values), validation=validation, lost=lost)


def steady(name, share=0.78, seeds=8):
    return replace(
        scored(name, right(share, runs=seeds, seed=3)), validation=tuple([share] * seeds)
    )


def test_collapsed_seeds_are_recognised_and_good_ones_are_not():
    found = losses([fallen("x", lost=1), steady("y")], TRIVIAL, Accuracy())
    assert (found["x"].count, found["x"].lost, found["x"].seeds) == (4, 1, 9)
    assert found["x"].some
    assert found["x"].many
    assert found["y"].count == 0


def test_where_nobody_learns_nobody_collapses():
    coins = np.random.default_rng(0).random((8, 2000)) < 0.52
    found = losses([scored("x", coins), scored("y", coins[:, ::-1])], TRIVIAL, Accuracy())
    assert found["x"].count == found["y"].count == 0
    assert losses([scored("x", coins)], None, Accuracy())["x"].count == 0


def test_errors_collapse_upwards():
    rng = np.random.default_rng(1)
    naive = rng.gamma(4, 0.25, 2000)
    values = 0.5 * naive + rng.normal(0, 0.02, (5, 2000))
    values[0] = naive
    trivial = np.stack([naive, np.ones(2000)], axis=1)
    found = losses([scored("x", values)], trivial, Mae())
    assert list(found["x"].collapsed) == [True, False, False, False, False]


def test_the_baselines_are_no_failures():
    trivial = replace(scored("majority", MAJORITY, deterministic=True), trivial=True)
    weak = scored("counts", right(0.54, runs=1), deterministic=True)
    found = losses([steady("x"), trivial, weak], TRIVIAL, Accuracy())
    assert found["majority"].count == found["counts"].count == 0


def test_a_lost_seed_scores_as_the_trivial_baseline():
    whole = as_it_is(replace(steady("x", seeds=3), lost=1), TRIVIAL, Accuracy())
    assert whole.statistics.shape[0] == 4
    assert whole.statistics[3, :, 0].mean() == pytest.approx(0.52)
    assert whole.validation[-1] == -np.inf


def test_to_lose_a_run_helps_nobody_who_is_worse_than_the_baseline():
    weak = replace(scored("x", right(0.4, runs=3)), lost=1)
    whole = as_it_is(weak, TRIVIAL, Accuracy())
    assert whole.statistics[3, :, 0].mean() == weak.statistics[..., 0].mean(axis=1).min()


def test_the_best_of_three_by_hand():
    """Ranks 1 … 4 are kept with chances 1/64, 7/64, 19/64 and 37/64."""
    contestant = replace(scored("x", np.zeros((4, 5))), validation=(0.3, 0.1, 0.4, 0.2))
    weights = Kept(3).weights(contestant, Accuracy())
    assert weights * 64 == pytest.approx([19, 1, 37, 7])
    assert Kept(3).weights(contestant, Mae()) * 64 == pytest.approx([7, 37, 1, 19])
    assert Kept().weights(contestant, Accuracy()) == pytest.approx([0.25] * 4)


def test_effects_average_to_the_score_and_spread_as_its_seeds_do():
    """Their variance over k is that of the best of three, against many repetitions."""
    rng = np.random.default_rng(2)
    scores, estimates = [], []
    for _ in range(3000):
        values = rng.normal(0, 1, 12)
        contestant = replace(scored("x", values[:, None]), validation=tuple(values))
        score = Kept(3).weights(contestant, Accuracy()) @ values
        effects = Kept(3).effects(contestant, Accuracy(), values)
        assert effects.mean() == pytest.approx(score)
        scores.append(score)
        estimates.append(effects.var(ddof=1) / 12)
    assert np.mean(estimates) == pytest.approx(np.var(scores), rel=0.12)
    assert np.mean(scores) == pytest.approx(0.846, abs=0.12)  # of three normals, with replacement


def test_one_restart_is_the_mean():
    contestant = replace(scored("x", np.zeros((4, 5))), validation=(0.3, 0.1, 0.4, 0.2))
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert (Kept().effects(contestant, Accuracy(), values) == values).all()


def test_the_headline_is_of_restarts_and_every_run_is_counted_beside_it():
    comparison = compare([fallen("x"), steady("y")], Accuracy(), trivial=TRIVIAL)
    assert comparison.restarts == 3
    assert comparison.best == "x"  # good when it works, and validation tells when
    counted = comparison.other
    assert counted is not None
    assert counted.best == "y"
    assert counted.standing("x").status in ("worse", "unstable")
    assert counted.standing("x").mean < 0.75 < comparison.standing("x").mean
    assert comparison.standing("x").came_to_nothing == 3
    assert comparison.to_dict()["other"]["best"] == "y"


def test_one_that_loses_a_third_of_its_runs_is_not_the_best_as_it_is():
    far_better = right(0.99, runs=6, seed=5)
    far_better[:2] = MAJORITY
    comparison = compare(
        [scored("x", far_better), scored("y", right(0.75, runs=6))], Accuracy(), trivial=TRIVIAL
    )
    assert comparison.restarts == 1  # validation scores are not known
    assert comparison.standings[0].name == "x"
    assert comparison.standing("x").status == "unstable"
    assert comparison.best == "y"
    assert comparison.winner_set == ("y",)


def test_one_that_collapses_widens_nobody_elses_intervals():
    calm = [steady("a", 0.80), steady("b", 0.77), steady("c", 0.79)]
    alone = compare(calm, Accuracy(), trivial=TRIVIAL).pair("a", "b")
    unstable = replace(fallen("x", collapsed=1), validation=())
    beside = compare([*calm, unstable], Accuracy(), trivial=TRIVIAL).pair("a", "b")
    assert beside.high - beside.low < 1.25 * (alone.high - alone.low)
