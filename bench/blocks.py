"""A Transformer block beside torch.nn.TransformerEncoderLayer: python -m bench.blocks.

A training step is forward and backward, the gradient of the inputs included, without dropout, at
(64, 256, width) with 4 heads. Both compute the same: pre-norm, GELU, an MLP four times as wide.
Next to them stand the matrix products alone, of the linear maps and of the attention: what is left
of the peer's time if all else took none.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.kernel_steps import Step
from bench.timing import interleaved
from seqlab.batch import Context
from seqlab.model.block import Block
from seqlab.specs import ModelSpec

B, T, HEADS = 64, 256, 4
TARGETS = {64: 1.0, 128: 1.3, 256: 1.5}
BFLOAT16 = {256: 3.0}  # against float32
SPEC = {"mixer": "attention", "mlp": 4.0, "norm": "pre", "residual": True, "dropout": 0.0}


def _step(block: nn.Module, dtype: torch.dtype, *more: Context) -> Step:
    x = torch.randn(B, T, _width(block), dtype=dtype, requires_grad=True)
    gradient = torch.ones_like(x)
    block = block.to(dtype)
    return lambda: torch.autograd.backward(block(x, *more), gradient)


def _width(block: nn.Module) -> int:
    return next(m.normalized_shape[0] for m in block.modules() if isinstance(m, nn.LayerNorm))


def _products(width: int, dtype: torch.dtype) -> Step:
    """Every product of a training step: three for each weight, six for the attention."""
    maps = [(3 * width, width), (width, width), (4 * width, width), (width, 4 * width)]
    weights = [torch.randn(shape, dtype=dtype) for shape in maps]
    inputs = {n: torch.randn(B * T, n, dtype=dtype) for shape in maps for n in shape}
    heads = torch.randn(B * HEADS, T, width // HEADS, dtype=dtype)
    scores = torch.randn(B * HEADS, T, T, dtype=dtype)

    def run() -> Tensor:
        for weight in weights:
            outward, inward = inputs[weight.shape[0]], inputs[weight.shape[1]]
            torch.mm(inward, weight.t())
            torch.mm(outward, weight)
            torch.mm(outward.t(), inward)
        for _ in range(2):
            torch.bmm(heads, heads.mT)
            torch.bmm(scores, heads)
            torch.bmm(scores.mT, heads)
        return scores

    return run


def row(width: int, dtype: torch.dtype, threads: int) -> str:
    """Ours, the peer and the products in a dtype, and the peer in float32."""
    torch.set_num_threads(threads)
    spec = ModelSpec.read({**SPEC, "width": width})

    def peer() -> nn.Module:
        return nn.TransformerEncoderLayer(
            width, HEADS, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )

    contestants = {
        "ours": _step(Block(spec, causal=False), dtype, Context()),
        "peer": _step(peer(), dtype),
        "float32": _step(peer(), torch.float32),
        "products": _products(width, dtype),
    }
    times = interleaved(contestants, seconds=6.0)
    name = str(dtype).removeprefix("torch.")
    cells = [f"{name}, width {width}", str(threads)]
    cells += [f"{times.median(n) * 1e3:.0f}" for n in ("ours", "peer", "products")]
    ratio, over_float32 = times.ratio("peer", "ours"), times.ratio("float32", "ours")
    cells += [f"{ratio:.2f}", f"{over_float32:.2f}", f"{times.ratio('float32', 'products'):.2f}"]
    target = BFLOAT16.get(width) if dtype == torch.bfloat16 else TARGETS[width]
    met = "yes" if target is None or over_float32 >= target else "no"
    cells += ["–" if target is None else f"{target} × float32", met if target else "–"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table as Markdown."""
    print(
        "| training step | threads | ours, ms | peer, ms | products, ms | × peer "
        "| × peer in float32 | limit of that, by the products | target | met |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|---|---|"
    )
    for width in TARGETS:
        for dtype in (torch.float32, torch.bfloat16):
            for threads in (1, 2):
                print(row(width, dtype, threads), flush=True)


if __name__ == "__main__":
    main()
