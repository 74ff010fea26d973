"""RNN, GRU and LSTM: the fused loops against torch.nn, against their twins, and by differences."""

import pytest
import torch

from seqlab.errors import UserError
from seqlab.kernels.gru import gru, gru_reference
from seqlab.kernels.lstm import lstm
from seqlab.kernels.rnn import rnn

TOLERANCES = {torch.float64: (1e-10, 1e-10), torch.float32: (1e-5, 1e-4)}
CELLS = {
    "tanh": (rnn, 1, {"activation": "tanh"}),
    "relu": (rnn, 1, {"activation": "relu"}),
    "leaky_relu": (rnn, 1, {"activation": "leaky_relu"}),
    "elu": (rnn, 1, {"activation": "elu"}),
    "gru": (gru, 3, {}),
    "lstm": (lstm, 4, {}),
}
# Whole and partial tiles of sequences, whole and partial registers of channels.
SIZES = [(8, 5, 16, 16), (11, 6, 5, 7), (3, 40, 33, 50), (1, 3, 1, 1)]


def operands(name, size, dtype, seed=0):
    """x, the states and the weights, such that the recurrence forgets what rounding does."""
    _, gates, _ = CELLS[name]
    B, T, D, H = size
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape, scale=1.0):
        numbers = torch.randn(shape, dtype=torch.float64, generator=generator) * scale
        return numbers.to(dtype).requires_grad_()

    states = [normal(B, H) for _ in range(2 if name == "lstm" else 1)]
    weights = [normal(gates * H, D, scale=D**-0.5), normal(gates * H, H, scale=0.5 * H**-0.5)]
    return [normal(B, T, D), *states, *weights, normal(gates * H), normal(gates * H)]


def mask_of(size):
    B, T = size[:2]
    lengths = 1 + torch.arange(B) % T
    return torch.arange(T) < lengths[:, None]


def results(name, inputs, **options):
    """The outputs and the gradients of everything, all outputs weighed at random."""
    function, _, fixed = CELLS[name]
    outputs = function(*inputs, **fixed, **options)
    generator = torch.Generator().manual_seed(1)
    total = sum(
        (o * torch.randn(o.shape, dtype=torch.float64, generator=generator).to(o.dtype)).sum()
        for o in outputs
    )
    return outputs, torch.autograd.grad(total, inputs)


def assert_equal(ours, theirs, dtype):
    for tolerance, a, b in zip(TOLERANCES[dtype], ours, theirs, strict=True):
        for x, y in zip(a, b, strict=True):
            torch.testing.assert_close(x, y, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", CELLS)
def test_loops_equal_the_twin(name, size, reverse, masked, dtype):
    options = {"reverse": reverse, "mask": mask_of(size) if masked else None}
    inputs = operands(name, size, dtype)
    ours = results(name, inputs, backend="fused", **options)
    assert_equal(ours, results(name, inputs, backend="reference", **options), dtype)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", ["tanh", "relu", "gru", "lstm"])
def test_torchs_own_path_equals_the_twin(name, reverse, masked):
    size = SIZES[1]
    options = {"reverse": reverse, "mask": mask_of(size) if masked else None}
    inputs = operands(name, size, torch.float64)
    theirs = results(name, inputs, backend="torch", **options)
    assert_equal(theirs, results(name, inputs, backend="reference", **options), torch.float64)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("name", "layer"),
    [("tanh", torch.nn.RNN), ("gru", torch.nn.GRU), ("lstm", torch.nn.LSTM)],
)
def test_both_directions_equal_a_bidirectional_layer_of_torch(name, layer, dtype):
    torch.manual_seed(0)
    theirs = layer(6, 9, batch_first=True, bidirectional=True).to(dtype)
    x = torch.randn(10, 12, 6, dtype=dtype, requires_grad=True)
    states = [torch.zeros(10, 9, dtype=dtype)] * (2 if name == "lstm" else 1)
    sides = [
        CELLS[name][0](x, *states, *weights, reverse=n == 1, backend="fused")[0]
        for n, weights in enumerate(theirs.all_weights)
    ]
    ours, expected = torch.cat(sides, dim=2), theirs(x)[0]
    weights = torch.randn_like(expected.contiguous())
    leaves = [x, *theirs.parameters()]
    gradients = [torch.autograd.grad((y * weights).sum(), leaves) for y in (ours, expected)]
    assert_equal(([ours], gradients[0]), ([expected], gradients[1]), dtype)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_gradients_by_differences(name, reverse, masked):
    function, _, fixed = CELLS[name]
    size = (3, 4, 2, 3)
    mask = mask_of(size) if masked else None

    def call(*inputs):
        return function(*inputs, **fixed, reverse=reverse, mask=mask, backend="fused")

    assert torch.autograd.gradcheck(call, operands(name, size, torch.float64))


