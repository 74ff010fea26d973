"""Noise that only training sees: it is there while training, as its paper says, and then gone."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from seqlab.batch import Context
from seqlab.model.block import Block, build_mlp, mixer_settings, recompute_blocks
from seqlab.model.noise import SharedDropout, build_dropout, drop_branches
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec

B, T, D = 6, 7, 16
IDS = torch.arange(1, 1 + B * T).reshape(B, T) % 9 + 1
NOISES = [
    {"dropout": 0.5},
    {"dropout": 0.5, "variational_dropout": True},
    {"embedding_dropout": 0.5},
    {"embedding_dropout": 0.5, "variational_dropout": True},
    {"attention_dropout": 0.5, "mixer": "attention"},
    {"weight_drop": 0.5},
    {"weight_drop": 0.5, "mixer": "lstm"},
    {"weight_drop": 0.5, "mixer": "rnn", "bidirectional": True},
    {"stochastic_depth": 0.5},
]


def model(**fields):
    torch.manual_seed(0)
    spec = ModelSpec(
        **{"mixer": "gru", "width": D, "dropout": 0.0, "residual": True, "norm": "pre", **fields}
    )
    return SequenceModel(spec, tokens=12)


@pytest.mark.parametrize("fields", NOISES, ids=str)
def test_noise_is_there_in_training_and_nowhere_else(fields):
    noisy = model(**fields)
    plain = model(**{k: v for k, v in fields.items() if k in ("mixer", "bidirectional")})
    first, second = (noisy.train()(IDS, Context()) for _ in range(2))
    assert not torch.equal(first, second)
    noisy.eval()
    weights = noisy.state_dict()
    names = [name.replace("parametrizations.w_hh.original", "w_hh") for name in weights]
    plain.load_state_dict(dict(zip(names, weights.values(), strict=True)))
    torch.testing.assert_close(noisy(IDS, Context()), plain.eval()(IDS, Context()))


def test_dropout_is_after_the_mixer_within_the_mlp_and_before_the_head():
    """Each place by itself: the others would hide it."""
    x = torch.randn(B, T, D)
    for part in (
        Block(ModelSpec(mixer="gru", width=D, dropout=0.5), False),
        build_mlp(ModelSpec(mixer="gru", width=D, dropout=0.5, mlp=2.0)),
    ):
        noisy = part.train()
        given = (x, Context()) if isinstance(part, Block) else (x,)
        assert not torch.equal(noisy(*given), noisy(*given))
    headed = model(dropout=0.5).train()
    for block in headed.blocks:
        block.eval()
    first, second = (headed(IDS, Context()) for _ in range(2))
    assert not torch.equal(first, second)
    dropped = (first == 0).float().mean()
    assert 0.3 < float(dropped) < 0.7


def test_shared_dropout_drops_a_channel_everywhere_or_nowhere():
    x = SharedDropout(0.5)(torch.ones(B, T, D))
    assert torch.equal(x, x[:, :1].expand_as(x))
    assert set(x.unique().tolist()) == {0.0, 2.0}
    flat = SharedDropout(0.5)(torch.ones(B, D))
    assert set(flat.unique().tolist()) == {0.0, 2.0}


def test_branches_fall_away_whole_and_keep_their_mean():
    y = drop_branches(torch.ones(4000, 2, 3), 0.25)
    assert torch.equal(y, y[:, :1, :1].expand_as(y))
    assert float((y == 0).all(dim=(1, 2)).float().mean()) == pytest.approx(0.25, abs=0.03)
    assert float(y.mean()) == pytest.approx(1.0, abs=0.03)


def test_stochastic_depth_grows_with_depth_and_needs_a_residual():
    rates = [block.branch_drop for block in model(depth=4, stochastic_depth=0.4).blocks]
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert not Block(ModelSpec(mixer="gru", width=D, stochastic_depth=0.4), False).branch_drop


def test_weight_drop_has_one_mask_for_all_positions_and_spares_inputs():
    """The plain loop of the reference reads the matrix at each step: it must be the same one."""
    block = model(weight_drop=0.5, settings={"backend": "reference"}).blocks[0].train()
    seen = []
    original = block.mixer.step

    def step(x_t, state):
        seen.append(block.mixer.w_hh)
        return original(x_t, state)

    block.mixer.step = step
    block.mixer.prefill = lambda x, state: _loop(block.mixer, x, state)
    block(torch.randn(B, T, D), Context())
    assert len(seen) == T
    assert all(torch.equal(seen[0], other) for other in seen)
    share = float((seen[0] == 0).float().mean())
    assert 0.35 < share < 0.65
    assert parametrize.is_parametrized(block.mixer, "w_hh")
    assert not parametrize.is_parametrized(block.mixer, "w_ih")


def _loop(mixer, x, state):
    outputs = []
    for x_t in x.unbind(1):
        y, state = mixer.step(x_t, state)
        outputs.append(y)
    return torch.stack(outputs, 1), state


def test_weight_drop_learns_through_the_fused_kernel():
    noisy = model(weight_drop=0.3).train()
    noisy(IDS, Context()).square().sum().backward()
    gradient = noisy.blocks[0].mixer.parametrizations.w_hh.original.grad
    dropped = float((gradient == 0).float().mean())
    assert torch.isfinite(gradient).all()
    assert 0.15 < dropped < 0.45, "what was dropped learns nothing"


def test_attention_dropout_goes_where_there_is_attention():
    for mixer, expected in (("attention", 0.3), ("linformer", 0.3), ("gru", None)):
        spec = ModelSpec(mixer=mixer, attention_dropout=0.3)
        assert mixer_settings(spec).get("dropout") == expected


@pytest.mark.parametrize("mixer", ["gru", "attention", "mamba"])
def test_recomputing_blocks_changes_no_gradient(mixer):
    gradients = []
    for recompute in (False, True):
        made = model(mixer=mixer, depth=2, dropout=0.3, mlp=2.0).train()
        made.head = nn.Linear(D, 1)
        if recompute:
            recompute_blocks(made)
        torch.manual_seed(3)
        made(IDS, Context()).square().sum().backward()
        gradients.append([p.grad for p in made.parameters() if p.grad is not None])
    for kept, again in zip(*gradients, strict=True):
        torch.testing.assert_close(kept, again)


def kept_numbers(recompute):
    made = model(mixer="attention", depth=4, mlp=4.0, dropout=0.1).train()
    if recompute:
        recompute_blocks(made)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: (kept.append(t.numel()), t)[1], lambda t: t
    ):
        made(IDS, Context())
    return sum(kept)


def test_recomputing_keeps_less():
    assert kept_numbers(True) < 0.3 * kept_numbers(False)


def test_the_spec_chooses_one_mask_for_all_positions():
    for shared in (True, False):
        spec = ModelSpec(mixer="gru", width=8, variational_dropout=shared)
        dropped = build_dropout(spec, 0.5).train()(torch.ones(4, 6, 8))
        assert torch.equal(dropped, dropped[:, :1].expand_as(dropped)) == shared
