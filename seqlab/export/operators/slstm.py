"""The scalar-memory LSTM inside Scan; the heads' matrices go round as states."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnxscript import ir
from onnxscript import opset20 as op

from seqlab.export.operators.recurrent import nothing
from seqlab.export.operators.scan import scan

_TRUE = ir.tensor(np.array([True]))

# W (heads, d, 4·d) reads each head's part of h. At a padded position, where real is 0, all stays.
STEP = """
step (float[B,H] c, float[B,H] n, float[B,H] h, float[B,H] m, float[G,d,e] W,
      float[B,4,H] gates, bool[B,1] real)
    => (float[B,H] c_next, float[B,H] n_next, float[B,H] h_next, float[B,H] m_next,
        float[G,d,e] same, float[B,H] y) {
    by_head = Constant <value_ints = [0, HEADS, 1, -1]> ()
    apart = Constant <value_ints = [0, HEADS, 4, -1]> ()
    together = Constant <value_ints = [0, 4, -1]> ()
    axis = Constant <value_ints = [1]> ()
    heads = Reshape(h, by_head)
    product = MatMul(heads, W)
    split = Reshape(product, apart)
    turned = Transpose <perm = [0, 2, 1, 3]> (split)
    mixed = Reshape(turned, together)
    sums = Add(gates, mixed)
    i1, f1, z1, o1 = Split <axis = 1, num_outputs = 4> (sums)
    i = Squeeze(i1, axis)
    f = Squeeze(f1, axis)
    z = Squeeze(z1, axis)
    o = Squeeze(o1, axis)
    f_minus = Neg(f)
    f_soft = Softplus(f_minus)
    stay = Sub(m, f_soft)
    m_new = Max(stay, i)
    stay_less = Sub(stay, m_new)
    forget = Exp(stay_less)
    i_less = Sub(i, m_new)
    admit = Exp(i_less)
    z_new = Tanh(z)
    c_kept = Mul(forget, c)
    c_added = Mul(admit, z_new)
    c_new = Add(c_kept, c_added)
    n_kept = Mul(forget, n)
    n_new = Add(n_kept, admit)
    ratio = Div(c_new, n_new)
    o_open = Sigmoid(o)
    h_new = Mul(o_open, ratio)
    c_next = Where(real, c_new, c)
    n_next = Where(real, n_new, n)
    h_next = Where(real, h_new, h)
    m_next = Where(real, m_new, m)
    same = Identity(W)
    y = Identity(h_next)
}
"""


def translate(
    gates: Any,
    c0: Any,
    n0: Any,
    h0: Any,
    m0: Any,
    w_hh: Any,
    mask: Any | None,
    reverse: bool,
    save: bool,
) -> tuple[Any, Any, Any, Any, Any, Any]:
    """As `seqlab.kernels.slstm`: every h (B, T, H), and the last c, n, h and m."""
    heads = w_hh.shape[1]
    # (4, heads, out, in) → (heads, in, 4·out)
    weight = op.Reshape(op.Transpose(w_hh, perm=[1, 3, 0, 2]), [heads, w_hh.shape[3], -1])
    body = STEP.replace("HEADS", str(heads))
    c, n, h, m, _, y = scan(body, [c0, n0, h0, m0, weight], [gates, _real(gates, mask)], 1, reverse)
    return y, c, n, h, m, nothing()


def _real(gates: Any, mask: Any | None) -> Any:
    """Which positions are real, (B, T, 1)."""
    if mask is not None:
        return op.Unsqueeze(mask, [2])
    shape = op.Concat(op.Shape(gates, start=0, end=2), op.Constant(value_ints=[1]), axis=0)
    return op.ConstantOfShape(shape, value=_TRUE)
