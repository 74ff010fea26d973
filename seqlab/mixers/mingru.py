"""The minimal GRU: gates that read only the input, so that all positions run at once.

    z_t = σ(W_z x_t)                        how much is new
    h̃_t = g(W_h x_t)                        candidate; g(x) = x + ½ for x ≥ 0, else σ(x)
    h_t = (1 − z_t) ⊙ h_{t−1} + z_t ⊙ h̃_t

Vectors are (D), each matrix (D, D); the output is h_t, which g keeps positive. The gate is the
opposite of the GRU's: z_t = 1 takes the candidate, where torch.nn.GRU's keeps the old state.

Feng et al. (2024), Were RNNs all we needed?, arXiv:2410.01201. Departures: the scan runs on h
itself, not on its logarithm, which a weighted mean does not need; the paper's convolution is a
setting, off by default.
"""

from __future__ import annotations

from torch import Tensor, nn

from seqlab.kernels.minimal import mingru, mingru_gates
from seqlab.mixers.scan import ScanMixer
from seqlab.registry import registered

CARD = {
    "groups": ["recurrent", "modern"],
    "streams": True,
    "complexity": "O(T·D²)",
    "state": "D numbers",
    "paper": "Feng et al., 2024",
    "recipes": {
        "mingru": {
            "depth": 2,
            "residual": True,
            "norm": "pre",
            "mlp": 2.0,
            "pooling": "mean",
            "settings": {"convolution": 4},
        }
    },
    "space": {"settings.convolution": [0, 2, 4], "norm_kind": ["layer", "rms"]},
    "cases": [{"convolution": 4}],
}


@registered
class MinGRU(ScanMixer):
    """x (B, T, D) → h (B, T, D)."""

    kernel = "minimal"

    def __init__(self, width: int, *, convolution: int = 0, backend: str = "auto") -> None:
        super().__init__(width, convolution, backend)
        self.w_candidate_and_z = nn.Linear(width, 2 * width, bias=False)

    def gates(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """a = 1 − z and b = z ⊙ h̃."""
        return mingru_gates(self.w_candidate_and_z(x))

    def scan(self, x: Tensor, h: Tensor) -> Tensor:
        """Gates and scan in one kernel."""
        return mingru(self.w_candidate_and_z(x).to(h.dtype), h, backend=self.chosen_backend)
