"""Span F1 and token accuracy: against seqeval, by hand, and whatever the scheme."""

import itertools
import warnings

import numpy as np
import pytest

from seqlab import registry
from seqlab.metrics.spans import EDGE, SCHEMES, is_legal, mark, recognise, spans, written

TYPES = ("PER", "LOC", "ORG-part")
LETTERS = {"none": "X", "iob1": "BI", "iob2": "BI", "bioes": "BIES"}


def random_tags(rng, letters, length):
    tags = ["O", *(f"{letter}-{kind}" for letter in letters for kind in TYPES)]
    return [str(tag) for tag in rng.choice(tags, length)]


def score(name, predictions, targets):
    metric = registry.load("metrics", name)()
    return metric.value(metric.collect(predictions, targets))


@pytest.mark.parametrize("letters", ["BI", "BIES", "I"])
def test_span_f1_is_that_of_seqeval_even_where_tags_break_the_scheme(letters):
    seqeval = pytest.importorskip("seqeval.metrics")
    rng = np.random.default_rng(len(letters))
    lengths = rng.integers(1, 12, 200)
    targets = [random_tags(rng, letters, n) for n in lengths]
    predictions = [
        tags if rng.random() < 0.5 else random_tags(rng, letters, len(tags)) for tags in targets
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = seqeval.f1_score(targets, predictions)
    assert 0.3 < expected < 0.9
    assert score("span-f1", predictions, targets) == pytest.approx(expected, abs=1e-12)


def test_spans_by_hand():
    assert spans(["B-PER", "I-PER", "O", "I-LOC", "B-LOC", "I-PER"]) == [
        ("PER", 0, 2),
        ("LOC", 3, 4),
        ("LOC", 4, 5),
        ("PER", 5, 6),
    ]
    assert spans(["S-PER", "S-PER", "B-LOC", "E-LOC", "E-LOC"]) == [
        ("PER", 0, 1),
        ("PER", 1, 2),
        ("LOC", 2, 4),
        ("LOC", 4, 5),
    ]
    assert spans(["B", "I", "O", "I"]) == [("", 0, 2), ("", 3, 4)]
    assert spans([]) == []


def test_a_span_needs_both_ends_and_its_type():
    wanted = [["B-PER", "I-PER", "O", "B-LOC"]]
    assert score("span-f1", wanted, wanted) == 1.0
    assert score("span-f1", [["B-PER", "O", "O", "B-LOC"]], wanted) == 0.5
    assert score("span-f1", [["B-LOC", "I-LOC", "O", "B-LOC"]], wanted) == 0.5
    assert score("span-f1", [["O"] * 4], wanted) == 0.0
    assert score("span-f1", [["O"]], [["O"]]) == 0.0


@pytest.mark.parametrize("scheme", SCHEMES[1:])
def test_what_is_written_in_a_scheme_is_legal_recognised_and_read_back(scheme):
    rng = np.random.default_rng(3)
    found = [spans(random_tags(rng, "BIES", 15)) for _ in range(60)]
    tags = [written(one, 15, scheme) for one in found]
    assert [spans(one) for one in tags] == found
    assert recognise(tags) == scheme
    for one in tags:
        marks = [EDGE, *map(mark, one), EDGE]
        assert all(is_legal(a, b, scheme) for a, b in itertools.pairwise(marks))


def test_other_letters_mark_the_same():
    assert recognise([["B-X", "L-X", "U-X"]]) == "bioes"
    assert spans(["B-X", "I-X", "L-X", "U-X"]) == spans(["B-X", "M-X", "E-X", "S-X"])


def test_tags_that_mark_no_spans():
    assert recognise([["NOUN", "VERB"]]) == "none"
    assert recognise([["B-PER", "NOUN"]]) == "none"
    assert recognise([["O", "O"]]) == "none"


def test_token_accuracy_by_hand():
    wanted = [["A", "B"], ["C", "C", "C", "A"]]
    assert score("token-accuracy", [["A", "A"], ["C", "C", "A", "A"]], wanted) == pytest.approx(
        4 / 6
    )


@pytest.mark.parametrize("name", ["span-f1", "token-accuracy"])
def test_integer_weights_are_repeated_examples(name):
    rng = np.random.default_rng(5)
    targets = [random_tags(rng, "BI", 6) for _ in range(40)]
    predictions = [random_tags(rng, "BI", 6) if i % 3 else targets[i] for i in range(40)]
    metric = registry.load("metrics", name)()
    weights = rng.integers(0, 3, (4, 40))
    reduced = metric.reduce(metric.collect(predictions, targets), weights.astype(float))
    for value, weight in zip(reduced, weights, strict=True):
        rows = np.repeat(np.arange(40), weight)
        again = metric.collect([predictions[i] for i in rows], [targets[i] for i in rows])
        assert value == pytest.approx(metric.value(again), rel=1e-12)
