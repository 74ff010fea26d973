"""One step of the vanilla recurrent network (Elman, 1990)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def rnn_step(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b: Array, phi: Callable[[Array], Array] = np.tanh
) -> Array:
    """h' = φ(W_ih x + W_hh h + b).

    x (B, D) is the input at one position, h (B, H) the state before it; w_ih (H, D), w_hh (H, H)
    and b (H) are the same at every position. Returns the state after it, (B, H).
    """
    return phi(x @ w_ih.T + h @ w_hh.T + b)