@pytest.mark.parametrize("name", CELLS)
def test_padding_holds_the_state(name):
    inputs = operands(name, (2, 6, 3, 4), torch.float64)
    function, _, fixed = CELLS[name]
    mask = torch.tensor([[True] * 6, [True] * 2 + [False] * 4])
    y, *last = function(*inputs, **fixed, mask=mask)
    short, *ends = function(inputs[0][:, :2], *inputs[1:], **fixed)
    torch.testing.assert_close(y[1, :2], short[1])
    torch.testing.assert_close(y[1, 2:], short[1, 1].expand(4, -1))
    for a, b in zip(last, ends, strict=True):
        torch.testing.assert_close(a[1], b[1])
    y, *_ = function(*inputs, **fixed, mask=mask, reverse=True)
    torch.testing.assert_close(y[1, 2:], inputs[1][1].expand(4, -1))


@pytest.mark.parametrize("name", CELLS)
def test_without_gradients_the_outputs_are_the_same(name):
    inputs = operands(name, (9, 5, 4, 6), torch.float32)
    function, _, fixed = CELLS[name]
    with torch.no_grad():
        quick = function(*inputs, **fixed)
    for a, b in zip(quick, function(*inputs, **fixed), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("name", CELLS)
def test_threads_change_rounding_at_most(name):
    inputs = operands(name, (24, 32, 64, 128), torch.float32)  # enough for three threads
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(results(name, inputs, backend="fused"))
    finally:
        torch.set_num_threads(before)
    assert_equal(*found, torch.float32)


@pytest.mark.parametrize("name", CELLS)
def test_operands_need_not_be_contiguous(name):
    inputs = operands(name, (4, 5, 6, 6), torch.float64)
    apart = [t.detach().mT.contiguous().mT if t.dim() > 1 else t for t in inputs]
    apart = [t.detach().requires_grad_() for t in apart]
    assert_equal(results(name, apart), results(name, inputs), torch.float64)


@pytest.mark.parametrize("name", CELLS)
def test_only_what_is_asked_for_is_differentiated(name):
    function, _, fixed = CELLS[name]
    x, *others = operands(name, (2, 3, 4, 5), torch.float64)
    _, *last = function(x.detach(), *others, **fixed, backend="fused")
    gradients = torch.autograd.grad(last[-1].sum(), others)
    _, *last = function(x.detach(), *others, **fixed, backend="reference")
    for a, b in zip(gradients, torch.autograd.grad(last[-1].sum(), others), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", CELLS)
def test_a_run_that_diverged_shows(name):
    inputs = operands(name, (2, 3, 4, 5), torch.float32)
    inputs[0].data[1, 1] = torch.nan
    (y, *_), _ = results(name, inputs, backend="fused")
    assert torch.isfinite(y[0]).all()
    assert y[1, 1:].isnan().all()


def test_a_gru_whose_update_gate_is_shut_has_no_wild_gradients():
    inputs = operands("gru", (4, 30, 5, 16), torch.float32)
    inputs[4].data[16:32] += 40  # z rounds to 1
    _, gradients = results("gru", inputs, backend="fused")
    _, expected = results("gru", inputs, backend="reference")
    for a, b in zip(gradients, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-12)


def test_resetting_before_the_product_is_another_function():
    inputs = operands("gru", (2, 3, 4, 5), torch.float64)
    after = gru_reference(*inputs)[0]
    before = gru_reference(*inputs, reset_after=False)[0]
    assert (after - before).abs().max() > 1e-3
    one = [t.detach() for t in inputs]
    w_gates, w_n = one[3][:10], one[3][10:]
    h, x = one[1], one[0][:, 0] @ one[2].T + one[4]
    r, z = (x[:, :10] + h @ w_gates.T + one[5][:10]).sigmoid().chunk(2, dim=1)
    n = torch.tanh(x[:, 10:] + (r * h) @ w_n.T + one[5][10:])
    torch.testing.assert_close(before[:, 0], (1 - z) * n + z * h)


def test_wrong_operands_are_named():
    x, h, *weights = operands("gru", (2, 3, 4, 5), torch.float32)
    with pytest.raises(UserError) as caught:
        gru(x, h[:1], *weights)
    assert caught.value.message == "gru: h0 has the shape (1, 5), expected (2, 5)"
    with pytest.raises(UserError, match="gru: h0 is float64, expected float32 like the input"):
        gru(x, h.double(), *weights)
    with pytest.raises(UserError, match=r"gru: w_ih has the shape \(5, 4\), expected \(15, 4\)"):
        gru(x, h, weights[0][:5], *weights[1:])
    with pytest.raises(UserError, match="with at least one position"):
        gru(x[:, :0], h, *weights)
    with pytest.raises(UserError, match="gru: mask is float32 of the shape"):
        gru(x, h, *weights, mask=torch.ones(2, 3))
    with pytest.raises(UserError, match='unknown activation "gelu"'):
        rnn(x, h, *weights, activation="gelu")
