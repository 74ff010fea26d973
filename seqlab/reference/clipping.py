"""Two ways to keep a gradient from throwing the parameters far off (Pascanu et al., 2013)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def clip_by_value(gradients: Sequence[Array], limit: float) -> list[Array]:
    """Each component into [−limit, limit]; this may turn the gradient's direction."""
    return [np.clip(gradient, -limit, limit) for gradient in gradients]


def clip_by_norm(gradients: Sequence[Array], limit: float) -> list[Array]:
    """g ← g · min(1, limit / ‖g‖), with ‖g‖ over all arrays together; the direction stays."""
    norm = np.sqrt(sum(float(np.sum(np.square(gradient))) for gradient in gradients))
    scale = limit / max(norm, limit)
    return [gradient * scale for gradient in gradients]
