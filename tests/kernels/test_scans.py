"""The linear and the selective scan against their twins and by differences."""

import pytest
import torch

from seqlab.errors import UserError
from seqlab.kernels.linear_scan import linear_scan
from seqlab.kernels.selective_scan import CHUNK, WIDTH, selective_scan

TOLERANCES = [(torch.float64, 1e-10), (torch.float32, 1e-4)]


def linear(size, dtype=torch.float64):
    B, T, D = size
    generator = torch.Generator().manual_seed(0)
    shapes = ((B, T, D), (B, T, D), (B, D))
    a, b, h0 = (torch.randn(s, dtype=torch.float64, generator=generator) for s in shapes)
    return [x.to(dtype).requires_grad_() for x in (a.tanh(), b, h0)]


def selective(size, N, dtype=torch.float64):
    B, T, D = size
    generator = torch.Generator().manual_seed(0)
    shapes = ((B, T, D), (B, T, D), (D, N), (B, T, N), (B, T, N), (B, D, N))
    operands = [torch.randn(s, dtype=torch.float64, generator=generator) for s in shapes]
    operands[1], operands[2] = operands[1].abs() * 0.3, -operands[2].exp()
    return [x.to(dtype).requires_grad_() for x in operands]


def results(call, operands):
    outputs = call(*operands)
    generator = torch.Generator().manual_seed(1)
    total = sum((o * torch.rand(o.shape, generator=generator)).sum() for o in outputs)
    return *outputs, *torch.autograd.grad(total, operands)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", [(3, 7, 5), (1, 40, 50), (4, 1, 16)], ids=str)
def test_linear_loops_equal_the_twin(size, reverse, dtype, tolerance):
    ours, theirs = (
        results(lambda *x, b=b: (linear_scan(*x, reverse=reverse, backend=b),), linear(size, dtype))
        for b in ("fused", "reference")
    )
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


def test_a_linear_scan_is_its_closed_form():
    a, b, h0 = linear((2, 6, 3))
    a = a.abs() + 0.1
    kept = a.cumprod(1)
    expected = kept * (h0[:, None] + (b / kept).cumsum(1))
    torch.testing.assert_close(linear_scan(a, b, h0), expected)


@pytest.mark.parametrize("reverse", [False, True])
def test_linear_gradients_by_differences(reverse):
    def call(a, b, h0):
        return linear_scan(a, b, h0, reverse=reverse, backend="fused")

    assert torch.autograd.gradcheck(call, linear((2, 4, 3)))


def test_padding_is_skipped_by_one_and_zero():
    a, b, h0 = linear((2, 6, 3))
    skip = torch.arange(6)[:, None] >= 4
    h = linear_scan(a.where(~skip, 1.0), b.where(~skip, 0.0), h0)
    torch.testing.assert_close(h[:, 5], h[:, 3])


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("sequences", [1, 2, 5])
def test_threads_share_sequences_and_channels(sequences, threads):
    operands = linear((sequences, 2048, 97), torch.float32)
    alone = results(lambda *x: (linear_scan(*x),), operands)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        together = results(lambda *x: (linear_scan(*x),), operands)
    finally:
        torch.set_num_threads(before)
    for a, b in zip(alone, together, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize(
    ("size", "N"), [((3, 7, 5), 2), ((2, 2 * CHUNK + 3, WIDTH + 7), 3), ((1, CHUNK, 16), 16)]
)
def test_selective_loops_equal_the_twin(size, N, dtype, tolerance):
    ours, theirs = (
        results(lambda *x, b=b: selective_scan(*x, backend=b), selective(size, N, dtype))
        for b in ("fused", "reference")
    )
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


def test_selective_gradients_by_differences():
    assert torch.autograd.gradcheck(
        lambda *x: selective_scan(*x, backend="fused"), selective((2, 4, 3), 2)
    )


def test_a_selective_scan_goes_on_from_its_state():
    u, delta, A, B, C, h0 = selective((2, 2 * CHUNK, 6), 4)
    y, h = selective_scan(u, delta, A, B, C, h0)
    half = CHUNK + 5
    first, between = selective_scan(u[:, :half], delta[:, :half], A, B[:, :half], C[:, :half], h0)
    rest = (x[:, half:] for x in (u, delta, B, C))
    u, delta, B, C = rest
    second, last = selective_scan(u, delta, A, B, C, between)
    torch.testing.assert_close(torch.cat((first, second), dim=1), y)
    torch.testing.assert_close(last, h)


def test_without_gradients_the_outputs_are_the_same():
    operands = selective((2, CHUNK + 1, 20), 3, torch.float32)
    with torch.no_grad():
        quick = selective_scan(*operands)
    for a, b in zip(quick, selective_scan(*operands), strict=True):
        assert torch.equal(a, b)


def test_wrong_operands_are_named():
    a, b, h0 = linear((2, 3, 4))
    with pytest.raises(
        UserError, match=r"linear_scan: h0 has the shape \(1, 4\), expected \(2, 4\)"
    ):
        linear_scan(a, b, h0[:1])
    with pytest.raises(UserError, match="linear_scan: b is float32, expected float64"):
        linear_scan(a, b.float(), h0)
    with pytest.raises(UserError, match="with at least one position"):
        linear_scan(a[:, :0], b[:, :0], h0)
    u, delta, A, B, C, h0 = selective((2, 3, 4), 5)
    with pytest.raises(UserError, match=r"selective_scan: A has the shape \(3, 5\), expected"):
        selective_scan(u, delta, A[:3], B, C, h0)
