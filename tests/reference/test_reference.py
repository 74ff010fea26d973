"""The NumPy versions against numbers worked out by hand and against PyTorch."""

import numpy as np
import pytest
import torch

from seqlab.reference import (
    clip_by_norm,
    clip_by_value,
    rnn_step,
    scaled_dot_product_attention,
    softmax,
)


def test_rnn_step_by_hand():
    h = rnn_step(
        np.array([[1.0, 2.0]]),
        np.array([[0.5]]),
        np.array([[1.0, -1.0]]),
        np.array([[2.0]]),
        np.array([0.25]),
    )
    assert h[0, 0] == pytest.approx(np.tanh(1 - 2 + 2 * 0.5 + 0.25))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_rnn_step_is_torchs_cell(activation):
    torch.manual_seed(0)
    cell = torch.nn.RNNCell(3, 4, nonlinearity=activation).double()
    x, h = torch.randn(2, 3).double(), torch.randn(2, 4).double()
    w_ih, w_hh, b_ih, b_hh = (p.detach().numpy() for p in cell.parameters())
    phi = {"tanh": np.tanh, "relu": lambda a: np.maximum(a, 0)}[activation]
    ours = rnn_step(x.numpy(), h.numpy(), w_ih, w_hh, b_ih + b_hh, phi)
    np.testing.assert_allclose(ours, cell(x, h).detach().numpy(), atol=1e-12)


def test_softmax_by_hand_and_of_large_scores():
    np.testing.assert_allclose(softmax(np.log([1.0, 2.0, 5.0])), [1 / 8, 2 / 8, 5 / 8])
    np.testing.assert_allclose(softmax(np.array([1e4, 1e4])), [0.5, 0.5])
    np.testing.assert_allclose(
        softmax(np.array([[0.0, 0.0], [9.0, 9.0]]), axis=0)[0], 1.23395e-4, rtol=1e-4
    )


def test_attention_of_one_key_returns_its_value():
    v = np.array([[3.0, 4.0]])
    o, weights = scaled_dot_product_attention(np.ones((5, 2)), np.ones((1, 2)), v)
    np.testing.assert_allclose(o, np.repeat(v, 5, axis=0))
    np.testing.assert_allclose(weights, 1)


@pytest.mark.parametrize("masked", [False, True])
def test_attention_is_torchs(masked):
    rng = np.random.default_rng(0)
    q, k, v = (
        rng.normal(size=(2, 3, 5, 4)),
        rng.normal(size=(2, 3, 6, 4)),
        rng.normal(size=(2, 3, 6, 2)),
    )
    mask = rng.random((2, 1, 5, 6)) < 0.5 if masked else None
    if masked:
        mask[..., 0] = True
    o, weights = scaled_dot_product_attention(q, k, v, mask)
    theirs = torch.nn.functional.scaled_dot_product_attention(
        *map(torch.from_numpy, (q, k, v)), None if mask is None else torch.from_numpy(mask)
    )
    np.testing.assert_allclose(o, theirs.numpy(), atol=1e-12)
    np.testing.assert_allclose(weights.sum(-1), 1)
    if masked:
        assert (weights[~np.broadcast_to(mask, weights.shape)] == 0).all()


def test_clip_by_value():
    clipped = clip_by_value([np.array([-3.0, 0.5]), np.array([[2.0]])], 1.0)
    np.testing.assert_array_equal(clipped[0], [-1, 0.5])
    np.testing.assert_array_equal(clipped[1], [[1]])


@pytest.mark.parametrize("limit", [1.0, 5.0, 13.0, 100.0])
def test_clip_by_norm_is_torchs(limit):
    """The norm of (3, 4) and (12) together is 13."""
    arrays = [np.array([3.0, 4.0]), np.array([12.0])]
    parameters = [torch.nn.Parameter(torch.zeros(a.shape).double()) for a in arrays]
    for parameter, a in zip(parameters, arrays, strict=True):
        parameter.grad = torch.from_numpy(a.copy())
    torch.nn.utils.clip_grad_norm_(parameters, limit)
    for ours, parameter in zip(clip_by_norm(arrays, limit), parameters, strict=True):
        np.testing.assert_allclose(ours, parameter.grad.numpy(), rtol=1e-6)


def test_clip_by_norm_leaves_zeros_alone():
    np.testing.assert_array_equal(clip_by_norm([np.zeros(2)], 1.0)[0], [0, 0])
