"""The kernels of the modern mixers: the loops against their twins, in values and gradients."""

from __future__ import annotations

import pytest
import torch

from seqlab.errors import UserError
from seqlab.kernels.gated_norm import gated_norm
from seqlab.kernels.minimal import mingru, minlstm
from seqlab.kernels.short_convolution import short_convolution
from seqlab.kernels.state_space import state_space


def sizes(*shapes):
    """Random tensors of these shapes, seeded."""

    def draw(dtype):
        generator = torch.Generator().manual_seed(0)
        return [torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]

    return draw


def state_space_operands(B, T, H, P, N):
    draw = sizes((B, T, H * P + 2 * N), (B, T, H), (B, T, H), (H,), (B, N, H, P))

    def operands(dtype):
        mixed, delta, log_decay, *others = draw(dtype)
        return [mixed, delta, -log_decay.abs(), *others]

    return operands


# Widths that leave partial registers; lengths around a chunk's.
CASES = {
    "mingru": (mingru, sizes((3, 37, 2 * 19), (3, 19))),
    "mingru-short": (mingru, sizes((1, 1, 2), (1, 1))),
    "minlstm": (minlstm, sizes((3, 37, 3 * 19), (3, 19))),
    "convolution": (short_convolution, sizes((3, 40, 21), (4, 21), (21,))),
    "convolution-1": (short_convolution, sizes((2, 5, 16), (1, 16), (16,))),
    "gated-norm": (gated_norm, sizes((3, 5, 37), (3, 5, 37), (37,))),
    "state-space-1": (state_space, state_space_operands(2, 1, 3, 5, 7)),
    "state-space-63": (state_space, state_space_operands(2, 63, 1, 16, 16)),
    "state-space-64": (state_space, state_space_operands(1, 64, 8, 4, 3)),
    "state-space-150": (state_space, state_space_operands(2, 150, 3, 5, 7)),
}

every = pytest.mark.parametrize("name", CASES)


def results(name, backend, dtype=torch.float64, arrange=lambda t: t):
    """Outputs, and the gradients of all operands from all outputs."""
    run, draw = CASES[name]
    operands = [t.requires_grad_() for t in draw(dtype)]
    outputs = run(*map(arrange, operands), backend=backend)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    total = sum(
        (y * torch.linspace(-1, 1, y.numel(), dtype=dtype).view_as(y)).sum() for y in outputs
    )
    return [*outputs, *torch.autograd.grad(total, operands)]


def close(some, others, tolerance):
    for a, b in zip(some, others, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@every
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_loops_equal_the_twin(name, dtype, tolerance):
    close(results(name, "fused", dtype), results(name, "reference", dtype), tolerance)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("state-space")])
def test_chunks_in_torch_equal_the_twin(name):
    close(results(name, "torch"), results(name, "reference"), 1e-10)


@every
def test_operands_may_lie_anywhere_in_memory(name):
    def scattered(t):
        return torch.stack((t, t), dim=-1)[..., 0]

    close(results(name, "fused", arrange=scattered), results(name, "fused"), 1e-14)


@every
def test_threads_change_nothing(name, monkeypatch):
    monkeypatch.setattr("seqlab.kernels.threads.OPERATIONS_PER_THREAD", 1)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = results(name, "fused")
        torch.set_num_threads(2)
        close(results(name, "fused"), alone, 1e-12)
    finally:
        torch.set_num_threads(before)


@every
def test_is_a_proper_operator(name):
    """Meta tensors, autograd registration and tracing, as PyTorch checks them."""
    run, draw = CASES[name]
    operands = [t.requires_grad_() for t in draw(torch.float64)]
    operator = {mingru: "minimal", minlstm: "minimal"}.get(run, run.__name__)
    more = {state_space: (True,), gated_norm: (1e-5,)}.get(run, ())
    if run is gated_norm:
        operands = [t.detach().flatten(0, -2).requires_grad_() for t in operands[:2]] + operands[2:]
    torch.library.opcheck(getattr(torch.ops.seqlab, operator).default, (*operands, *more))


@every
def test_gradients_are_those_of_finite_differences(name):
    run, draw = CASES[name]
    operands = [t.requires_grad_() for t in draw(torch.float64)]
    assert torch.autograd.gradcheck(run, operands, fast_mode=True)


def test_minimal_gates_are_linear_at_zero():
    """The slope of g at 0 is that of its upper branch, as in the twin: padding often is 0."""
    gates, h0 = torch.zeros(1, 1, 2, requires_grad=True), torch.zeros(1, 1)
    slope = torch.autograd.grad(mingru(gates, h0, backend="fused").sum(), gates)[0]
    torch.testing.assert_close(slope, torch.tensor([[[0.5, 0.125]]]))


def test_strong_decay_neither_overflows_nor_cancels():
    """After a decay of e^−1000 only the newest input is left, to the last bit."""
    mixed, delta, log_decay, skip, S = state_space_operands(1, 70, 1, 4, 1)(torch.float32)
    expected = mixed[..., :4] * (delta * mixed[..., 4:5] * mixed[..., 5:] + skip)
    gone = torch.full_like(log_decay, -1000.0)
    for backend, tolerance in (("fused", 1e-6), ("torch", 1e-3)):
        y, last = state_space(mixed, delta, gone, skip, S, backend=backend)
        torch.testing.assert_close(y, expected, rtol=tolerance, atol=1e-6)
        assert last.isfinite().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: mingru(torch.zeros(2, 3, 8), torch.zeros(2, 3)),
            r"mingru: gates has the shape \(2, 3, 8\), expected \(2, 3, 6\)",
        ),
        (
            lambda: minlstm(torch.zeros(2, 0, 9), torch.zeros(2, 3)),
            r"minlstm: the input has the shape \(2, 0, 9\), expected \(sequences, positions",
        ),
        (
            lambda: short_convolution(torch.zeros(2, 5, 3), torch.zeros(4, 2), torch.zeros(3)),
            r"short_convolution: weight has the shape \(4, 2\), expected \(4, 3\)",
        ),
        (
            lambda: short_convolution(torch.zeros(2, 3, 3), torch.zeros(4, 3), torch.zeros(3)),
            r"short_convolution: the input has 3 positions, expected at least 4 for 4 taps",
        ),
        (
            lambda: state_space(
                torch.zeros(2, 5, 11), *[torch.zeros(2, 5, 1)] * 2, torch.zeros(1),
                torch.zeros(2, 4, 1, 4),
            ),
            r"state_space: mixed has the shape \(2, 5, 11\), expected \(2, 5, 12\)",
        ),
        (
            lambda: state_space(
                torch.zeros(2, 5, 12), *[torch.zeros(2, 5, 1)] * 2, torch.zeros(2),
                torch.zeros(2, 4, 1, 4),
            ),
            r"state_space: skip has the shape \(2,\), expected \(1,\)",
        ),
    ],
)  # fmt: skip
def test_operands_of_another_shape_are_refused(call, message):
    with pytest.raises(UserError, match=message):
        call()
