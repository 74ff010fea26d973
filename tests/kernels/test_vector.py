"""The vector formulas against NumPy in higher precision, at every remainder of a register."""

import numpy as np
import pytest

from seqlab.kernels.loops import vector
from seqlab.kernels.loops.compilation import compiled
from seqlab.kernels.loops.matrices import start
from seqlab.kernels.loops.vector import elementwise

_exp = elementwise(lambda x: (vector.exp(x),))
_tanh = elementwise(lambda x: (vector.tanh(x),))
_sigmoid = elementwise(lambda x: (vector.sigmoid(x),))
_log_sigmoid = elementwise(lambda x: (vector.log_sigmoid(x),))
_scaled_sum = elementwise(lambda a, x: (a * x, x), sums=1)


@compiled
def exp(x, y):
    _exp(x.size, (start(x),), (start(y),))


@compiled
def tanh(x, y):
    _tanh(x.size, (start(x),), (start(y),))


@compiled
def sigmoid(x, y):
    _sigmoid(x.size, (start(x),), (start(y),))


@compiled
def log_sigmoid(x, y):
    _log_sigmoid(x.size, (start(x),), (start(y),))


@compiled
def scaled_sum(a, x, y, total):
    _scaled_sum(x.size, (a, start(x)), (start(y), start(total)))


ORACLES = {
    exp: np.exp,
    tanh: np.tanh,
    sigmoid: lambda x: 1 / (1 + np.exp(-x)),
    log_sigmoid: lambda x: -np.log1p(np.exp(-x)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", ORACLES, ids=lambda f: f.__name__)
def test_formulas_are_accurate_to_the_last_bits(function, dtype):
    generator = np.random.default_rng(0)
    x = np.concatenate(
        (generator.normal(scale=8, size=20_001), generator.normal(scale=1e-4, size=1_000), [0.0])
    ).astype(dtype)
    y = np.empty_like(x)
    function(x, y)
    expected = ORACLES[function](x.astype(np.longdouble))
    assert np.max(np.abs(y - expected) / np.abs(expected).clip(1e-30)) < 4 * np.finfo(dtype).eps


@pytest.mark.parametrize("function", [exp, tanh, sigmoid, log_sigmoid], ids=lambda f: f.__name__)
def test_what_is_not_a_number_stays_so(function):
    x = np.full(5, np.nan, np.float32)
    y = np.zeros_like(x)
    function(x, y)
    assert np.isnan(y).all()


def test_extremes_saturate():
    x = np.array([np.inf, 1e30, -1e30, -np.inf], np.float32)
    y = np.empty_like(x)
    tanh(x, y)
    np.testing.assert_array_equal(y, [1, 1, -1, -1])
    sigmoid(x, y)
    np.testing.assert_allclose(y, [1, 1, 0, 0], atol=1e-30)
    exp(x[2:], y[2:])
    np.testing.assert_allclose(y[2:], 0, atol=1e-30)


@pytest.mark.parametrize("count", range(35))
def test_partial_registers_touch_nothing_beyond_the_count(count):
    x, y, total = (
        np.arange(40, dtype=np.float32),
        np.full(40, -1, np.float32),
        np.ones(1, np.float32),
    )
    scaled_sum(np.float32(2), x[:count], y[:count], total)
    np.testing.assert_array_equal(y[:count], 2 * x[:count])
    np.testing.assert_array_equal(y[count:], -1)
    assert total[0] == x[:count].sum()
