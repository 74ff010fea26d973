"""The minimal LSTM: forget and input gates that read only the input and add up to one.

    f_t = σ(W_f x_t)                        forget gate
    i_t = σ(W_i x_t)                        input gate
    h̃_t = g(W_h x_t)                        candidate; g(x) = x + ½ for x ≥ 0, else σ(x)
    h_t = f_t / (f_t + i_t) ⊙ h_{t−1} + i_t / (f_t + i_t) ⊙ h̃_t

Vectors are (D), each matrix (D, D); the output is h_t, which g keeps positive.

Feng et al. (2024), Were RNNs all we needed?, arXiv:2410.01201. Departures: the scan runs on h
itself, not on its logarithm, which a weighted mean does not need; the paper's convolution is a
setting, off by default.
"""

from __future__ import annotations

from torch import Tensor, nn

from seqlab.kernels.minimal import minlstm, minlstm_gates
from seqlab.mixers.scan import ScanMixer
from seqlab.registry import registered

CARD = {
    "groups": ["recurrent", "modern"],
    "streams": True,
    "complexity": "O(T·D²)",
    "state": "D numbers",
    "paper": "Feng et al., 2024",
    "recipes": {
        "minlstm": {
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
class MinLSTM(ScanMixer):
    """x (B, T, D) → h (B, T, D)."""

    kernel = "minimal"

    def __init__(self, width: int, *, convolution: int = 0, backend: str = "auto") -> None:
        super().__init__(width, convolution, backend)
        self.w_candidate_and_gates = nn.Linear(width, 3 * width, bias=False)

    def gates(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """a = f / (f + i) and b = i / (f + i) ⊙ h̃."""
        return minlstm_gates(self.w_candidate_and_gates(x))

    def scan(self, x: Tensor, h: Tensor) -> Tensor:
        """Gates and scan in one kernel."""
        return minlstm(self.w_candidate_and_gates(x).to(h.dtype), h, backend=self.chosen_backend)
