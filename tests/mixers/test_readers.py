"""The attention of recurrent decoders against its equations, a position at a time."""

import pytest
import torch

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers.bahdanau import Bahdanau
from seqlab.mixers.luong import Luong

D = 6
X, MEMORY = torch.randn(2, 3, D), torch.randn(2, 4, D)
REAL = torch.tensor([[True] * 4, [True, True, False, False]])


def expected(mixer, score):
    """y and the weights, by loops."""
    y, a = torch.zeros(2, 3, D), torch.zeros(2, 3, 4)
    for b in range(2):
        for t in range(3):
            scores = torch.stack([score(X[b, t], m) for m in MEMORY[b][REAL[b]]])
            weights = scores.exp() / scores.exp().sum()
            read = sum(w * m for w, m in zip(weights, MEMORY[b], strict=False))
            y[b, t] = torch.tanh(mixer.join.weight @ torch.cat((read, X[b, t])))
            a[b, t, : len(weights)] = weights
    return y, a


def check(mixer, score):
    context = Context(memory=MEMORY, memory_mask=REAL)
    y, a = expected(mixer, score)
    torch.testing.assert_close(mixer(X, context), y, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(mixer.weights(X, context)[:, 0], a, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_additive():
    m = Bahdanau(D)
    v, w_x, w_m, b = m.score.weight[0], m.query.weight, m.key.weight, m.key.bias
    check(m, lambda x, s: v @ torch.tanh(w_x @ x + w_m @ s + b))


@torch.no_grad()
def test_multiplicative():
    m = Luong(D)
    check(m, lambda x, s: x @ m.key.weight @ s)
    check(Luong(D, score="dot"), lambda x, s: x @ s)


def test_what_is_refused():
    with pytest.raises(UserError, match='score of mixer "luong" "concat"'):
        Luong(D, score="concat")
    with pytest.raises(UserError, match="reads a memory, and the context holds none"):
        Bahdanau(D)(X, Context())
    with pytest.raises(UserError, match=r"memory of shape \(2, 5, 3\), expected \(2, memory posi"):
        Luong(D)(X, Context(memory=torch.zeros(2, 5, 3)))
