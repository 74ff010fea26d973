"""Swapped terms: what is swapped and how, what is skipped, false findings, planted biases."""

import numpy as np
import pytest

from seqlab.errors import UserError
from seqlab.explain.counterfactuals import counterfactuals
from seqlab.explain.swaps import Pair, read_pairs, swaps_of

PAIRS = [Pair("he", "she"), Pair("Bob", "Ada"), Pair("actor", "actress")]


def swapped(text, pairs=PAIRS):
    return {s.text for s in swaps_of([text], pairs).swapped if not s.control}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He said so", {"She said so"}),
        ("HE SAID", {"SHE SAID"}),
        ("the theatre", set()),  # no substring
        ("Bob's film", {"Ada's film"}),
        ("two actors", {"two actresses"}),
        ("bob met he", {"ada met he", "bob met she"}),
    ],
)
def test_case_word_boundaries_and_endings(text, expected):
    assert swapped(text) == expected


def test_her_is_not_swapped_back_but_counted():
    found = swaps_of(["I saw her", "his hat"], [Pair("his", "her"), Pair("him", "her")])
    assert {s.text for s in found.swapped if not s.control} == {"her hat"}
    assert found.skipped == {'"her" stands for him and his': 2}


def test_a_control_stays_within_the_group():
    found = [s for s in swaps_of(["he left"], PAIRS).swapped if s.control]
    assert [s.text for s in found] == ["Bob left"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["he"]], "one column"),
        ([["he", "she"], ["she", "he"]], '"he" is in both groups'),
        ([["he", ""]], "an empty term"),
        ([], "no pairs"),
    ],
)
def test_pairs_that_are_none(rows, said):
    with pytest.raises(UserError, match=said):
        read_pairs(rows, "pairs.csv")


def test_terms_that_no_row_holds():
    with pytest.raises(UserError, match="nothing can be swapped in 1 rows: no row holds"):
        counterfactuals(["a film"], PAIRS, lambda texts: np.zeros(len(texts)))


def texts_with_names(rng, rows):
    names = [p[rng.integers(2)] for p in (PAIRS[i] for i in rng.integers(0, 3, rows))]
    return [f"film {n} with {name} tonight" for n, name in enumerate(names)]


def scorer(rng, bias=0.0, noise=0.1):
    """Scores that any other name moves, by chance, and names of the second group by a bias."""
    own = {}

    def scores(texts):
        found = []
        for text in texts:
            of_text = own.setdefault(text, rng.normal(0, noise))
            second = any(word in text.lower().split() for word in ("she", "ada", "actress"))
            found.append(np.clip(0.5 + of_text + bias * second, 0, 1))
        return np.array(found)

    return scores


def share_found(bias, repeats, rows=500, noise=0.1):
    found = 0
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        result = counterfactuals(texts_with_names(rng, rows), PAIRS, scorer(rng, bias, noise))
        found += any(e.found for e in (result.together, *result.pairs))
    return found / repeats


def test_a_bias_is_found_and_names_that_only_move_scores_are_none():
    assert share_found(0.03, 8) >= 0.8
    assert share_found(0.0, 8) <= 0.25


@pytest.mark.slow
def test_false_findings_and_power():
    assert share_found(0.0, 1000) <= 0.05
    assert share_found(0.03, 300) >= 0.8
