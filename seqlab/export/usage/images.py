"""Images as positions of pixels: 256 levels between the darkest and the lightest of training."""

from __future__ import annotations

from seqlab.data.examples import Examples
from seqlab.export.usage.usage import Usage, reading
from seqlab.tasks.inputs.image import Image

LEVELS = """\
def read(images):  # of the size of training, {shape}
    x = (np.asarray(images, float) - know["low"]) / (know["high"] - know["low"])
    x = (np.round(255 * x.clip(0, 1)).astype(np.float32) / 255 - know["mean"]) / know["std"]
    x = x.reshape(len(x), {height}, {width}, -1).astype(np.float32)
"""
CUTS = {
    "rows": "    return {{'inputs': x.reshape(len(x), {height}, -1)}}",
    "pixels": "    return {{'inputs': x.reshape(len(x), {height} * {width}, -1)}}",
    "patches": """\
    rows, columns = -(-{height} // {patch}), -(-{width} // {patch})
    whole = np.zeros((len(x), rows * {patch}, columns * {patch}, x.shape[3]), np.float32)
    whole[:, :{height}, :{width}] = x
    cut = whole.reshape(len(x), rows, {patch}, columns, {patch}, -1).transpose(0, 1, 3, 2, 4, 5)
    return {{'inputs': cut.reshape(len(x), rows * columns, -1)}}""",
}


@reading.register
def image_reading(part: Image, examples: Examples) -> Usage:
    """Arrays (height, width) or (height, width, colours)."""
    height, width = part.shape[:2]
    numbers = {"height": height, "width": width, "patch": part.options.patch, "shape": part.shape}
    code = (LEVELS + CUTS[part.options.positions]).format(**numbers).replace("'", '"')
    facts = {name: getattr(part, name) for name in ("low", "high", "mean", "std")}
    span = f"{part.low!r}, {part.high!r}, size=(1, {', '.join(map(str, part.shape))})"
    example = f"np.random.default_rng(0).uniform({span})"
    return Usage({"kind": "images", "shape": list(part.shape), **facts}, code, example=example)
