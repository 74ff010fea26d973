"""Sampling against its definitions, and streams that read on as the whole would be read."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqlab import registry
from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers.states import tensors_of
from seqlab.model.generation import ModelReader, Sampling, Stream, generate, is_bounded, shaped
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec
from seqlab.study.recipes import recipes

SCORES = np.log([0.5, 0.2, 0.15, 0.1, 0.05])
TOKENS = 11


def model_of(name, width=16, window=8, **fields):
    recipe = {"depth": 2, "max_length": window, "dropout": 0.0, **recipes()[name].model, **fields}
    torch.manual_seed(0)
    model = SequenceModel(
        ModelSpec(width=width, **recipe), tokens=TOKENS, causal=True, per_position=True
    )
    model.head = torch.nn.Linear(width, TOKENS)
    return model.eval()


def streaming():
    cards = registry.cards("mixers")
    return [
        name
        for name, recipe in recipes().items()
        if recipe.streams and not recipe.fixed and cards[recipe.model["mixer"]]["recipes"]
    ]


# -- sampling ----------------------------------------------------------------------------------


def test_temperature_sharpens_and_flattens():
    p = np.exp(SCORES)
    for temperature in (0.5, 1.0, 2.0):
        wanted = p ** (1 / temperature)
        found = shaped(SCORES, Sampling(temperature=temperature))
        np.testing.assert_allclose(found, wanted / wanted.sum(), rtol=1e-12)


def test_top_k_keeps_the_most_probable():
    np.testing.assert_allclose(
        shaped(SCORES, Sampling(top_k=2)), [5 / 7, 2 / 7, 0, 0, 0], atol=1e-12
    )
    assert shaped(SCORES[::-1], Sampling(top_k=1)).tolist() == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(("top_p", "kept"), [(0.01, 1), (0.5, 1), (0.6, 2), (0.7, 2), (1.0, 5)])
def test_top_p_keeps_the_fewest_that_reach_it(top_p, kept):
    found = shaped(SCORES, Sampling(top_p=top_p - 1e-9))
    assert np.count_nonzero(found) == kept
    assert found.sum() == pytest.approx(1)


def test_the_repetition_penalty_does_not_depend_on_an_offset():
    settings = Sampling(repetition_penalty=1.5)
    found = shaped(SCORES, settings, seen={0})
    np.testing.assert_allclose(shaped(SCORES + 7, settings, seen={0}), found, rtol=1e-12)
    weights = np.exp([1.5 * SCORES[0], *SCORES[1:]])
    np.testing.assert_allclose(found, weights / weights.sum(), rtol=1e-12)


class Fixed:
    """Reads anything and expects the same; remembers what it was given."""

    def __init__(self):
        self.given = []

    def read(self, tokens):
        self.given.append(list(tokens))
        return SCORES.copy()


def test_draws_have_the_probabilities_and_each_token_is_read_once():
    reader = Fixed()
    drawn = list(generate(reader, [3, 4], 4000, Sampling(seed=1)))
    np.testing.assert_allclose(np.bincount(drawn) / 4000, np.exp(SCORES), atol=0.03)
    assert reader.given[0] == [3, 4]
    assert [given[0] for given in reader.given[1:]] == drawn[:-1]


def test_what_is_forbidden_is_never_drawn():
    assert 0 not in list(generate(Fixed(), [1], 500, Sampling(), forbidden=(0,)))


def test_the_seed_decides():
    one, again, other = (list(generate(Fixed(), [1], 50, Sampling(seed=s))) for s in (5, 5, 6))
    assert one == again != other


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"temperature": 0.0},
            "--temperature 0: expected a number above 0; --top-k 1 is greedy",
        ),
        ({"temperature": -1.0}, "--temperature -1: expected a number above 0; --top-k 1 is greedy"),
        ({"top_k": 0}, "--top-k 0: expected a whole number from 1 on"),
        ({"top_p": 0.0}, "--top-p 0: expected above 0 and at most 1"),
        ({"top_p": 1.5}, "--top-p 1.5: expected above 0 and at most 1"),
        ({"repetition_penalty": 0.0}, "--repetition-penalty 0: expected above 0; 1 is none"),
        ({"seed": -1}, "--seed -1: expected a whole number from 0 on"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(UserError) as error:
        Sampling(**settings).checked()
    assert error.value.message == message


# -- streams -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", streaming())
def test_what_is_read_in_pieces_is_what_is_read_at_once(name):
    """Within a window all models agree with their own forward pass, however it is cut."""
    model = model_of(name, window=16)
    tokens = torch.randint(0, TOKENS, (2, 16))
    with torch.no_grad():
        whole = model(tokens, Context())
        stream = Stream(model, 2, 16)
        pieces = [stream.feed(tokens[:, a:b]) for a, b in ((0, 5), (5, 6), (6, 16))]
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", streaming())
def test_the_state_stays_small_however_long_the_text(name):
    model = model_of(name, window=8)
    stream = Stream(model, 1, 8)
    sizes = []
    with torch.no_grad():
        for _ in range(6):
            stream.feed(torch.randint(0, TOKENS, (1, 8)))
            sizes.append(sum(t.numel() for t in tensors_of(tuple(stream.state.mixers))))
    assert sizes[-1] == sizes[1]
    assert stream.bounded == is_bounded(model, 8)
    assert stream.bounded or stream.state.position <= 8


def test_a_recurrence_reads_on_and_a_cache_begins_again():
    assert is_bounded(model_of("lstm"), 8)
    assert is_bounded(model_of("mamba"), 8)
    assert not is_bounded(model_of("transformer"), 8)
    assert not is_bounded(model_of("lstm", positions="learned"), 8)


def test_a_full_window_is_read_again_by_half():
    """After a window of 8 the 4 last tokens are what the model has read."""
    model = model_of("transformer", positions="learned", window=8)
    tokens = torch.randint(0, TOKENS, (1, 9))
    with torch.no_grad():
        stream = Stream(model, 1, 8)
        stream.feed(tokens[:, :8])
        after = stream.feed(tokens[:, 8:])
        fresh = Stream(model, 1, 8).feed(tokens[:, 4:])
    torch.testing.assert_close(after[:, -1], fresh[:, -1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["lstm", "transformer"])
def test_writes_any_length_the_same_for_the_same_seed(name):
    model = model_of(name)
    first, again = (
        list(generate(ModelReader(model, 8), [2, 3], 40, Sampling(seed=3))) for _ in range(2)
    )
    assert first == again
    assert len(first) == 40


def test_a_reader_gives_log_probabilities_of_the_next_token():
    model = model_of("gru")
    with torch.no_grad():
        wanted = model(torch.tensor([[2, 3, 4]]), Context())[0, -1].log_softmax(dim=-1)
    np.testing.assert_allclose(ModelReader(model, 8).read([2, 3, 4]), wanted, rtol=1e-4, atol=1e-5)
