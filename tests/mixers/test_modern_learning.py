"""The modern mixers' recipes learn to recall what followed a marker; a bag cannot."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seqlab import registry
from seqlab.batch import Context
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec

T, TOKENS, MARKER, WIDTH = 16, 8, 7, 32
MIXERS = ["mingru", "minlstm", "slstm", "mlstm", "mamba", "mamba2", "gated-deltanet", "tcn"]


def examples(generator, count=64):
    """Tokens (count, T) and, as the target, the one after the only marker."""
    tokens = torch.randint(0, MARKER, (count, T), generator=generator)
    place = torch.randint(0, T - 3, (count, 1), generator=generator)
    return tokens.scatter(1, place, MARKER), tokens.gather(1, place + 1)[:, 0]


def accuracy_after(name, steps=500):
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    recipe = next(iter(registry.card("mixers", name)["recipes"].values()))
    fields = {**recipe, "depth": 2, "width": WIDTH, "dropout": 0.0, "pooling": "last"}
    model = SequenceModel(ModelSpec(mixer=name, **fields), tokens=TOKENS, causal=True)
    model.head = nn.Linear(WIDTH, TOKENS)
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3)
    for _ in range(steps):
        tokens, target = examples(generator)
        loss = nn.functional.cross_entropy(model(tokens, Context()), target)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    tokens, target = examples(generator, 1000)
    with torch.no_grad():
        return (model(tokens, Context()).argmax(dim=1) == target).float().mean().item()


@pytest.mark.slow
@pytest.mark.parametrize("name", MIXERS)
def test_learns_to_recall(name):
    assert accuracy_after(name) > 0.8


@pytest.mark.slow
def test_a_bag_does_not_know_what_follows():
    assert accuracy_after("bag") < 0.4
