"""The register tiles against NumPy, with guard numbers around the result."""

import numpy as np
import pytest

from seqlab.kernels.loops.compilation import compiled
from seqlab.kernels.loops.matrices import Matrix, multiply, start


@compiled
def product(a, b, c, row, accumulate):
    rows, inner = a.shape
    columns = b.shape[1]
    steps = a.strides[0] // a.itemsize, a.strides[1] // a.itemsize
    left = Matrix(start(a), steps[0], steps[1])
    place = Matrix(start(c), row, 1)
    multiply(left, Matrix(start(b), columns, 1), place, (rows, inner, columns), accumulate)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    "shape",
    [(8, 5, 3), (13, 7, 17), (1, 1, 1), (7, 64, 192), (9, 3, 50), (30, 20, 130), (4, 2, 80)],
)
def test_products_of_any_shape(shape, transposed, dtype):
    rows, inner, columns = shape
    generator = np.random.default_rng(0)
    a = generator.normal(size=(rows, inner)).astype(dtype)
    b = generator.normal(size=(inner, columns)).astype(dtype)
    c = np.full((rows + 1, columns + 3), 7, dtype)
    left = np.asfortranarray(a) if transposed else a
    product(left, b, c, columns + 3, False)
    np.testing.assert_allclose(c[:rows, :columns], a @ b, atol=200 * np.finfo(dtype).eps)
    product(left, b, c, columns + 3, True)
    np.testing.assert_allclose(c[:rows, :columns], 2 * (a @ b), atol=400 * np.finfo(dtype).eps)
    assert (c[rows:] == 7).all()
    assert (c[:, columns:] == 7).all()
