"""Would the decision turn where it should? Every status, and what must not move it."""

import json
import time

import numpy as np
import pytest

from seqlab.compare.contestants import Contestant, Margin
from seqlab.compare.decision import Rules, compare
from seqlab.errors import UserError
from seqlab.metrics.accuracy import Accuracy
from seqlab.metrics.auroc import Auroc
from seqlab.metrics.mae import Mae
from tests.compare.studies import ahead, lost, right, scored, world

RNG = np.random.default_rng(3)


def accuracies(*shares, examples=2000, spread=0.005):
    return [
        scored(f"c{i}", right(share, seed=i, spread=spread, examples=examples))
        for i, share in enumerate(shares)
    ]


def statuses(comparison):
    return {standing.name: standing.status for standing in comparison.standings}


def with_margin(value):
    return Rules(margin=Margin(value))


def test_a_real_gap_is_seen():
    comparison = compare(accuracies(0.9, 0.8, 0.7), Accuracy())
    assert statuses(comparison) == {"c0": "best", "c1": "worse", "c2": "worse"}
    assert comparison.best_shown
    assert comparison.winner_set == ("c0",)
    assert 0 < comparison.standing("c0").low < comparison.standing("c0").difference
    assert comparison.standing("c1").difference < comparison.standing("c1").high <= 0
    assert comparison.pair("c0", "c1").low > 0
    assert comparison.pair("c1", "c0").high < 0


def test_equals_are_undecided_or_tied_by_the_margin():
    contestants = accuracies(0.8, 0.8)
    narrow, wide = (compare(contestants, Accuracy(), rules=with_margin(m)) for m in (0.001, 0.2))
    assert sorted(statuses(narrow).values()) == ["best", "undecided"]
    assert sorted(statuses(wide).values()) == ["best", "tied"]
    assert not narrow.best_shown
    assert len(narrow.winner_set) == len(wide.winner_set) == 2


def test_a_small_but_certain_gap_is_negligible_under_a_wide_margin():
    contestants = accuracies(0.9, 0.87, examples=5000, spread=0.0)
    wide, narrow = (compare(contestants, Accuracy(), rules=with_margin(m)) for m in (0.1, 0.02))
    assert statuses(wide)["c1"] == "negligible"
    assert statuses(narrow)["c1"] == "worse"
    assert wide.winner_set == ("c0", "c1")
    assert wide.best_shown


def test_a_gap_that_chance_could_make_is_undecided():
    comparison = compare(accuracies(0.8, 0.79, examples=200), Accuracy())
    assert "undecided" in statuses(comparison).values()
    standing = comparison.standing("c1")
    assert standing.low < -comparison.delta < standing.difference < standing.high


def test_a_failed_contestant_hurts_nobody_else():
    contestants = accuracies(0.9, 0.8)
    alone = compare(contestants, Accuracy())
    comparison = compare([lost("x"), *contestants], Accuracy())
    assert comparison.standings[:2] == alone.standings
    assert comparison.pairs == alone.pairs
    failed = comparison.standings[2]
    assert (failed.name, failed.status, failed.reason) == ("x", "failed", "diverged at step 12")


def test_all_failed_leaves_nothing_to_say():
    comparison = compare([lost("x"), lost("y")], Accuracy())
    assert comparison.best is None
    assert comparison.winner_set == ()
    json.dumps(comparison.to_dict(), allow_nan=False)


def test_one_contestant_is_the_best_and_nothing_is_shown():
    comparison = compare([*accuracies(0.8), lost("x")], Accuracy())
    assert comparison.best == "c0"
    assert not comparison.best_shown
    assert comparison.winner_set == ("c0",)
    assert comparison.pairs == ()
    assert comparison.standing("c0").ci_low < 0.8 < comparison.standing("c0").ci_high


def test_a_seed_whose_predictions_are_no_numbers_is_lost_and_counted():
    values = right(0.8)
    values[2, :5] = np.nan
    comparison = compare([*accuracies(0.8), scored("x", values, seeds=range(8))], Accuracy())
    standing = comparison.standing("x")
    assert (standing.seeds, standing.lost, standing.runs) == (7, 1, 8)
    values[:, 0] = np.nan
    comparison = compare([*accuracies(0.8), scored("x", values, seeds=range(8))], Accuracy())
    assert comparison.standing("x").reason == "seed 0: 1 predictions are not finite numbers"


