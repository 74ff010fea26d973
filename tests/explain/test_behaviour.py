"""Behaviour tests: what counts as failed, and what a file of tests may say."""

import numpy as np
import pytest

from seqlab import registry
from seqlab.errors import UserError
from seqlab.explain.behaviour import CHANGES, Tried, read_tests, run_test

TEXTS = ["a good film, really", "a bad story without end", "good actors everywhere", "bad light"]
LABELS = np.array([1, 0, 1, 0])


def likes_good(texts):
    """Sure of every text that holds the word, in small letters."""
    positive = np.array([0.9 if "good" in text.split() else 0.2 for text in texts])
    return np.stack([1 - positive, positive], axis=1)


def tried(answer=likes_good):
    return Tried(("neg", "pos"), "text", TEXTS, LABELS, answer, str)


def outcome(tmp_path, written, answer=likes_good):
    path = tmp_path / "tests.toml"
    path.write_text(f"[[test]]\n{written}\n")
    (test,) = read_tests(path)
    return run_test(test, tried(answer))


def test_what_nobody_would_get_wrong(tmp_path):
    written = 'kind = "minimum"\nexpect = "pos"\ntexts = ["good", "a good one", "nice"]'
    found = outcome(tmp_path, written)
    assert (found.cases, found.rate.value, found.passed) == (3, pytest.approx(1 / 3), False)
    assert found.failures == ["nice"]
    assert outcome(tmp_path, 'kind = "minimum"\nexpect = "neg"').passed, "rows of the test part"


def test_a_change_that_means_nothing_may_change_no_answer(tmp_path):
    found = outcome(tmp_path, 'kind = "invariance"\nchange = "casing"')
    assert found.cases == 4
    assert found.rate.value == 0.5, "it reads small letters only, and half of the texts hold good"
    deaf = outcome(
        tmp_path, 'kind = "invariance"\nchange = "casing"', lambda t: likes_good([""] * 4)
    )
    assert deaf.passed


def test_a_change_that_means_something_moves_the_score(tmp_path):
    terms = 'change = "names"\nterms = [["good", "bad"]]'
    down = outcome(tmp_path, f'kind = "direction"\nclass = "pos"\ndirection = "down"\n{terms}')
    assert down.cases == 4, "both ways"
    assert down.rate.value == 0.5, "good becomes bad, and bad becomes good"


def test_a_test_without_a_case_has_not_passed(tmp_path):
    found = outcome(tmp_path, 'kind = "invariance"\nchange = "names"\nterms = [["Bob", "Ada"]]')
    assert (found.cases, found.passed) == (0, False)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('kind = "x"', 'test 1: unknown kind "x"'),
        ('kind = "minimum"', 'test 1: kind = "minimum" needs expect'),
        ('kind = "minimum"\nexpect = "fine"', '"fine" is no class of this model'),
        ('kind = "invariance"\nchange = "scaling"', 'change "scaling" is one of series'),
        ('kind = "invariance"\nchange = "names"', 'change = "names" needs terms'),
    ],
)
def test_what_a_file_cannot_say(tmp_path, written, message):
    with pytest.raises(UserError) as raised:
        outcome(tmp_path, written)
    assert message in raised.value.message


@pytest.mark.parametrize("text", ["it was n't good", "it wasn't good", "it was not good"])
def test_what_is_denied_already_is_not_denied_twice(text):
    assert registry.load(CHANGES, "negation")().apply(text, np.random.default_rng(0)) is None


@pytest.mark.parametrize("name", registry.names(CHANGES))
def test_every_change_changes_what_it_is_given(name):
    change = registry.load(CHANGES, name)(1.0, [("film", "play")])
    rng = np.random.default_rng(0)
    if change.reads == "text":
        before = "The film was not that good, was it? We liked it."
        after = change.apply(before, rng)
        assert isinstance(after, str)
        assert after != before
    else:
        before = rng.standard_normal((40, 2)).astype(np.float32)
        after = change.apply(before, rng)
        assert after.shape[1] == 2
        assert not np.array_equal(after, before)
