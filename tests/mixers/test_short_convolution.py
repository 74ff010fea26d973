"""The short convolution against PyTorch's grouped one, and in any split."""

import pytest
import torch
from torch.nn import functional as F

from seqlab.mixers.short_convolution import ShortConvolution


@pytest.mark.parametrize("kernel", [1, 2, 4])
@pytest.mark.parametrize("sizes", [[9], [1] * 9, [2, 7]], ids=str)
def test_is_a_causal_grouped_convolution(kernel, sizes):
    torch.manual_seed(0)
    convolution = ShortConvolution(6, kernel).double()
    torch.nn.init.normal_(convolution.bias)
    x = torch.randn(2, 9, 6).double()
    state, outputs = convolution.initial_state(2), []
    for part in x.split(sizes, dim=1):
        y, state = convolution(part, state)
        outputs.append(y)
    weight = convolution.weight.T[:, None]  # (D, 1, K)
    theirs = F.conv1d(F.pad(x.mT, (kernel - 1, 0)), weight, convolution.bias, groups=6).mT
    torch.testing.assert_close(torch.cat(outputs, dim=1), F.silu(theirs))
    assert torch.equal(state, x[:, 9 - (kernel - 1) :])
