"""Would more data change the winner? Answers where the truth is known."""

import json
from dataclasses import replace

import numpy as np
import pytest

from seqlab.compare.decision import Rules
from seqlab.compare.sizes import judge_sizes
from seqlab.metrics.accuracy import Accuracy
from seqlab.metrics.mae import Mae
from tests.compare.studies import lost, scored, world

SIZES = (500, 2000, 8000)


def judged(values, sizes=SIZES, **settings):
    """Accuracies per size and contestant, drawn on one set of test examples."""
    studies = world((v for row in values for v in row), **settings)
    cells = studies.draw(np.random.default_rng(1)).contestants
    names = [f"c{i}" for i in range(len(values[0]))]
    at = {
        size: [
            replace(cell, name=name)
            for name, cell in zip(names, cells[i * len(names) :], strict=False)
        ]
        for i, size in enumerate(sizes)
    }
    return judge_sizes(at, Accuracy(), None, Rules())


def test_parallel_curves_keep_the_winner():
    curves = judged([[0.7, 0.6], [0.75, 0.65], [0.8, 0.7]])
    assert curves.comparisons[500].best == curves.comparisons[8000].best == "c0"
    assert curves.overtakers == curves.possible == ()
    assert curves.sentence == (
        "More data would not change the winner: with twice the data (16,000 training examples) c0"
        " stays ahead, as the trends go."
    )


def test_a_curve_that_closes_in_would_pass():
    curves = judged([[0.76, 0.55], [0.765, 0.66], [0.77, 0.765]], examples=6000)
    assert curves.overtakers == ("c1",)
    assert curves.trends[0].gain == pytest.approx(0.05, abs=0.015)  # a doubling; sizes ×4
    assert curves.sentence.startswith("More data would change the winner, if the trends go on")
    assert "c1 (by " in curves.sentence


def test_what_may_happen_is_not_said_to_happen():
    curves = judged([[0.76, 0.70], [0.765, 0.73], [0.78, 0.755]])
    assert curves.overtakers == ()
    assert curves.possible == ("c1",)
    assert "c1 gains" in curves.sentence
    assert curves.sentence.startswith("More data may change the winner")


def test_no_trend_is_no_answer():
    curves = judged([[0.78, 0.776], [0.78, 0.776], [0.78, 0.776]], examples=300)
    assert curves.possible
    assert curves.sentence.startswith("Whether more data would change the winner cannot be told")


def test_the_line_and_its_interval_by_hand():
    """Without chance in the differences the line is exact: −3, −2, −1 over two doublings each."""
    base = np.random.default_rng(0).gamma(4, 1, 50)
    at = {
        size: [scored("a", np.tile(base, (3, 1))), scored("b", np.tile(base + gap, (3, 1)))]
        for size, gap in zip(SIZES, (3.0, 2.0, 1.0), strict=True)
    }
    trend = judge_sizes(at, Mae(), None, Rules()).trends[0]  # errors: lower is better
    assert trend.name == "b"
    assert [trend.gain, trend.gain_low, trend.gain_high] == pytest.approx([0.5] * 3, abs=1e-6)
    assert [trend.next, trend.next_low, trend.next_high] == pytest.approx([-0.5] * 3, abs=1e-6)


def test_trend_intervals_hold_their_true_values():
    values = np.array([[0.72, 0.70, 0.66], [0.76, 0.73, 0.69], [0.83, 0.75, 0.70]])
    doublings = np.array([0.0, 2.0, 4.0])
    lines = [np.polyfit(doublings, gap, 1) for gap in (values[:, 1:] - values[:, :1]).T]
    held = 0
    for number in range(80):
        cells = world(values.ravel(), seeds=4, examples=600)
        drawn = cells.draw(np.random.default_rng(number)).contestants
        at = {
            size: [replace(c, name=f"c{j}") for j, c in enumerate(drawn[3 * i : 3 * i + 3])]
            for i, size in enumerate(SIZES)
        }
        trends = {t.name: t for t in judge_sizes(at, Accuracy(), None, Rules(seed=number)).trends}
        held += all(
            trends[name].gain_low <= line[0] <= trends[name].gain_high
            and trends[name].next_low <= np.polyval(line, 5.0) <= trends[name].next_high
            for name, line in zip(("c1", "c2"), lines, strict=True)
        )
    assert held / 80 >= 0.93


def test_few_sizes_and_failures_show_no_trend():
    one = judged([[0.7, 0.6]], sizes=(500,))
    assert one.sentence == "One size of training data shows no trend."
    two = {
        500: [lost("a"), scored("b", np.ones((2, 9)))],
        900: [scored("a", np.ones((2, 9))), scored("b", np.zeros((2, 9)))],
    }
    curves = judge_sizes(two, Accuracy(), None, Rules())
    assert curves.sentence == "a failed on a smaller training part: no trend is known."
    gone = {size: [lost("a"), lost("b")] for size in (500, 900)}
    assert "Every contestant failed" in judge_sizes(gone, Accuracy(), None, Rules()).sentence
    alone = {
        500: [scored("a", np.ones((2, 9))), lost("b")],
        900: [scored("a", np.ones((2, 9))), lost("b")],
    }
    assert "Only a finished" in judge_sizes(alone, Accuracy(), None, Rules()).sentence


def test_a_contestant_that_failed_at_one_size_has_no_trend_and_hurts_nobody():
    curve = np.random.default_rng(0).random((3, 200)) < 0.5
    both = [scored("a", np.ones((3, 200))), scored("b", curve)]
    curves = judge_sizes(
        {5: [*both, lost("c")], 9: [*both, scored("c", curve)]}, Accuracy(), None, Rules()
    )
    assert [trend.name for trend in curves.trends] == ["b"]
    assert curves.comparisons[9].standing("c").status == "worse"


def test_plain_data_for_json():
    read = json.loads(
        json.dumps(judged([[0.7, 0.6], [0.8, 0.7]], (5, 9)).to_dict(), allow_nan=False)
    )
    assert read["sizes"] == [5, 9]
    assert read["points"]["9"]["winner_set"] == ["c0"]
    assert read["trends"][0]["name"] == "c1"
