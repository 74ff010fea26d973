"""What the initialisations promise: no explosion by default, and one documented with He's."""

import pytest
import torch

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.kernels.rnn import ACTIVATIONS
from seqlab.mixers.initialisation import SCHEMES, recurrent_
from seqlab.mixers.lstm import LSTM
from seqlab.mixers.rnn import RNN

LENGTH = 4096


@torch.no_grad()
def last_output(seed, width=32, **settings):
    torch.manual_seed(seed)
    mixer = RNN(width, **settings)
    return mixer(torch.randn(1, LENGTH, width), Context())[:, -1]


def test_he_initialisation_of_a_relu_rnn_explodes_forward():
    """Its variance suits one layer; the same matrix at every step overflows for many draws."""
    he = {"activation": "relu", "initialisation": "he", "width": 64}
    overflowed = [not last_output(seed, gain=1.0, **he).isfinite().all() for seed in range(8)]
    assert sum(overflowed) >= 2
    assert all(last_output(seed, **he).abs().max() < 10 for seed in range(8))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("initialisation", SCHEMES)
def test_no_default_explodes(activation, initialisation):
    y = last_output(0, activation=activation, initialisation=initialisation)
    # The identity keeps every input, so it may grow like a sum of them; the others forget.
    assert y.abs().max() < (LENGTH if initialisation == "identity" else 10)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_recurrent_matrices(scheme):
    torch.manual_seed(0)
    H = 256
    weight = torch.empty(2 * H, H)
    recurrent_(weight, scheme, 0.5)
    for square in weight.chunk(2):
        match scheme:
            case "identity":
                assert torch.equal(square, 0.5 * torch.eye(H))
            case "orthogonal":
                torch.testing.assert_close(square @ square.T, 0.25 * torch.eye(H))
            case _:
                variance = {"xavier": 1, "he": 2}[scheme] / H
                assert square.var().item() == pytest.approx(0.25 * variance, rel=0.03)


def test_the_forget_bias_is_set_once():
    mixer = LSTM(8, forget_bias=1.0)
    i, f, g, o = mixer.bias.chunk(4)
    assert (f == 1).all()
    assert not torch.cat((i, g, o)).any()
    assert not mixer.no_bias.any()


def test_chrono_biases_span_the_memory():
    """σ(b_f) = 1 − 1/T for memories T drawn between 1 and the longest, and b_i = −b_f."""
    torch.manual_seed(0)
    i, f, _, _ = LSTM(512, chrono_length=100).bias.chunk(4)
    assert torch.equal(i, -f)
    assert 1 <= f.exp().min() < 3
    assert 96 < f.exp().max() <= 99


def test_chrono_length_too_short():
    with pytest.raises(UserError, match="chrono_length = 2; accepted: 3 or more"):
        LSTM(8, chrono_length=2)


def test_unknown_choices_are_refused():
    with pytest.raises(UserError, match='unknown activation of mixer "rnn" "swish"'):
        RNN(8, activation="swish")
    with pytest.raises(UserError, match='"ortogonal"; did you mean "orthogonal"'):
        RNN(8, initialisation="ortogonal")
    with pytest.raises(UserError, match='unknown backend of mixer "rnn" "cuda"'):
        RNN(8, backend="cuda")
