"""Without padding outputs and gradients are the same for every mixer, and texts do not mix."""

import pytest
import torch
from torch import nn

from seqlab import registry
from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.model.encoder_decoder import EncoderDecoder
from seqlab.model.packing import Packing
from seqlab.model.sequence_model import SequenceModel
from seqlab.model.stack import Stack, pack_tokens
from seqlab.specs import ModelSpec, TrainSpec

MIXERS = sorted(name for name, card in registry.cards("mixers").items() if card.get("recipes"))
LENGTHS = (9, 3, 1, 7)
MASK = torch.arange(9) < torch.tensor(LENGTHS)[:, None]
IDS = torch.randint(2, 20, MASK.shape, generator=torch.Generator().manual_seed(1)) * MASK
BLOCK = {"residual": True, "norm": "pre", "mlp": 2.0}


def model_of(mixer, packing, **changes):
    torch.manual_seed(3)
    fields = {**BLOCK, "dropout": 0.0, "width": 16, "depth": 2, "pooling": "mean", **changes}
    model = SequenceModel(ModelSpec(mixer=mixer, max_length=16, **fields), tokens=20)
    model.head = nn.Linear(16, 3)
    pack_tokens(model, packing)
    return model.double().train()


def results(model, ids=IDS, mask=MASK, seed=5):
    """Outputs and gradients."""
    torch.manual_seed(seed)
    outputs = model(ids, Context(mask))
    model.zero_grad()
    outputs.square().sum().backward()
    return [outputs, *(p.grad for p in model.parameters() if p.grad is not None)]


def tokens_seen(model):
    """How many positions each MLP was given."""
    seen = []
    for module in model.modules():
        if isinstance(module, Stack):
            for block in module:
                block.mlp.register_forward_hook(
                    lambda module, inputs, output: seen.append(inputs[0].shape[:-1].numel())
                )
    return seen


@pytest.mark.parametrize("mixer", MIXERS)
def test_outputs_and_gradients_are_those_with_padding(mixer):
    plain, packed = model_of(mixer, False), model_of(mixer, True)
    seen = tokens_seen(packed)
    expected, found = results(plain), results(packed)
    assert seen == [sum(LENGTHS)] * 2, "only real positions were computed"
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("order", ["pre", "post", "none"])
@pytest.mark.parametrize("noise", ["variational_dropout", "stochastic_depth", "recompute"])
def test_noise_is_that_of_a_sequence(noise, order):
    changes = {
        "variational_dropout": {"variational_dropout": True, "dropout": 0.4},
        "stochastic_depth": {"stochastic_depth": 0.5},
        "recompute": {},
    }[noise]
    both = [model_of("gru", how, **{**BLOCK, "norm": order, **changes}) for how in (False, True)]
    for model in both:
        for block in model.blocks:
            block.recompute = noise == "recompute"
            block.mlp[2].p = 0.0  # draws for every position
    for one, other in zip(*(results(model) for model in both), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("mixer", ["gru", "attention", "mamba", "linformer", "tcn"])
def test_a_text_does_not_change_the_others_by_a_bit(mixer):
    model = model_of(mixer, True, bidirectional=mixer == "gru").float()
    other = IDS.clone()
    other[0, :9] = torch.randint(2, 20, (9,), generator=torch.Generator().manual_seed(8))
    before, after = (model(ids, Context(MASK)) for ids in (IDS, other))
    assert not torch.equal(before[0], after[0])
    assert torch.equal(before[1:], after[1:])


def test_the_encoder_of_a_translation_leaves_padding_out():
    def outputs(packing):
        torch.manual_seed(2)
        spec = ModelSpec(mixer="attention", width=16, dropout=0.0, **BLOCK)
        model = EncoderDecoder(spec, 20, 12).double().train()
        pack_tokens(model, packing)
        seen = tokens_seen(model)
        return model(IDS, Context(MASK), torch.arange(12).view(4, 3)), seen

    (plain, every), (packed, real) = outputs(False), outputs(True)
    torch.testing.assert_close(plain, packed, rtol=1e-9, atol=1e-11)
    assert (every, real) == ([MASK.numel()], [sum(LENGTHS)])


def test_there_and_back_and_second_gradients():
    packing = Packing(MASK)
    x = torch.randn(4, 9, 2, dtype=torch.double, requires_grad=True)
    assert torch.equal(packing.pad(packing.pack(x)), x * MASK[..., None])
    assert torch.autograd.gradcheck(packing.pack, x)
    assert torch.autograd.gradgradcheck(lambda x: packing.pad(packing.pack(x) ** 3), x)


@pytest.mark.parametrize(
    ("mixer", "lengths", "block", "packs"),
    [
        ("attention", (9, 3, 1, 7), BLOCK, True),
        ("attention", (9, 9, 9, 8), BLOCK, False),  # hardly any padding
        ("gru", (9, 3, 1, 7), {"norm": "none"}, False),  # no MLP: nothing to save
    ],
)
def test_by_default_where_it_pays(mixer, lengths, block, packs):
    assert TrainSpec().packing is None
    fields = {"residual": False, "mlp": 0.0, **block}
    model = model_of(mixer, None, **fields)
    mask = torch.arange(9) < torch.tensor(lengths)[:, None]
    assert (model.blocks._packing(mask) is not None) == packs
    assert model.eval().blocks._packing(mask) is None, "training alone"


def test_what_is_neither_is_refused_in_a_line():
    with pytest.raises(UserError, match=r"^train\.packing = 'some': should be a valid boolean"):
        TrainSpec.read({"packing": "some"}, "train")
