"""The LSTM with a matrix for memory and exponential gates, which does not feed back its output.

    (q_t, k_t) = W_qk SiLU(conv(x)_t),  v_t = W_v x_t      heads of width d = D/H; k_t ← k_t / √d
    i_t = w_i · x_t + b_i,  f_t = log σ(w_f · x_t + b_f)   logs of the gates of each head
    m_t = max(f_t + m_{t−1}, i_t)                          keeps the exponentials below 1
    C_t = e^{f_t + m_{t−1} − m_t} C_{t−1} + e^{i_t − m_t} k_t v_tᵀ    C (d, d)
    n_t = e^{f_t + m_{t−1} − m_t} n_{t−1} + e^{i_t − m_t} k_t         n (d)
    h_t = C_tᵀ q_t / (max(|n_t · q_t|, e^{−m_t}) + ε)
    y_t = W_out [σ(W_o x_t + b_o) ⊙ RMSNorm(h_t)]

In parallel runs in chunks, with the same m.

Beck et al. (2024), xLSTM, arXiv:2405.04517. Departures: the gates read x instead of q, k and v, and
the block has no projection to twice the width, as in the authors' later xLSTM 7B.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab.mixers.base import State, check_heads, check_state
from seqlab.mixers.chunks import CHUNK_POSITIONS, ChunkedMixer, carried, divided, in_heads, joined
from seqlab.mixers.scan import OptionalConvolution, check_precision, scan_zeros
from seqlab.registry import registered

CARD = {
    "groups": ["modern"],
    "streams": True,
    "complexity": "O(T·D²)",
    "state": "D²/H + D + H numbers",
    "paper": "Beck et al., 2024",
    "recipes": {
        "mlstm": {
            "depth": 2,
            "residual": True,
            "norm": "pre",
            "norm_kind": "rms",
            "mlp": 2.0,
            "pooling": "mean",
        }
    },
    "space": {"settings.heads": [2, 4, 8], "settings.convolution": [2, 4, 8]},
    "cases": [{"convolution": 0, "heads": 2}],
}

EPSILON = 1e-6


class MLSTMState(NamedTuple):
    """C (B, H, d, d), n (B, H, d), m (B, H) and the convolution's last inputs (B, K − 1, D).

    The true memory is C·e^m and n·e^m.
    """

    C: Tensor
    n: Tensor
    m: Tensor
    recent: Tensor


@registered
class MLSTM(ChunkedMixer):
    """x (B, T, D) → y (B, T, D)."""

    def __init__(
        self, width: int, *, heads: int = 4, convolution: int = 4, backend: str = "auto"
    ) -> None:
        super().__init__(width, backend)
        check_heads(MLSTM, width, heads)
        self.heads = heads
        self.convolution = OptionalConvolution(MLSTM, width, convolution)
        self.w_qk = nn.Linear(width, 2 * width, bias=False)
        self.w_v = nn.Linear(width, width, bias=False)
        self.w_gates = nn.Linear(width, 2 * heads)
        self.norm = nn.RMSNorm(width // heads, eps=1e-6)
        self.w_o = nn.Linear(width, width)
        self.w_out = nn.Linear(width, width, bias=False)
        with torch.no_grad():  # the gates begin open to the past, each head for another length
            self.w_gates.weight.zero_()
            self.w_gates.bias[:heads].normal_(0.0, 0.1)
            self.w_gates.bias[heads:] = torch.linspace(3.0, 6.0, heads)

    def initial_state(self, batch: int) -> MLSTMState:
        """An empty memory and no inputs."""
        d = self.width // self.heads
        return MLSTMState(
            scan_zeros(self, batch, self.heads, d, d),
            scan_zeros(self, batch, self.heads, d),
            scan_zeros(self, batch, self.heads),
            self.convolution.no_inputs(batch),
        )

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, MLSTMState]:
        """One position: the recurrence as written above."""
        check_state(self, state, MLSTMState, x_t.shape[0])
        C, n, m, recent = state
        inputs, recent = self._inputs(x_t[:, None], recent)
        q, k, v, i, f = (part[:, 0].to(C.dtype) for part in inputs)
        new_m = torch.maximum(f + m, i).detach()  # it cancels in h
        keep, admit = torch.exp(f + m - new_m).unsqueeze(-1), torch.exp(i - new_m).unsqueeze(-1)
        C = keep.unsqueeze(-1) * C + (admit * k).unsqueeze(-1) * v.unsqueeze(-2)
        n = keep * n + admit * k
        numerator = (q.unsqueeze(-2) @ C).squeeze(-2)
        h = quotient(numerator, (q * n).sum(dim=-1), new_m)
        return self._output(h, x_t), MLSTMState(C, n, new_m, recent)

    def in_chunks(self, x: Tensor, state: State) -> tuple[Tensor, MLSTMState]:
        """The same, as products of matrices."""
        check_state(self, state, MLSTMState, x.shape[0])
        C, n, m, recent = state
        inputs, recent = self._inputs(x, recent)
        q, k, v, i, f = (part.to(C.dtype) for part in inputs)
        h, (C, n, m) = matrix_memory(q, k, v, i, f, (C, n, m))
        return self._output(h, x), MLSTMState(C, n, m, recent)

    def _inputs(self, x: Tensor, recent: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """q, k and v (B, T, H, d), i and f (B, T, H); the convolution's next inputs."""
        check_precision(self, x)
        mixed, recent = self.convolution(x, recent)
        q, k = in_heads(self.w_qk(mixed), 2 * self.heads).chunk(2, dim=2)
        v = in_heads(self.w_v(x), self.heads)
        i, f = self.w_gates(x).chunk(2, dim=-1)
        return (q, k * k.shape[-1] ** -0.5, v, i, F.logsigmoid(f)), recent

    def _output(self, h: Tensor, x: Tensor) -> Tensor:
        return self.w_out(torch.sigmoid(self.w_o(x)) * self.norm(h.to(x.dtype)).flatten(-2))


