"""Dropout without masks: its twin's entries, its share, its way back, and what must not be lost."""

import pytest
import torch

from seqlab import kernels
from seqlab.kernels.dropout import MOST_ENTRIES_IN_TORCH, dropout, dropout_reference
from seqlab.mixers.multihead import attend
from seqlab.model.noise import Dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_kernel_and_its_twin_drop_the_same(dtype, threads):
    x = torch.randn(3, 700, 400).to(dtype)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        torch.manual_seed(5)
        y = dropout(x, 0.3, backend="fused")
    finally:
        torch.set_num_threads(before)
    torch.manual_seed(5)
    seed = int(torch.randint(2**62, ()))
    twin = dropout_reference(x, 0.3, seed)
    assert torch.equal(y == 0, twin == 0)
    torch.testing.assert_close(y, twin)


def test_the_share_is_the_rate_and_places_are_independent():
    dropped = (dropout(torch.ones(10**6), 0.1, backend="fused") == 0).float()
    assert abs(dropped.mean() - 0.1) < 4 * (0.09 / 10**6) ** 0.5
    centred = dropped - dropped.mean()
    for distance in (1, 2, 64, 128):
        product = (centred[distance:] * centred[:-distance]).mean() / 0.09
        assert abs(product) < 4 / 10**3


def test_the_way_back_drops_the_same_and_stores_no_mask():
    x = torch.randn(200, 400, requires_grad=True)
    held = []
    with torch.autograd.graph.saved_tensors_hooks(held.append, lambda t: t):
        y = dropout(x, 0.4)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(gradient == 0, y == 0)
    torch.testing.assert_close(gradient[y != 0], torch.full_like(gradient[y != 0], 1 / 0.6))
    assert held == []


def test_seeds_decide_and_follow_each_other():
    x = torch.ones(400, 400)
    torch.manual_seed(1)
    first, second = dropout(x, 0.5), dropout(x, 0.5)
    torch.manual_seed(1)
    assert torch.equal(dropout(x, 0.5), first)
    assert not torch.equal(first, second)


def test_what_is_no_number_stays_none():
    x = torch.full((200, 400), float("nan"))
    assert dropout(x, 0.5).isnan().all()


def test_layers_and_attention_weights_use_it_where_it_pays(monkeypatch):
    used = []
    monkeypatch.setattr("seqlab.model.noise.dropout", lambda x, rate: used.append(rate) or x)
    layer = Dropout(0.25)
    layer(torch.ones(2))
    layer.eval()(torch.ones(2))
    assert used == [0.25]
    monkeypatch.setattr("seqlab.mixers.multihead.drop", lambda x, rate: used.append(rate) or x)
    q = torch.randn(2, 2, 5, 4)
    out = attend(q, q, q, causal=True, dropout=0.5)
    assert used == [0.25, 0.5]
    torch.testing.assert_close(out, attend(q, q, q, causal=True))


def test_small_tensors_and_other_backends_take_pytorchs(monkeypatch):
    called = []
    monkeypatch.setattr(
        "seqlab.kernels.dropout.F.dropout", lambda x, rate: called.append(len(x)) or x
    )
    dropout(torch.ones(MOST_ENTRIES_IN_TORCH), 0.5)
    dropout(torch.ones(MOST_ENTRIES_IN_TORCH + 1), 0.5)
    with kernels.preferring("torch"):
        dropout(torch.ones(MOST_ENTRIES_IN_TORCH + 2), 0.5)
    assert called == [MOST_ENTRIES_IN_TORCH, MOST_ENTRIES_IN_TORCH + 2]
