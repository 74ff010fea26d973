"""The n-gram model against numbers worked out by hand, and against a slow, plain second one."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from seqlab import registry
from seqlab.baselines.kneser_ney import KneserNey
from seqlab.baselines.ngrams import KneserNeyModel, count, discounts
from seqlab.baselines.storage import load_baseline, save_baseline
from seqlab.data.table import Table
from seqlab.model.generation import Sampling, generate
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.language import Language

A, B, C = 2, 3, 4  # 0 is the boundary, 1 the unknown


def model_of(texts, tokens, order):
    return KneserNeyModel.of(count([np.asarray(t) for t in texts], tokens, order), tokens)


def test_a_toy_text_has_the_perplexity_worked_out_by_hand():
    """`abac` read by bigrams.

    Bigrams: ^a ab ba ac, once each. Followed tokens: a follows ^ and b, b follows a, c follows a.
    Counts of the unigrams are therefore a 2, b 1, c 1; two of them are 1 and one is 2, none 3:
    y = 2 / (2 + 2·1) = 1/2, so p1(w) = (count − 1/2)/4 + (3 · 1/2)/4 · 1/5.
    All four bigrams are seen once: y = 4 / 4 = 1, so that all is left to the unigrams.
    """
    p1 = {A: Fraction(3, 8) + Fraction(3, 40), B: Fraction(1, 8) + Fraction(3, 40)}
    p1[C] = p1[B]
    model = model_of([[0, A, B, A, C]], tokens=5, order=2)
    text = np.array([0, A, B, A, C])
    p = model.probabilities(text, np.arange(5))[1:]
    by_hand = [p1[A], p1[B], p1[A], p1[C]]
    assert p == pytest.approx([float(x) for x in by_hand], abs=1e-15)
    wanted = float(np.prod([1 / float(x) for x in by_hand])) ** (1 / 4)
    assert np.exp(-np.log(p).mean()) == pytest.approx(wanted, abs=1e-9)
    assert wanted == pytest.approx((Fraction(9, 20) * Fraction(1, 5)) ** -0.5, abs=1e-12)


def test_bigrams_of_a_longer_text_by_hand():
    """`aab aac` as two texts with ends: ^aab$ ^aac$.

    Bigrams: ^a 2, aa 2, ab 1, b$ 1, ac 1, c$ 1. Of counts, four are 1 and two are 2, none 3:
    y = 4 / (4 + 4) = 1/2. After a: aa 2, ab 1, ac 1, together 4, three kinds.
    Unigrams by the tokens they follow: a (^ a) 2, b 1, c 1, $ (b c) 2: y = 2 / (2 + 4) = 1/3.
    """
    texts = [[0, A, A, B, 0], [0, A, A, C, 0]]
    model = model_of(texts, tokens=5, order=2)
    y1, y2 = Fraction(1, 3), Fraction(1, 2)
    unseen = 4 * y1 / 6 / 5
    p1 = {A: (2 - y1) / 6 + unseen, B: (1 - y1) / 6 + unseen, 1: unseen}
    after_a = model.after([A])
    assert after_a[A] == pytest.approx(float((2 - y2) / 4 + 3 * y2 / 4 * p1[A]), abs=1e-12)
    assert after_a[B] == pytest.approx(float((1 - y2) / 4 + 3 * y2 / 4 * p1[B]), abs=1e-12)
    assert after_a[1] == pytest.approx(float(3 * y2 / 4 * p1[1]), abs=1e-12)


def test_discounts_are_those_of_chen_and_goodman():
    counts = np.repeat([1, 2, 3, 4, 9], [40, 10, 5, 3, 2])
    y = 40 / 60
    wanted = [0, 1 - 2 * y * 10 / 40, 2 - 3 * y * 5 / 10, 3 - 4 * y * 3 / 5]
    assert discounts(counts) == pytest.approx(wanted, abs=1e-15)
    assert discounts(np.array([5, 6])) == pytest.approx([0, 0.5, 0.5, 0.5])


def slowly(texts, tokens, order):
    """The same model straight from the definition, with dictionaries."""
    counts = [Counter() for _ in range(order + 1)]
    for text in texts:
        for end in range(1, len(text)):
            for k in range(1, min(order, end + 1) + 1):
                counts[k][tuple(text[end + 1 - k : end + 1])] += 1
    used = [Counter() for _ in range(order + 1)]
    used[order] = counts[order]
    for k in range(1, order):
        for gram in counts[k + 1]:
            used[k][gram[1:]] += 1
        for gram, times in counts[k].items():
            if k > 1 and gram[0] == 0:
                used[k][gram] = times
    costs = [discounts(np.array(list(c.values()) or [0])) for c in used]
    following = [defaultdict(dict) for _ in used]
    for k in range(1, order + 1):
        for gram, times in used[k].items():
            following[k][gram[:-1]][gram[-1]] = times

    def p(token, history):
        history = tuple(history)[max(0, len(history) - order + 1) :]
        k = len(history) + 1
        lower = p(token, history[1:]) if history else 1 / tokens
        seen = following[k].get(history)
        if not seen:
            return lower
        cost = {w: costs[k][min(c, 3)] for w, c in seen.items()}
        kept = seen.get(token, 0) - cost.get(token, 0.0)
        return (kept + sum(cost.values()) * lower) / sum(seen.values())

    return p


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_agrees_with_the_definition(order):
    rng = np.random.default_rng(order)
    texts = [[0, *rng.choice(6, size, p=[0, 0.05, 0.4, 0.3, 0.2, 0.05])] for size in (300, 40, 3)]
    model, p = model_of(texts, 7, order), slowly(texts, 7, order)
    new = np.array([0, *rng.choice(7, 200, p=[0, 0.05, 0.4, 0.25, 0.2, 0.05, 0.05])])
    found = model.probabilities(new, np.arange(len(new)))
    wanted = [p(new[i], new[:i]) for i in range(1, len(new))]
    np.testing.assert_allclose(found[1:], wanted, rtol=1e-12)
    for end in (1, 2, 5, 50):
        np.testing.assert_allclose(
            model.after(new[:end].tolist()), [p(w, new[:end]) for w in range(7)], rtol=1e-12
        )
        assert model.after(new[:end].tolist()).sum() == pytest.approx(1, abs=1e-12)


def test_little_to_see_is_the_lower_order():
    """A block that begins within the text is scored from what is visible of it only."""
    rng = np.random.default_rng(0)
    text = [0, *rng.integers(2, 6, 400)]
    model, p = model_of([text], 6, 4), slowly([text], 6, 4)
    block = np.array(text[100:110])
    found = model.probabilities(block, np.arange(10))
    assert found[1] == pytest.approx(p(block[1], block[:1]), rel=1e-12)
    assert found[9] == pytest.approx(p(block[9], block[:9]), rel=1e-12)


@pytest.fixture(scope="module")
def prepared():
    rng = np.random.default_rng(0)
    words = ["the", "cat", "sat", "on", "a", "mat", "and", "saw", "what", "it", "was"]
    text = " ".join(rng.choice(words, 6000))
    table = Table(pd.DataFrame({"text": [text]}), "text")
    return Language.prepare(Sources(table), DataSpec(options={"block": 32}), 0)[0]


def bits(task, nats, examples):
    metric = registry.load("metrics", "bits-per-character")()
    return metric.value(task.statistics(metric, nats, examples))


def test_a_baseline_like_others(prepared, tmp_path):
    task = prepared.task
    baseline = KneserNey().fit(task, prepared.train, prepared.valid, 0)
    nats = baseline.predict(task, prepared.test)
    assert bits(task, nats, prepared.test) < 1.6  # log2(11) bits a word of 3.7 letters, and blanks
    rows = np.array([3, 0, 7])
    some = baseline.predict(task, prepared.test.take(rows))
    np.testing.assert_array_equal(some[0], nats[3])
    save_baseline(baseline, tmp_path)
    again = load_baseline(tmp_path)
    np.testing.assert_array_equal(again.predict(task, prepared.test).values, nats.values)
    assert again.parameters == baseline.parameters > 100


def test_writes_words_of_the_text(prepared):
    task = prepared.task
    baseline = KneserNey().fit(task, prepared.train, prepared.valid, 0)
    prompt = task.vocabulary.encode("the ca").ids.tolist()
    ids = list(generate(baseline.reader(), prompt, 200, Sampling(temperature=0.5), (1,)))
    written = task.vocabulary.decode(ids)
    words = {"the", "cat", "sat", "on", "a", "mat", "and", "saw", "what", "it", "was"}
    assert written.startswith("t")
    assert len([w for w in written.split()[1:-1] if w in words]) > 0.9 * len(written.split()[1:-1])


def test_of_the_first_blocks_of_a_text_no_more_is_counted():
    """The text goes on in blocks that are not among them."""
    frame = pd.DataFrame({"text": ["abab" * 400 + "xyz" * 400]})
    spec = DataSpec(options={"block": 32})
    prepared = Language.prepare(Sources(Table(frame, "letters", ())), spec, 0)[0]
    few = prepared.train.take(np.arange(8))  # 256 letters
    levels = KneserNey().fit(prepared.task, few, prepared.valid, 0).levels
    assert levels[0].occurrences.sum() == 256
