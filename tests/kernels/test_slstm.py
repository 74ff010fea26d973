"""The sLSTM against its twin, against its definition without a stabiliser, and by differences."""

import pytest
import torch

from seqlab.errors import UserError
from seqlab.kernels.slstm import SLSTMState, slstm


def operands(size, heads, dtype=torch.float64, empty=False):
    B, T, H = size
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(shape, dtype=torch.float64, generator=generator).to(dtype)

    like = normal(B, H)
    state = SLSTMState(normal(B, H), normal(B, H).abs() + 0.5, like, normal(B, H))
    if empty:
        state = SLSTMState.empty(like)
    state = SLSTMState(*(part.requires_grad_(part is not state.m) for part in state))
    w_hh = 0.5 * normal(4, heads, H // heads, H // heads) * (H / heads) ** -0.5
    return (2 * normal(B, T, 4, H)).requires_grad_(), state, w_hh.requires_grad_()


def mask_of(size):
    B, T = size[:2]
    return torch.arange(T) < 1 + torch.arange(B)[:, None] % T


def results(gates, state, w_hh, **options):
    y, last = slstm(gates, state, w_hh, **options)
    parts = (y, last.c, last.n, last.h)
    generator = torch.Generator().manual_seed(1)
    total = sum((o * torch.rand(o.shape, generator=generator)).sum() for o in parts)
    leaves = (gates, state.c, state.n, state.h, w_hh)
    return (*parts, last.m, *torch.autograd.grad(total, leaves))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("size", "heads"), [((11, 6, 6), 2), ((3, 20, 48), 3), ((8, 3, 4), 4)])
def test_loops_equal_the_twin(size, heads, reverse, masked, empty, dtype, tolerance):
    given = operands(size, heads, dtype, empty)
    options = {"reverse": reverse, "mask": mask_of(size) if masked else None}
    ours = results(*given, backend="fused", **options)
    for a, b in zip(ours, results(*given, backend="reference", **options), strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("backend", ["fused", "reference"])
def test_the_stabiliser_changes_nothing(backend):
    """c and n by the paper's equations 8 to 15, exponentials as they stand."""
    gates, _, w_hh = operands((2, 6, 4), 1)
    zero = torch.zeros(2, 4, dtype=torch.float64)
    c, n, h = zero, zero, zero
    for t in range(6):
        i, f, z, o = (gates[:, t] + torch.einsum("bi,ghoi->bgo", h, w_hh)).unbind(1)
        c = f.sigmoid() * c + i.exp() * z.tanh()
        n = f.sigmoid() * n + i.exp()
        h = o.sigmoid() * c / n
    y, last = slstm(gates, SLSTMState.empty(zero), w_hh, backend=backend)
    torch.testing.assert_close(y[:, -1], h)
    torch.testing.assert_close(last.c * last.m.exp(), c)
    torch.testing.assert_close(last.n * last.m.exp(), n)


def test_gates_that_would_overflow_do_not():
    gates, state, w_hh = operands((2, 5, 4), 2, torch.float32, empty=True)
    y, last = slstm(gates * 300, state, w_hh, backend="fused")
    expected, _ = slstm(gates * 300, state, w_hh, backend="reference")
    assert torch.isfinite(y).all()
    assert torch.isfinite(last.n).all()
    torch.testing.assert_close(y, expected)


@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_by_differences(reverse):
    gates, state, w_hh = operands((3, 4, 4), 2)
    mask = mask_of((3, 4))

    def call(gates, c, n, h, w_hh):
        given = SLSTMState(c, n, h, state.m)
        y, last = slstm(gates, given, w_hh, mask=mask, reverse=reverse, backend="fused")
        return y, last.c / last.n  # what does not depend on the stabiliser

    assert torch.autograd.gradcheck(call, (gates, state.c, state.n, state.h, w_hh))


def test_wrong_operands_are_named():
    gates, state, w_hh = operands((2, 3, 6), 2)
    with pytest.raises(UserError, match="slstm: 4 heads do not divide the width 6"):
        slstm(gates, state, torch.zeros(4, 4, 1, 1))
    with pytest.raises(UserError, match=r"slstm: n has the shape \(1, 6\), expected \(2, 6\)"):
        slstm(gates, state._replace(n=state.n[:1]), w_hh)
    with pytest.raises(UserError, match="expected \\(sequences, positions, 4, width\\)"):
        slstm(gates[:, :, :3], state, w_hh)
