"""Encoders and decoders of every family: teacher forcing is writing; no padding, no future."""

import pytest
import torch

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.model.encoder_decoder import EncoderDecoder
from seqlab.specs import ModelSpec
from seqlab.study.recipes import choose, recipes

FAMILIES = [r.name for r in choose(["all"], "translate")] + [
    "bigru",
    "gru-bahdanau",
    "gru-plain",
    "lstm-plain",
]
LENGTHS = torch.tensor([6, 4, 2])
MASK = torch.arange(6) < LENGTHS[:, None]
SOURCE = torch.randint(2, 20, (3, 6), generator=torch.Generator().manual_seed(1)) * MASK
PREVIOUS = torch.randint(2, 12, (3, 5), generator=torch.Generator().manual_seed(2))

families = pytest.mark.parametrize("name", FAMILIES)


def made(name, **changes):
    torch.manual_seed(0)
    spec = ModelSpec.read({**recipes()[name].model, "width": 16, "depth": 2, **changes})
    return EncoderDecoder(spec, 20, 13).double().eval()


def test_every_family_that_streams_can_enter():
    assert {"rnn", "lstm", "gru", "transformer", "mamba", "longformer"} <= set(FAMILIES)
    assert "linformer" not in FAMILIES


def test_what_cannot_stream_is_refused_by_name():
    with pytest.raises(
        UserError, match='candidate "linformer" cannot write step by step, which translate'
    ):
        choose(["linformer"], "translate")
    assert choose(["bigru"], "translate")[0].name == "bigru"


@families
def test_writing_step_by_step_is_teacher_forcing(name):
    model, context = made(name), Context(MASK)
    whole = model(SOURCE, context, PREVIOUS)
    state, steps = model.begin(model.encode(SOURCE, context)), []
    for t in range(PREVIOUS.shape[1]):
        hidden, state = model.write(PREVIOUS[:, t : t + 1], state)
        steps.append(model.logits(hidden))
    assert state.position == PREVIOUS.shape[1]
    torch.testing.assert_close(torch.cat(steps, dim=1), whole, rtol=1e-9, atol=1e-9)


@families
def test_what_comes_later_is_not_seen(name):
    model, other = made(name), PREVIOUS.clone()
    other[:, 3:] = (other[:, 3:] + 5) % 12
    before, after = (model(SOURCE, Context(MASK), p) for p in (PREVIOUS, other))
    torch.testing.assert_close(after[:, :3], before[:, :3], rtol=1e-9, atol=1e-9)
    assert not torch.allclose(after[:, 3], before[:, 3])


@families
def test_padding_of_the_source_changes_nothing(name):
    model = made(name)
    together = model(SOURCE, Context(MASK), PREVIOUS)
    for row, length in enumerate(LENGTHS):
        alone = model(SOURCE[row : row + 1, :length], Context(), PREVIOUS[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-8, atol=1e-8)


@families
def test_the_source_is_read_and_every_parameter_learns(name):
    model = made(name).train()
    logits = model(SOURCE, Context(MASK), PREVIOUS)
    other = made(name).train()(SOURCE.roll(1, dims=0), Context(MASK.roll(1, dims=0)), PREVIOUS)
    assert not torch.allclose(logits, other)
    logits.logsumexp(dim=-1).sum().backward()
    idle = [n for n, p in model.named_parameters() if p.grad is None]
    assert idle == []


@pytest.mark.parametrize("attention", ["cross", "luong", "bahdanau"])
@pytest.mark.parametrize("name", ["gru", "transformer"])
def test_attention_is_of_real_positions_and_sums_to_one(name, attention):
    weights = made(name, attention=attention).attention(SOURCE, Context(MASK), PREVIOUS)
    assert weights.shape == (3, 5, 6)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 5, dtype=torch.float64))
    assert (weights.transpose(1, 2)[~MASK] == 0).all()


def test_without_attention_there_is_none_to_show():
    assert made("gru-plain").attention(SOURCE, Context(MASK), PREVIOUS) is None


def test_tables_are_counted_apart_from_the_body():
    model = made("gru")
    assert model.embedding_parameters() == 16 * (20 + 13)
    total = sum(p.numel() for p in model.parameters())
    assert model.body_parameters() == total - model.embedding_parameters()


def test_a_narrow_embedding_is_widened_and_narrowed():
    model = made("transformer", embedding_width=6)
    assert model(SOURCE, Context(MASK), PREVIOUS).shape == (3, 5, 13)
    assert model.embedding_parameters() == 6 * (20 + 13)
