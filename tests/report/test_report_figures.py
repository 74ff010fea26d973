"""Figures and numbers by themselves, against values worked out by hand."""

import re
from importlib.resources import files

import numpy as np
import pytest

from seqlab.report import numbers
from seqlab.report.differences import Difference
from seqlab.report.figure import axis, plain, shape
from seqlab.report.learning import seed_curve
from seqlab.report.quality import pareto
from seqlab.report.stored import Contestant
from seqlab.report.story import _sentence
from seqlab.report.tables import merged, sheet
from seqlab.runs import Run, list_runs, read_json, write_json
from tests.report.reading import read_report


def contestant(name, style=0, kind="model", **row):
    return Contestant(name, kind, "tied", style, {k: float(v) for k, v in row.items()})


def run_with(folder, steps, values):
    records = [{"step": s, "valid": v} for s, v in zip(steps, values, strict=True)]
    write_json(folder / "history.json", records)
    return Run(folder, {"status": "ok"})


def test_a_seed_that_stopped_early_does_not_bend_the_mean(tmp_path):
    runs = [
        run_with(tmp_path / "a", [10, 20, 30], [0.1, 0.2, 0.3]),
        run_with(tmp_path / "b", [10, 20, 30], [0.3, 0.4, 0.5]),
        run_with(tmp_path / "c", [10, 20], [0.5, 0.6]),
    ]
    curve = seed_curve(runs, "valid")
    np.testing.assert_allclose(curve.steps, [10, 20, 30])
    np.testing.assert_allclose(curve.mean, [0.3, 0.4, 0.4])
    np.testing.assert_allclose(curve.low, [0.1, 0.2, 0.3])
    np.testing.assert_allclose(curve.high, [0.5, 0.6, 0.5])


def test_a_curve_ends_where_fewer_than_half_of_the_seeds_trained(tmp_path):
    runs = [run_with(tmp_path / str(n), [10, 20], [0.1, 0.2]) for n in range(3)]
    runs.append(run_with(tmp_path / "long", [10, 20, 30], [0.1, 0.2, 0.9]))
    np.testing.assert_allclose(seed_curve(runs, "valid").steps, [10, 20])


def test_the_pareto_front_holds_what_nothing_beats_on_both_counts():
    cheap = contestant("cheap", mean=0.7, cost=1)
    dear = contestant("dear", mean=0.9, cost=9)
    beaten = contestant("beaten", mean=0.6, cost=2)
    equal = contestant("equal", mean=0.7, cost=3)
    found = pareto([dear, beaten, cheap, equal], "cost", higher_is_better=True)
    assert [c.name for c in found] == ["cheap", "dear"]
    found = pareto([dear, beaten, cheap, equal], "cost", higher_is_better=False)
    assert [c.name for c in found] == ["cheap", "beaten"]


@pytest.mark.parametrize(
    ("low", "high", "higher", "conclusion"),
    [
        (0.2, 0.4, True, "better"),
        (0.2, 0.4, False, "worse"),
        (-0.4, -0.2, True, "worse"),
        (-0.5, 0.5, True, "tied"),
        (-0.5, 1.5, True, "undecided"),
        (None, None, True, "undecided"),
    ],
)
def test_an_interval_leads_to_its_conclusion(low, high, higher, conclusion):
    value = 0.0 if low is None else (low + high) / 2
    difference = Difference(value, low, high)
    assert difference.conclusion(1.0, higher) == conclusion
    opposite = {"better": "worse", "worse": "better"}.get(conclusion, conclusion)
    assert difference.turned.conclusion(1.0, higher) == opposite


def test_tables_that_differ_in_one_column_become_one():
    columns = ["class", "examples", "wrong"]
    shown = [
        (contestant("a"), {"columns": columns, "rows": [["no", 3, 0.1], ["yes", 4, 0.2]]}),
        (contestant("b"), {"columns": columns, "rows": [["yes", 4, 0.4], ["no", 3, 0.3]]}),
    ]
    one = merged(shown)
    assert (one.columns, one.measures) == (["class", "examples"], ["wrong"])
    assert one.rows == [["no", 3, 0.1, 0.3], ["yes", 4, 0.2, 0.4]]
    assert one.sheet.rows == [["no", "3", "0.100", "0.300"], ["yes", "4", "0.200", "0.400"]]
    assert one.sheet.words == [True, False, False, False]


def test_tables_that_differ_in_two_columns_become_one_measure_by_measure():
    columns = ["tag", "precision", "recall", "in test"]
    shown = [
        (contestant("a"), {"columns": columns, "rows": [["N", 0.5, 0.25, 8]]}),
        (contestant("b"), {"columns": columns, "rows": [["N", 1.0, None, 8]]}),
    ]
    one = merged(shown)
    assert (one.columns, one.measures) == (["tag", "in test"], ["precision", "recall"])
    assert one.sheet.rows == [["N", "8", "0.500", "1.000", "0.250", "–"]]


def test_tables_that_differ_in_words_stay_apart():
    columns = ["found", "evidence"]
    shown = [
        (contestant(name), {"columns": columns, "rows": [["plateau", f"after {name}"]]})
        for name in "ab"
    ]
    assert merged(shown) is None