def test_identical_contestants_tie_and_are_not_shown_to_be_worse():
    values = right(0.8)
    comparison = compare([scored(n, values) for n in "abc"], Accuracy())
    assert comparison.winner_set == ("a", "b", "c")
    fixed = compare([scored(n, values[:1], deterministic=True) for n in "abc"], Accuracy())
    assert statuses(fixed) == {"a": "best", "b": "tied", "c": "tied"}


@pytest.mark.parametrize("examples", [30, 3000])
def test_two_perfect_scores_are_a_tie_though_the_next_example_may_be_an_error(examples):
    pair = [scored(n, np.ones((3, examples))) for n in "ab"]
    comparison = compare(pair, Accuracy())
    assert statuses(comparison)["b"] == "tied"
    assert comparison.standing("b").low < 0
    assert comparison.standing("a").ci_low < 1 == comparison.standing("a").ci_high


def test_constant_errors_have_no_variance():
    comparison = compare([scored("a", np.ones((3, 40))), scored("b", 2 * np.ones((3, 40)))], Mae())
    assert statuses(comparison) == {"a": "best", "b": "worse"}
    assert comparison.pair("a", "b").low == comparison.pair("a", "b").high == -1


def test_lower_is_better_keeps_the_natural_sign():
    errors = RNG.gamma(4, 0.25, 3000)
    pair = [
        scored(n, f * errors + RNG.normal(0, 0.05, (8, 3000))) for n, f in (("a", 1.3), ("b", 1))
    ]
    comparison = compare(pair, Mae())
    assert statuses(comparison) == {"b": "best", "a": "worse"}
    worse, best = comparison.standing("a"), comparison.standing("b")
    assert 0 < worse.low < worse.difference < worse.high
    assert best.low < best.difference < best.high < 0
    assert comparison.pair("b", "a").probability == 1  # b always beats a


def test_a_relative_margin_is_a_share_of_the_best():
    pair = [scored("a", RNG.normal(10, 1, (3, 50))), scored("b", RNG.normal(12, 1, (3, 50)))]
    comparison = compare(pair, Mae())
    assert comparison.delta == pytest.approx(0.02 * comparison.standing("a").mean)


def test_looking_again_costs_certainty():
    contestants = accuracies(0.81, 0.8, 0.79)
    spent, widths = [], []
    for looks in (1, 2, 3, 9):
        comparison = compare(contestants, Accuracy(), rules=Rules(looks=looks))
        spent.append(comparison.level_spent)
        widths.append(comparison.pair("c0", "c1").high - comparison.pair("c0", "c1").low)
    assert spent == pytest.approx([0.04, 0.005, 0.0025, 0.01 / 256])
    assert sum(Rules(looks=n).level_spent for n in range(1, 60)) == pytest.approx(0.05)
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_contestants_with_different_numbers_of_seeds():
    full, lame = accuracies(0.9, 0.8)
    lame = scored("c1", lame.statistics[:5, :, 0], seeds=(0, 2, 3, 6, 7))
    full = scored("c0", full.statistics[..., 0], seeds=range(8))
    comparison = compare([full, lame], Accuracy())
    assert statuses(comparison) == {"c0": "best", "c1": "worse"}
    assert (comparison.seeds, comparison.preview) == (5, True)
    matched = full.statistics[[0, 2, 3, 6, 7], :, 0].mean(axis=1) > lame.statistics[..., 0].mean(1)
    assert comparison.pair("c0", "c1").probability == matched.mean()


def test_two_seeds_are_wide_and_one_seed_shows_nothing():
    def half_width(runs):
        pair = [scored(c.name, c.statistics[:runs, :, 0]) for c in accuracies(0.9, 0.8)]
        shown = compare(pair, Accuracy())
        assert shown.preview
        return shown.standing("c1"), (shown.pairs[0].high - shown.pairs[0].low) / 2

    assert half_width(2)[1] > 1.5 * half_width(7)[1]
    standing, width = half_width(1)
    assert np.isinf(width)
    assert standing.status == "undecided"


