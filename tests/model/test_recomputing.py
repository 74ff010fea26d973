"""Blocks computed again on the way back: the same gradients, less kept, attention only once."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from seqlab.batch import Context
from seqlab.model.block import recompute_blocks
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec


class Count(TorchDispatchMode):
    """How often each operator runs."""

    def __init__(self):
        super().__init__()
        self.calls = {}

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        name = function.name().partition("::")[2]
        self.calls[name] = self.calls.get(name, 0) + 1
        return function(*arguments, **(options or {}))

    def of(self, start):
        return sum(count for name, count in self.calls.items() if name.startswith(start))


def model(mixer, recompute):
    torch.manual_seed(0)
    spec = ModelSpec(mixer=mixer, width=32, depth=2, residual=True, norm="pre", mlp=4.0)
    made = SequenceModel(spec, tokens=20)
    made.head = nn.Linear(32, 1)
    if recompute:
        recompute_blocks(made)
    return made


IDS = torch.arange(2 * 300).view(2, 300) % 18 + 2


@pytest.mark.parametrize("mixer", ["attention", "gru", "mamba2"])
def test_gradients_are_the_same_with_dropout_on(mixer):
    found = []
    for recompute in (False, True):
        made = model(mixer, recompute)
        torch.manual_seed(1)
        made(IDS, Context()).sum().backward()
        found.append([p.grad for p in made.parameters()])
    for kept, again in zip(*found, strict=True):
        torch.testing.assert_close(kept, again)


def test_attention_is_kept_and_the_rest_computed_again():
    counts = {}
    for recompute in (False, True):
        with Count() as count:
            model("attention", recompute)(IDS, Context()).sum().backward()
        counts[recompute] = count
    plain, again = counts[False], counts[True]
    attention = "_scaled_dot_product_flash_attention_for_cpu"
    backward = f"{attention}_backward"
    assert plain.of(attention) - plain.of(backward) == 2
    assert again.of(attention) - again.of(backward) == 2, "one a block, and no second time"
    assert (plain.of("gelu"), again.of("gelu")) == (4, 6), "forward, backward, and forward again"
