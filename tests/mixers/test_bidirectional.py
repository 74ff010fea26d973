"""Pairs of directions: the second reads from each sequence's own end."""

import pytest
import torch

from seqlab import registry
from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers.base import StreamingMixer
from seqlab.mixers.bidirectional import Bidirectional, reverse, reversed_rows

STREAMING = [n for n in registry.names("mixers") if registry.card("mixers", n)["streams"]]
T, D = 9, 16


def pair(name):
    torch.manual_seed(0)
    cls = registry.load("mixers", name)
    return Bidirectional(cls.build(D, causal=True), cls.build(D, causal=True)).double().eval()


def test_reversal_by_hand():
    x = torch.arange(8.0).view(2, 4, 1)
    mask = torch.tensor([[True, True, True, False], [True, True, True, True]])
    turned = reverse(x, reversed_rows(mask))
    assert turned.flatten().tolist() == [2, 1, 0, 3, 7, 6, 5, 4]
    assert torch.equal(reverse(turned, reversed_rows(mask)), x)
    assert reverse(x, None).flatten().tolist() == [3, 2, 1, 0, 7, 6, 5, 4]


@pytest.mark.parametrize("name", STREAMING)
def test_padding_changes_nothing(name):
    mixer = pair(name)
    mask = torch.arange(T) < torch.tensor([[T], [4]])
    x = torch.randn(2, T, D).double()
    memory = torch.randn(2, 3, D).double()
    y = mixer(x, Context(mask=mask, memory=memory))
    alone = mixer(x[1:, :4], Context(memory=memory[1:]))
    torch.testing.assert_close(y[1:, :4], alone, rtol=1e-10, atol=1e-10)


def test_each_half_sees_one_side():
    mixer = pair("gru")
    x = torch.randn(1, T, D).double()
    changed = x.clone()
    changed[:, 4] += 1
    with torch.no_grad():
        mixer.join.weight.zero_()
        mixer.join.weight[:, :D] = torch.eye(D)
        ahead = (mixer(x, Context()) != mixer(changed, Context())).any(-1)[0]
        mixer.join.weight.copy_(mixer.join.weight.roll(D, dims=1))
        behind = (mixer(x, Context()) != mixer(changed, Context())).any(-1)[0]
    assert ahead.tolist() == [t >= 4 for t in range(T)]
    assert behind.tolist() == [t <= 4 for t in range(T)]


def test_a_pair_cannot_stream():
    assert not isinstance(pair("gru"), StreamingMixer)
    with pytest.raises(UserError, match='"bidirectional" was given sequences without positions'):
        pair("gru")(torch.zeros(2, 0, D), Context())
