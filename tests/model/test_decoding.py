"""Greedy decoding and beam search against all sequences there are."""

import itertools

import pytest
import torch

from seqlab.batch import Context
from seqlab.model.decoding import Decoding, beam_search, decode, greedy, penalty
from seqlab.model.encoder_decoder import EncoderDecoder
from seqlab.specs import ModelSpec

END, LIMIT = 4, 4
HOW = Decoding(begin=END, end=END, limit=LIMIT, forbidden=(0,))
SOURCE = torch.randint(0, 9, (5, 4), generator=torch.Generator().manual_seed(3))


def made(mixer="gru", seed=0):
    torch.manual_seed(seed)
    fields = {"mixer": mixer, "width": 8, "residual": mixer == "attention"}
    model = EncoderDecoder(ModelSpec.read(fields), 9, END + 1).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.7 * torch.randn_like(parameter)
    return model


def log_probability(model, source, ids):
    """Of ids with their end, under one source (1, S)."""
    previous = torch.tensor([[END, *ids[:-1]]])
    logits = model(source, Context(), previous)[0].index_fill(-1, torch.tensor([0]), -torch.inf)
    return float(logits.log_softmax(dim=-1)[torch.arange(len(ids)), torch.tensor(ids)].sum())


def finished_sequences():
    for length in range(LIMIT):
        for ids in itertools.product((1, 2, 3), repeat=length):
            yield [*ids, END]


def score(model, source, ids, how):
    return log_probability(model, source, ids) / penalty(len(ids), how)


def cut(row):
    ids = row.tolist()
    return ids[: ids.index(END) + 1] if END in ids else ids


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("mixer", ["gru", "attention"])
def test_a_wide_beam_finds_the_best_of_all_sequences(mixer, alpha):
    how = HOW.with_(beam=64, length_penalty=alpha)
    for seed in range(3):
        model = made(mixer, seed)
        with torch.no_grad():
            found = beam_search(model, model.encode(SOURCE, Context()), how)
            for row, ids in enumerate(found):
                one = SOURCE[row : row + 1]
                scores = [score(model, one, s, how) for s in finished_sequences()]
                assert score(model, one, cut(ids), how) == pytest.approx(max(scores), abs=1e-9)


@torch.no_grad()
def test_greedy_takes_the_most_probable_token_each_time():
    model = made()
    found = greedy(model, model.encode(SOURCE, Context()), HOW)
    for row, ids in enumerate(found):
        written = []
        for wanted in cut(ids):
            previous = torch.tensor([[END, *written]])
            logits = model(SOURCE[row : row + 1], Context(), previous)[0, -1]
            logits[0] = -torch.inf
            assert wanted == int(logits.argmax())
            written.append(wanted)


@torch.no_grad()
def test_a_wider_beam_never_scores_worse_and_one_is_greedy():
    how = HOW.with_(length_penalty=0.0)
    for seed in range(4):
        model = made(seed=seed)
        read = model.encode(SOURCE, Context())
        one = greedy(model, read, how)
        wide = beam_search(model, read, how.with_(beam=64))
        assert torch.equal(decode(model, SOURCE, Context(), how), one)
        for row in range(len(SOURCE)):
            source = SOURCE[row : row + 1]
            ids = cut(one[row])
            if ids[-1] == END:
                best = log_probability(model, source, cut(wide[row]))
                assert best >= log_probability(model, source, ids) - 1e-9


@torch.no_grad()
def test_higher_penalties_write_longer_and_nothing_forbidden():
    lengths = []
    for alpha in (-2.0, 0.0, 4.0):
        how = HOW.with_(beam=8, length_penalty=alpha)
        found = [
            row for seed in range(6) for row in decode(made(seed=seed), SOURCE, Context(), how)
        ]
        assert all((row != 0).all() for row in found)
        lengths.append(sum(len(cut(row)) for row in found))
    assert lengths[0] < lengths[1] < lengths[2]


@torch.no_grad()
def test_rows_of_a_batch_do_not_touch_each_other():
    model, how = made("attention"), HOW.with_(beam=3)
    mask = torch.arange(4) < torch.tensor([4, 3, 2, 4, 1])[:, None]
    together = decode(model, SOURCE * mask, Context(mask), how)
    for row, length in enumerate(mask.sum(dim=1)):
        alone = decode(model, SOURCE[row : row + 1, :length], Context(), how)
        assert cut(together[row]) == cut(alone[0])