def test_deterministic_contestants_need_one_seed():
    fixed = scored("fixed", right(0.7, seed=5)[:1], deterministic=True)
    comparison = compare([*accuracies(0.9), fixed], Accuracy())
    assert statuses(comparison)["fixed"] == "worse"
    assert (comparison.seeds, comparison.preview) == (8, False)
    both = [
        scored(n, right(s, seed=1)[:1], deterministic=True) for n, s in (("a", 0.9), ("b", 0.8))
    ]
    assert compare(both, Accuracy()).best_shown
    assert compare(both, Accuracy()).seeds == 0


def test_without_blocks_copies_of_examples_would_make_a_winner():
    """The A/A rate can fail: it does, where dependent examples are taken for independent ones."""

    def study(rng):
        shared = rng.gamma(2, 0.5, 60)
        for name in "ab":  # each contestant errs on whole blocks of 16 copies, whatever its seed
            own = shared + rng.normal(0, 0.5, 60) + rng.normal(0, 0.3, (4, 60))
            yield scored(name, np.repeat(own, 16, axis=1))

    def called_different(blocks):
        studies = [list(study(np.random.default_rng(number))) for number in range(60)]
        shown = [compare(pair, Mae(), blocks=blocks, rules=with_margin(0)) for pair in studies]
        return np.mean([comparison.best_shown for comparison in shown])

    assert called_different(None) > 0.2
    assert called_different(np.repeat(np.arange(60), 16)) <= 0.05


def test_a_bootstrapped_metric_decides_alike():
    targets = RNG.integers(0, 2, 600)
    metric = Auroc()

    def contestant(name, signal):
        scores = signal * (targets - 0.5) + RNG.normal(size=(4, 600))
        p = 1 / (1 + np.exp(-scores))
        runs = [metric.collect(np.stack([1 - q, q], axis=1), targets) for q in p]
        return Contestant(name, np.stack(runs))

    comparison = compare([contestant("a", 3.0), contestant("b", 1.0)], metric)
    assert statuses(comparison) == {"a": "best", "b": "worse"}
    assert comparison.standing("a").mean == pytest.approx(0.98, abs=0.02)


def test_plain_data_for_json():
    values = compare([*accuracies(0.9, 0.8), lost("x")], Accuracy()).to_dict()
    read = json.loads(json.dumps(values, allow_nan=False))
    assert read["best"] == "c0"
    assert read["winner_set"] == ["c0"]
    assert read["margin"] == {"value": 0.01, "relative": False}
    assert read["standings"][2]["mean"] is None
    assert {"first", "second", "low", "high", "probability", "p_value"} <= set(read["pairs"][0])
    assert "variation" not in read
    pair = read["pairs"][0]
    assert read["half_width"] == pytest.approx((pair["high"] - pair["low"]) / 2)


def test_twelve_contestants_take_less_than_two_seconds():
    contestants = world(ahead(12), seeds=8, examples=5000).draw(RNG).contestants
    start = time.perf_counter()
    compare(contestants, Accuracy())
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("contestants", "message"),
    [
        ([], "nothing to compare: 0 contestants given, at least 1 expected"),
        ([scored("a", np.ones((1, 4)))] * 2, 'contestant "a" is given twice: names must differ'),
        (
            [scored("a", np.ones((1, 4))), scored("b", np.ones((1, 5)))],
            "b was scored on 5 test examples, a on 4: contestants must share the test examples",
        ),
        (
            [scored("a", np.ones((1, 1)))],
            "1 independent test example given, at least 2 expected",
        ),
    ],
)
def test_what_cannot_be_compared_is_named(contestants, message):
    with pytest.raises(UserError) as error:
        compare(contestants, Accuracy())
    assert error.value.message == message


def test_one_block_is_not_enough():
    with pytest.raises(UserError, match="1 independent test block given, at least 2 expected"):
        compare([scored("a", np.ones((1, 4)))], Accuracy(), blocks=np.zeros(4, dtype=int))


@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_a_margin_must_be_a_number_from_zero_up(value):
    with pytest.raises(UserError, match=f"margin: {value} given, a number of at least 0 expected"):
        Margin(value)


def test_shares_never_differ_by_more_than_all_of_them():
    """Two runs that contradict each other on few examples know next to nothing."""
    runs = np.array([[1.0] * 6, [0.0] * 6])
    comparison = compare([scored("a", runs), scored("b", 1 - runs)], Accuracy())
    ends = [end for pair in comparison.pairs for end in (pair.low, pair.high)]
    ends += [end for one in comparison.standings for end in (one.low, one.high)]
    assert min(ends) == -1
    assert max(ends) == 1
