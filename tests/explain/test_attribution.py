"""What is true of every method: sums, word pieces, refusals; and that removal is what it says."""

import numpy as np
import pandas as pd
import pytest

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.explain.attending import attention_maps, uniform_attention
from seqlab.explain.case import case_of
from seqlab.explain.explaining import METHODS, attributions, method, possible
from seqlab.explain.methods.base import batches_of, scores_of
from seqlab.explain.methods.integrated_gradients import ALLOWED, IntegratedGradients
from tests.explain.cases import RECIPES, baseline, network_case, prepared, subject


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_integrated_gradients_add_up_to_the_difference(recipe, made):
    case = network_case(recipe, made)
    found = IntegratedGradients().attribute(case)
    assert found.facts["missed"] <= ALLOWED
    (batch,) = batches_of(case, case.examples)
    from seqlab.explain.entry import Entry

    entry = Entry(case.subject.contestant, batch)
    nothing = entry.scores(case.question.scores, case.units.baseline(batch, entry.entered))
    whole = scores_of(case, case.question, case.examples)
    for place, row in enumerate(batch.rows):
        difference = whole[row, 0] - float(nothing[place, 0].detach())
        assert found.values[int(row)].sum() == pytest.approx(difference, rel=ALLOWED, abs=1e-4)


def test_points_are_doubled_until_the_sum_is_right(made):
    case = network_case("lstm", made, width=16, depth=2)
    rough = IntegratedGradients(points=1, most=1).attribute(case).facts
    fine = IntegratedGradients(points=1).attribute(case).facts
    assert rough["missed"] > ALLOWED >= fine["missed"]
    assert fine["points"] > 1


@pytest.mark.parametrize("name", registry.names(METHODS))
def test_every_method_gives_each_unit_a_number_or_says_in_a_line_why_not(name, made):
    subjects = [subject(made.task, "attention"), subject(made.task, "gru")]
    subjects += [baseline("tfidf-lr", made), baseline("majority", made)]
    had = 0
    for one in subjects:
        case = case_of(one, made.test.take(np.arange(3)), made.train)
        if name not in possible(case):
            with pytest.raises(UserError, match=name) as error:
                list(attributions(case, [name]))
            assert "\n" not in error.value.message
            continue
        had += 1
        found = method(name).attribute(case)
        for row, values in enumerate(found.values):
            assert values.shape == (1, case.units.count(row))
            assert np.isfinite(values).all()
    assert had


def test_attention_of_a_gru_is_refused_in_a_line(made):
    with pytest.raises(UserError, match=r'gru has no attention over its inputs .mixer "gru".'):
        list(attributions(network_case("gru", made), ["attention"]))


def test_exact_numbers_of_a_linear_model_add_up_to_its_answer(made):
    one = baseline("tfidf-lr", made)
    case = case_of(one, made.test, made.train)
    found = method("exact").attribute(case)
    signs = np.where(case.question.chosen == 1, 1, -1)
    expected = scores_of(case, case.question, made.test)[:, 0] - signs * one.contestant.intercepts
    np.testing.assert_allclose([v.sum() for v in found.values], expected, atol=1e-8)


@pytest.mark.parametrize("tokenizer", ["word", "bpe"])
def test_pieces_of_a_word_are_added_up(tokenizer):
    made = prepared(tokenizer=tokenizer, vocabulary=300 if tokenizer == "bpe" else 20000)
    case = network_case("gru", made)
    found = method("gradient-input").attribute(case)
    row = 0
    assert case.units.names(row) == made.test.frame["text"][row].split()
    assert found.values[row].shape == (1, 7)
    assert set(case.units.places(row)) == set(range(7))
    if tokenizer == "bpe":
        assert len(case.units.places(row)) > 7


def texts_without(case, how, removed):
    units = case.units
    altered = units.without(np.array([0]), [removed], how, np.random.default_rng(0))
    return altered.frame["text"].iloc[0], altered


def test_a_word_is_deleted_masked_or_drawn_from_the_data(made):
    frame = pd.DataFrame({"text": ["a warm film"], "label": [None]}, dtype=object)
    one = subject(made.task, "gru")
    case = case_of(one, made.task.encoded(Examples({}, frame)), made.train)
    removed = np.array([False, True, False])
    assert texts_without(case, "delete", removed)[0] == "a film"
    _, masked = texts_without(case, "mask", removed)
    assert list(masked.ragged("tokens")[0])[1] == 1  # unknown
    drawn, _ = texts_without(case, "resample", removed)
    assert drawn.split()[0::2] == ["a", "film"]
    assert drawn.split()[1] in {w for t in made.train.frame["text"] for w in t.split()}


def test_two_texts_are_explained_as_they_are_joined():
    pairs = [(f"a man {n % 7} sleeps", f"he {('runs', 'sleeps')[n % 2]} {n}") for n in range(80)]
    frame = pd.DataFrame(pairs, columns=["text", "text2"]).assign(
        label=["yes" if n % 2 else "no" for n in range(80)]
    )
    case = network_case("gru", prepared(frame=frame), count=3)
    names, places = case.units.names(0), case.units.places(0)
    first = len(case.examples.frame["text"][0].split())
    assert names[first] == "he"
    assert places[first] == -1  # the separator
    assert set(places) == {-1, *range(len(names))}


def test_uniform_attention_looks_at_all_alike_and_is_undone(made):
    case = network_case("attention", made, depth=2)
    (batch,) = batches_of(case, case.examples)
    model, scores = case.subject.contestant, case.question.scores
    before = scores(model, batch)
    with uniform_attention(model):
        for weights in attention_maps(model, batch, scores):
            real = batch.inputs.ne(0).sum(dim=1)
            np.testing.assert_allclose(
                weights[:, 0, 0].max(dim=-1).values.detach(), 1 / real, rtol=1e-6
            )
        assert not scores(model, batch).allclose(before)
    assert scores(model, batch).equal(before)
