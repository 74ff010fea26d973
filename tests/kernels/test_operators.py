"""Each kernel as an operator of torch: schemas, shapes without numbers, export, autocast."""

import importlib

import pytest
import torch
from torch.export import Dim

from seqlab import kernels
from seqlab.kernels.gru import gru
from seqlab.kernels.linear_scan import linear_scan
from seqlab.kernels.lstm import lstm
from seqlab.kernels.rnn import rnn
from seqlab.kernels.selective_scan import selective_scan
from seqlab.kernels.slstm import SLSTMState, slstm


def numbers(*shape, dtype=torch.float64):
    return torch.rand(shape, dtype=dtype).requires_grad_()


def cell(gates, states=1):
    B, T, D, H = 3, 4, 5, 6
    states = [numbers(B, H) for _ in range(states)]
    weights = [numbers(gates * H, D), numbers(gates * H, H), numbers(gates * H), numbers(gates * H)]
    return [numbers(B, T, D), *states, *weights]


def slstm_operands():
    return [numbers(3, 4, 4, 6), *(numbers(3, 6) for _ in range(4)), numbers(4, 2, 3, 3)]


def selective_operands():
    x, B = numbers(2, 4, 3), numbers(2, 4, 5)
    return [x, numbers(2, 4, 3), numbers(3, 5), B, numbers(2, 4, 5), numbers(2, 3, 5)]


MASK = torch.arange(4) < torch.tensor([[4], [2], [1]])
OPERATORS = {
    "rnn": lambda: (*cell(1), MASK, True, "elu"),
    "gru": lambda: (*cell(3), MASK, False, True),
    "lstm": lambda: (*cell(4, states=2), MASK, True, True),
    "slstm": lambda: (*slstm_operands(), MASK, True, True),
    "linear_scan": lambda: (numbers(2, 4, 3), numbers(2, 4, 3), numbers(2, 3), True),
    "selective_scan": lambda: (*selective_operands(), True),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_is_a_proper_operator(name):
    importlib.import_module(f"seqlab.kernels.{name}")
    operator = getattr(torch.ops.seqlab, name).default
    torch.library.opcheck(operator, OPERATORS[name]())


CALLS = {
    "rnn": lambda: rnn(*cell(1)),
    "gru": lambda: gru(*cell(3)),
    "lstm": lambda: lstm(*cell(4, states=2)),
    "slstm": lambda: slstm(
        numbers(3, 4, 4, 6), SLSTMState(*slstm_operands()[1:5]), numbers(4, 2, 3, 3)
    ),
    "linear_scan": lambda: (linear_scan(numbers(2, 4, 3), numbers(2, 4, 3), numbers(2, 3)),),
    "selective_scan": lambda: selective_scan(*selective_operands()),
}


@pytest.mark.parametrize("name", CALLS)
def test_shapes_are_known_without_numbers(name):
    with torch.device("meta"):
        abstract = CALLS[name]()[0]
    concrete = CALLS[name]()[0]
    assert abstract.is_meta
    assert (abstract.shape, abstract.stride()) == (concrete.shape, concrete.stride())


class Model(torch.nn.Module):
    """A GRU and a scan of its states."""

    def __init__(self):
        super().__init__()
        self.weights = torch.nn.ParameterList(t.detach().float() for t in cell(3)[2:])

    def forward(self, x, mask):
        y, h = gru(x, x.new_zeros(x.shape[0], 6), *self.weights, mask=mask)
        return linear_scan(torch.sigmoid(y), y, h, reverse=True)


@pytest.mark.parametrize("strict", [False, True])
def test_exports_with_free_sizes(strict):
    model = Model()
    x, mask = torch.randn(3, 4, 5), MASK
    free = {0: Dim("sequences", min=1, max=64), 1: Dim("positions", min=1, max=512)}
    program = torch.export.export(model, (x, mask), dynamic_shapes=(free, free), strict=strict)
    targets = [str(node.target) for node in program.graph.nodes]
    assert "seqlab.gru.default" in targets
    assert "seqlab.linear_scan.default" in targets
    x, mask = torch.randn(7, 9, 5), torch.arange(9).expand(7, 9) < 6
    torch.testing.assert_close(program.module()(x, mask), model(x, mask))


def test_compiles_without_a_break():
    model = Model()
    x = torch.randn(3, 4, 5, requires_grad=True)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    ours, plain = compiled(x, MASK), model(x, MASK)
    torch.testing.assert_close(ours, plain)
    gradients = [torch.autograd.grad(y.square().sum(), x)[0] for y in (ours, plain)]
    torch.testing.assert_close(*gradients)


def test_autocast_leaves_recurrences_in_float32():
    model, layer = Model(), torch.nn.Linear(5, 5)
    x = torch.randn(3, 4, 5)
    with torch.autocast("cpu", torch.bfloat16):
        short = layer(x)
        y = model(short, MASK)
    assert short.dtype == torch.bfloat16
    assert y.dtype == torch.float32
    y.sum().backward()
    assert torch.isfinite(layer.weight.grad).all()
    torch.testing.assert_close(y, model(short.float(), MASK))


def test_warming_up_tells_what_it_did():
    done = dict(kernels.warm_up(["gru", "rnn_elu", "linear_scan"]))
    assert list(done) == ["gru", "rnn_elu", "linear_scan"]
    assert all(seconds >= 0 for seconds in done.values())
    with pytest.raises(kernels.backend.UserError, match='unknown kernel "gated"'):
        list(kernels.warm_up(["gated"]))
