"""Blocks, pooling, embedding and sizing."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.model.pooling import Pooling
from seqlab.model.sequence_model import SequenceModel
from seqlab.model.sizing import width_for
from seqlab.specs import ModelSpec
from seqlab.study.recipes import recipes

TOKENS = torch.tensor([[5, 3, 2, 0], [4, 2, 6, 7]])
MASK = torch.tensor([[True, True, True, False], [True] * 4])


def _model(**fields):
    torch.manual_seed(0)
    model = SequenceModel(ModelSpec(**{"mixer": "gru", "width": 16, **fields}), tokens=10).eval()
    model.head = nn.Linear(model.pooling.width, 3)
    return model


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("mixer", ["gru", "attention"])
def test_padding_changes_nothing(pooling, mixer):
    model = _model(mixer=mixer, pooling=pooling)
    together = model(TOKENS, Context(MASK))
    alone = model(TOKENS[:1, :3], Context())
    torch.testing.assert_close(together[:1], alone, atol=1e-6, rtol=1e-5)


def test_pooling_by_hand():
    x = torch.tensor([[[1.0], [5.0], [100.0]]])
    mask = torch.tensor([[True, True, False]])
    assert Pooling("last", 1, None)(x, mask).item() == 5
    assert Pooling("mean", 1, None)(x, mask).item() == 3
    assert Pooling("max", 1, None)(x, mask).item() == 5
    assert Pooling("flatten", 1, 3)(x, None).tolist() == [[1, 5, 100]]


def test_flatten_needs_a_length():
    with pytest.raises(UserError, match='pooling = "flatten": sequences of this task differ'):
        Pooling("flatten", 4, None)


@pytest.mark.parametrize("norm", ["pre", "post", "none"])
@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("mlp", [0.0, 2.0])
def test_every_block_is_finite_and_learns(norm, residual, mlp):
    model = _model(norm=norm, residual=residual, mlp=mlp, depth=2).train()
    loss = model(TOKENS, Context(MASK)).square().sum()
    loss.backward()
    gradients = [p.grad for p in model.parameters()]
    assert all(g is not None and torch.isfinite(g).all() for g in gradients)
    assert any(g.abs().max() > 0 for g in gradients)


@pytest.mark.parametrize("positions", ["none", "sinusoidal", "learned", "rotary"])
def test_positions_make_order_count(positions):
    model = _model(mixer="attention", pooling="mean", positions=positions).double()
    there, back = model(TOKENS[1:], Context()), model(TOKENS[1:].flip(1), Context())
    same = torch.allclose(there, back, atol=1e-12)
    assert same == (positions == "none")


def test_positions_of_a_mixer_without_any():
    with pytest.raises(UserError, match='positions = "rotary": mixer "gru" has no positions'):
        _model(positions="rotary")


def test_learned_positions_end():
    model = _model(mixer="attention", positions="learned", max_length=3)
    with pytest.raises(UserError, match="a sequence of 4 positions is longer than the table"):
        model(TOKENS, Context(MASK))


def test_rare_tokens_read_as_unknown():
    model = _model(vocabulary=4)
    assert model.embedding.table.weight.shape == (4, 16)
    rare = torch.tensor([[9, 2]])
    torch.testing.assert_close(model(rare, Context()), model(torch.tensor([[1, 2]]), Context()))


def test_bidirectional_refuses_a_causal_task():
    spec = ModelSpec(mixer="gru", bidirectional=True)
    with pytest.raises(UserError, match="bidirectional = true"):
        SequenceModel(spec, tokens=10, causal=True)


def test_unknown_setting_of_a_mixer():
    with pytest.raises(UserError, match='unknown setting of mixer "gru" "resett"; did you mean'):
        _model(settings={"resett": "before"})


@pytest.mark.parametrize("mixer", ["rnn", "lstm", "gru", "attention"])
def test_width_is_the_largest_that_fits(mixer):
    def build(spec):
        model = SequenceModel(spec, tokens=50)
        model.head = nn.Linear(spec.width, 2)
        return model

    spec = ModelSpec(mixer=mixer, mlp=2.0)
    width = width_for(spec, 50_000, build)
    assert build(spec.with_(width=width)).body_parameters() <= 50_000
    assert build(spec.with_(width=width + 4)).body_parameters() > 50_000


def test_sizing_does_without_torchs_compiler():
    """Torch would import it, for seconds, to draw numbers for tensors that have none."""
    code = (
        "import sys; from seqlab import registry; from seqlab.model.outline import outlined\n"
        "with outlined():\n"
        "    for name in ('rnn', 'lstm', 'gru', 'attention'):\n"
        "        registry.load('mixers', name).build(16, causal=False)\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_budget_too_small():
    def build(spec):
        return SequenceModel(spec, tokens=50)

    with pytest.raises(UserError, match=r"--params 10: too small for gru of any width"):
        width_for(ModelSpec(mixer="gru"), 10, build)


@pytest.mark.parametrize("name", [n for n, r in recipes().items() if r.streams and not r.fixed])
def test_a_stream_in_pieces_is_the_whole(name):
    torch.manual_seed(0)
    spec = ModelSpec.read({**recipes()[name].model, "width": 16, "depth": 2, "dropout": 0.0})
    model = SequenceModel(spec, tokens=11, causal=True, per_position=True).eval()
    model.head = torch.nn.Linear(16, 5)
    inputs = torch.randint(1, 11, (3, 13))
    whole = model(inputs, Context())
    state = model.initial_state(3)
    pieces = []
    for start, end in ((0, 1), (1, 7), (7, 8), (8, 13)):
        piece, state = model.stream(inputs[:, start:end], state)
        pieces.append(piece)
    assert state.position == 13
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, atol=2e-5, rtol=1e-4)


def test_what_reads_whole_sequences_cannot_stream():
    model = SequenceModel(ModelSpec(mixer="linformer", width=16), tokens=11)
    with pytest.raises(UserError, match='mixer "linformer" reads whole sequences'):
        model.initial_state(1)
