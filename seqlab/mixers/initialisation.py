"""How recurrent layers begin: Xavier inputs, and a recurrent matrix by a named scheme.

xavier      uniform with variance 1/H (Glorot & Bengio, 2010)
he          normal with variance 2/H (He et al., 2015)
orthogonal  a random rotation (Saxe et al., 2014)
identity    the unit matrix (Le, Jaitly & Hinton, 2015)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SCHEMES = ("orthogonal", "xavier", "he", "identity")

# A recurrent matrix is applied again at every step, so a variance that suits one layer is too much
# for many: He's gives a spectral norm of about 2√2, and a ReLU layer overflows even forward. These
# factors bring the norm to about 1, under which no unit that lets values through can explode.
_TO_NORM_ONE = {"orthogonal": 1.0, "xavier": 0.5, "he": 8**-0.5, "identity": 1.0}


def default_gain(scheme: str, activation: str) -> float:
    """The factor on a scheme's recurrent matrix under which long sequences stay finite."""
    return 1.0 if activation == "tanh" else _TO_NORM_ONE[scheme]


@torch.no_grad()
def recurrent_(weight: Tensor, scheme: str, gain: float) -> None:
    """Fill W_hh (gates·H, H), one gate's square after the other."""
    H = weight.shape[1]
    for square in torch.split(weight, H):
        match scheme:
            case "orthogonal":
                nn.init.orthogonal_(square)
            case "xavier":
                nn.init.xavier_uniform_(square)
            case "he":
                nn.init.kaiming_normal_(square, nonlinearity="relu")
            case "identity":
                nn.init.eye_(square)
            case _:
                raise AssertionError(scheme)
        square *= gain


@torch.no_grad()
def inputs_(weight: Tensor) -> None:
    """Fill W_ih (gates·H, D), one gate after the other."""
    H = weight.shape[1]
    for square in torch.split(weight, H):
        nn.init.xavier_uniform_(square)