@pytest.mark.parametrize(
    ("values", "printed"),
    [
        ([0.00725, 1.0], ["0.007", "1.000"]),
        ([0.0, 0.277], ["0.000", "0.277"]),
        ([12.345, 99.9], ["12.3", "99.9"]),
        ([0.02, 1016.4], ["0.0200", "1,016"]),
        ([3, None], ["3", "–"]),
    ],
)
def test_numbers_of_a_column_have_decimals_in_common(values, printed):
    found = sheet({"columns": ["a"], "rows": [[value] for value in values]})
    assert [row[0] for row in found.rows] == printed


def test_sixty_four_contestants_look_different():
    looks = {(c.style % 8, shape(c)) for c in (contestant("c", style) for style in range(64))}
    assert len(looks) == 64


def test_an_axis_is_logarithmic_only_where_values_span_much():
    assert "type" not in axis("ms", [1.0, 9.0])
    assert "type" not in axis("ms", [0.0, 900.0])
    assert axis("ms", [0.3, 40.0])["type"] == "log"
    assert {"0.5", "1", "2"} <= set(axis("ms", [0.3, 4.0])["ticktext"])
    assert {"0.3", "1", "30"} <= set(axis("ms", [0.3, 40.0])["ticktext"])


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (plain("<b>a & b</b>"), "&lt;b&gt;a &amp; b&lt;/b&gt;"),
        (plain("one two", 4), "one<br>two"),
        (numbers.fixed(-0.0001, 3), "0.000"),
        (numbers.fixed(-1.25, 1), "−1.2"),
        (numbers.fixed(None, 2), "–"),
        (numbers.signed(0.5, 1), "+0.5"),
        (numbers.signed(0.04, 1), "0.0"),
        (numbers.significant(0.31234), "0.312"),
        (numbers.significant(12345.6), "12,346"),
        (numbers.seconds(0.61), "0.61 s"),
        (numbers.seconds(571), "9 min 31 s"),
        (numbers.seconds(7260), "2 h 1 min"),
        (numbers.cell(True), "True"),
        (numbers.cell(12345), "12,345"),
        (numbers.decimals([0.024, None]), 3),
        (numbers.decimals([3.1]), 1),
        (numbers.decimals([None]), 3),
    ],
)
def test_numbers_read_well(shown, expected):
    assert shown == expected


def luminance(colour):
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(first, second):
    dark, bright = sorted([luminance(first), luminance(second)])
    return (bright + 0.05) / (dark + 0.05)


STYLE = (files("seqlab.report") / "templates" / "style.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root[^{]*\{(.*?)\}", STYLE, re.S)
)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_marks_stand_out_from_the_paper(theme):
    for ground in ("paper", "wash"):
        for ink in ("ink", "muted", "accent", "good", "fair", "poor"):
            assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
    for number in range(8):
        assert contrast(theme[f"c{number}"], theme["paper"]) >= 3, number


def figure_of(golden, name):
    return read_report(golden).figures[name]


def test_the_best_of_n_trials_is_drawn_for_half_of_the_trials(golden):
    figure = figure_of(golden, "expected-best")
    runs = [run for run in list_runs(golden) if run.job.role == "trial"]
    for trace in figure["data"]:
        scores = [run.result["valid"] for run in runs if run.job.candidate == trace["name"]]
        assert trace["x"] == [1, 2]  # of five
        assert trace["y"][0] == pytest.approx(np.mean(scores))
        assert max(scores) > trace["y"][1] > trace["y"][0]
    assert {trace["name"] for trace in figure["data"]} == {"rnn", "lstm", "gru", "transformer"}


def test_sizes_are_drawn_with_their_means_and_apart(golden):
    stored = read_json(golden / "comparison.json")["sizes"]["points"]
    figure = figure_of(golden, "sizes")
    for trace in figure["data"]:
        means = [
            next(s["mean"] for s in stored[size]["standings"] if s["name"] == trace["name"])
            for size in ("500", "2000", "8000")
        ]
        assert trace["customdata"] == [500, 2000, 8000]
        assert trace["y"] == pytest.approx(means)
    assert len({trace["x"][0] for trace in figure["data"]}) == len(figure["data"]) == 5


def test_curves_of_one_title_are_drawn_together(golden):
    figures = read_report(golden).figures
    curve = next(f for f in figures.values() if f["layout"]["xaxis"]["title"]["text"] == "words")
    assert len(curve["data"]) == 5
    assert curve["data"][0]["name"] == read_json(golden / "verdict.json")["recommended"]
    assert curve["data"][0]["customdata"] == [61, 148, 240, 128, 23]


def test_what_was_decided_stepwise_ends_at_zero_and_is_decided():
    assert Difference(0.3, 0.0, 0.6, shown=True).conclusion(1.0, True) == "better"
    assert Difference(0.3, 0.0, 0.6, shown=True).turned.conclusion(1.0, True) == "worse"
    assert Difference(0.3, 0.0, 1.6).conclusion(1.0, True) == "undecided"


def test_the_answer_is_a_headline_and_the_rest_beneath():
    verdict = {"headline": "Use gru.", "details": ["It is fast.", "Is it?"]}
    assert _sentence(verdict) == {"headline": "Use gru.", "beneath": ["It is fast.", "Is it?"]}
    assert _sentence({})["headline"] == "This study has no verdict yet."