def matrix_memory(
    q: Tensor, k: Tensor, v: Tensor, i: Tensor, f: Tensor, memory: tuple[Tensor, Tensor, Tensor]
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """Every h_t (B, T, H, d) and the last (C, n, m); i and f (B, T, H) as in the equations."""
    T, (C, n, m) = q.shape[1], memory
    if T % min(CHUNK_POSITIONS, T):
        # A chunk is filled with positions that admit nothing and forget nothing.
        i = F.pad(i, (0, 0, 0, -T % CHUNK_POSITIONS), value=-torch.inf)
    q, k, v, i, f = (
        divided(part, min(CHUNK_POSITIONS, T)).transpose(2, 3) for part in (q, k, v, i, f)
    )
    total = f.cumsum(dim=-1)  # (B, C, H, L)
    gain = i - total
    m_starts, ms, m = _stabilisers(gain.detach(), total.detach(), m)
    level = total - ms
    # A position s weighs e^{gain_s + level_t} at t, and the chunk's start e^{m + level_t}.
    later = torch.ones(q.shape[-2], q.shape[-2], dtype=torch.bool, device=q.device).triu(1)
    weights = (gain.unsqueeze(-2) + level.unsqueeze(-1)).masked_fill(later, -torch.inf).exp()
    admitted = k * (gain + level[..., -1:]).exp().unsqueeze(-1)
    since_start = (m_starts.unsqueeze(-1) + level).exp().unsqueeze(-1)  # (B, C, H, L, 1)
    v = torch.cat((v, torch.ones_like(v[..., :1])), dim=-1)  # the last column of C then is n
    start = torch.cat((C, n.unsqueeze(-1)), dim=-1)
    starts, last = carried(admitted.mT @ v, since_start[..., -1:, :], start)
    read = ((q @ k.mT) * weights) @ v + (since_start * q) @ starts
    h = quotient(read[..., :-1], read[..., -1], ms)
    return joined(h.transpose(2, 3), T), (last[..., :-1], last[..., -1], m)


def _stabilisers(gain: Tensor, total: Tensor, m: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """m at each chunk's start (B, C, H), at each position (B, C, H, L), and after the last (B, H).

    m_t − total_t is the running maximum of the gains and of m at the chunk's start.
    """
    peaks = gain.cummax(dim=-1).values
    starts = []
    for c in range(gain.shape[1]):
        starts.append(m)
        m = total[:, c, :, -1] + torch.maximum(m, peaks[:, c, :, -1])
    m_starts = torch.stack(starts, dim=1)
    return m_starts, total + torch.maximum(peaks, m_starts.unsqueeze(-1)), m


def quotient(numerator: Tensor, denominator: Tensor, m: Tensor) -> Tensor:
    """numerator (…, d) over max(|denominator|, e^{−m}), both (…)."""
    return numerator / (torch.maximum(denominator.abs(), torch.exp(-m)) + EPSILON).unsqueeze(-1)
