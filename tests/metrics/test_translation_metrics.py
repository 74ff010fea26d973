"""Metrics of written sequences: against sacrebleu, by hand, and under weights."""

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from seqlab import registry
from seqlab.metrics.edits import edit_distance

WANTED = [
    "Two young men are outside near many bushes.",
    "A little girl climbs into a wooden playhouse.",
    "Ein Mann, der lächelt!",
    "yes",
    "the cat sat on the mat and looked at the dog",
]
WRITTEN = [
    "Two young people are outside near some bushes.",
    "A girl climbs into a wooden house.",
    "Ein Mann der lacht.",
    "",
    "the cat sat on the mat and looked at the cat",
]
NAMES = ["bleu", "chrf", "character-error-rate", "sequence-match", "rouge-1", "rouge-2", "rouge-l"]


def metric(name):
    return registry.load("metrics", name)()


@pytest.mark.parametrize(("name", "peer"), [("bleu", BLEU(force=True)), ("chrf", CHRF())])
@pytest.mark.parametrize("written", [WRITTEN, WANTED, WRITTEN[3:], ["x"] * 5, ["no match"] * 5])
def test_is_what_sacrebleu_says_of_the_corpus(name, peer, written):
    wanted = WANTED[-len(written) :]
    ours = metric(name)
    statistics = ours.collect(written, wanted)
    assert ours.value(statistics) == pytest.approx(
        peer.corpus_score(written, [wanted]).score, abs=1e-9
    )


@pytest.mark.parametrize(("name", "peer"), [("bleu", BLEU(force=True)), ("chrf", CHRF())])
def test_draws_are_what_sacrebleu_says_of_the_drawn_corpus(name, peer):
    ours = metric(name)
    statistics = ours.collect(WRITTEN, WANTED)
    weights = np.random.default_rng(0).integers(0, 4, (20, len(WANTED))).astype(float)
    for weight, value in zip(weights.astype(int), ours.reduce(statistics, weights), strict=True):
        written, wanted = (
            [text for text, n in zip(side, weight, strict=True) for _ in range(n)]
            for side in (WRITTEN, WANTED)
        )
        assert value == pytest.approx(peer.corpus_score(written, [wanted]).score, abs=1e-9)


def test_signatures_say_how_a_score_was_obtained():
    assert metric("bleu").signature.startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|")
    assert metric("chrf").signature.startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|")


@pytest.mark.parametrize("name", NAMES)
def test_integer_weights_are_repeated_examples_of_texts(name):
    ours = metric(name)
    weight = np.array([2, 0, 1, 3, 1])
    again = ours.collect(np.repeat(WRITTEN, weight).tolist(), np.repeat(WANTED, weight).tolist())
    drawn = ours.reduce(ours.collect(WRITTEN, WANTED), weight[None].astype(float))[0]
    assert drawn == pytest.approx(ours.value(again), rel=1e-12)


@pytest.mark.parametrize("name", [*NAMES, "token-error-rate"])
def test_better_texts_score_better(name):
    ours = metric(name)
    written, wanted = WRITTEN, WANTED
    if ours.space == "tokens":
        written, wanted = ([text.split() for text in side] for side in (WRITTEN, WANTED))
    good, bad = (ours.value(ours.collect(side, wanted)) for side in (wanted, written))
    assert (good > bad) == ours.higher_is_better


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("ab", "ab", 0), ("ab", "ba", 2)],
)
def test_edits_by_hand(first, second, edits):
    assert edit_distance(first, second) == edits
    assert edit_distance(second, first) == edits


def test_error_rate_sums_before_it_divides():
    ours = metric("token-error-rate")
    statistics = ours.collect([["A", "B"], ["X"]], [["A", "B", "C", "D"], ["Y"]])
    assert statistics.tolist() == [[2, 4], [1, 1]]
    assert ours.value(statistics) == pytest.approx(3 / 5)


def test_rouge_by_hand():
    written, wanted = ["The cat sat."], ["the cat lay on the mat"]
    values = {n: metric(n).value(metric(n).collect(written, wanted)) for n in NAMES[4:]}
    # Three words and six: two shared; two pairs and five: one shared; "the cat" in both.
    assert values == pytest.approx({"rouge-1": 4 / 9, "rouge-2": 2 / 7, "rouge-l": 4 / 9})
