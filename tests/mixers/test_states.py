"""One walker over nested states: it changes tensors and keeps everything else as it is."""

from collections import namedtuple

import torch

from seqlab.mixers.states import detached, map_tensors, tensors_of

Pair = namedtuple("Pair", ["first", "second"])


def test_every_nesting_keeps_its_type_and_its_order():
    one, two, three = (torch.full((2,), float(n)) for n in (1, 2, 3))
    state = Pair((one, 7), {"a": [two, None], "b": Pair("x", three)})
    doubled = map_tensors(state, lambda tensor: tensor * 2)
    assert type(doubled) is Pair
    assert type(doubled.second["b"]) is Pair
    assert doubled.first[1] == 7
    assert doubled.second["a"][1] is None
    assert doubled.second["b"].first == "x"
    assert [float(t[0]) for t in tensors_of(doubled)] == [2.0, 4.0, 6.0]
    assert [float(t[0]) for t in tensors_of(state)] == [1.0, 2.0, 3.0], "the first was changed"


def test_no_gradient_flows_through_what_is_detached():
    weight = torch.ones(2, requires_grad=True)
    state = detached((weight * 2, [weight * 3]))
    assert not any(tensor.requires_grad for tensor in tensors_of(state))
