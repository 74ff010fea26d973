"""Series of numbers to standard values without gaps, averaged and in patches as in training."""

from __future__ import annotations

from seqlab.data.examples import Examples
from seqlab.export.usage.arrays import arrays_reading
from seqlab.export.usage.usage import Usage, reading
from seqlab.tasks.inputs.scaling import Scaling
from seqlab.tasks.inputs.series import Series

STANDARD = """\
def standard(x):  # one series, (steps, channels); NaN where a value is missing
    x = np.asarray(x, float).reshape(len(x), -1)
    gaps, steps = np.isnan(x), np.arange(len(x))
{scale}
{fill}
    return np.concatenate([x, gaps[:, know["marked"]]], axis=1).astype(np.float32)
"""
TRAINING = '    x = (x - know["mean"]) / know["std"]'
EACH = """\
    spread = np.nanstd(x, axis=0)
    x = (x - np.nanmean(x, axis=0)) / np.where(spread > 1e-8, spread, 1)"""
INTERPOLATE = """\
    for c, gap in enumerate(gaps.T):
        if gap.any():
            x[:, c] = 0 if gap.all() else np.interp(steps, steps[~gap], x[~gap, c])"""
MASK = "    x = np.where(gaps, 0, x)"
AVERAGE = """\
    width = know["average"]  # steps that are read as one, by their mean and deviation
    short = -x.shape[1] % width
    blocks = np.pad(x, ((0, 0), (0, short), (0, 0))).reshape(len(x), -1, width, x.shape[2])
    x = np.concatenate([blocks.mean(axis=2), blocks.std(axis=2)], axis=2)
    steps = -(-steps // width)"""
PATCH = """\
    apart, window = know["patch"], know["window"]  # a position reads what is around its steps
    count, before = -(-x.shape[1] // apart), (window - apart) // 2
    whole = np.zeros((len(x), (count - 1) * apart + window, x.shape[2]), np.float32)
    fits = min(x.shape[1], whole.shape[1] - before)
    whole[:, before : before + fits] = x[:, :fits]
    x = whole[:, np.arange(count)[:, None] * apart + np.arange(window)].reshape(len(x), count, -1)
    steps = -(-steps // apart)"""
READ = """\
def read(series):
    rows = [standard(x) for x in series]
    x, steps = padded(rows), np.array([len(row) for row in rows])
{shape}
    return {result}
"""
BATCHED = """\
def padded(rows):
    x = np.zeros((len(rows), max(map(len, rows)), rows[0].shape[1]), np.float32)
    for line, row in zip(x, rows):
        line[: len(row)] = row
    return x
"""


@reading.register
def series_reading(part: Series, examples: Examples) -> Usage:
    """Arrays (steps, channels) of unequal length, or of one."""
    if part.cutting is not None:
        return arrays_reading(part, examples)
    scaling = part.scaling
    standard = STANDARD.format(
        scale=EACH if scaling.scale == "each" else TRAINING,
        fill=INTERPOLATE if scaling.missing == "interpolate" else MASK,
    )
    shape = "\n".join([*[AVERAGE] * (scaling.average > 1), *[PATCH] * (scaling.patch > 1)])
    mask = ', "mask": np.arange(x.shape[1]) < steps[:, None]' if not part.steps else ""
    read = READ.format(shape=shape, result=f'{{"inputs": x.astype(np.float32){mask}}}')
    code = "\n".join([standard, BATCHED, read.replace("\n\n    return", "\n    return")])
    steps = part.steps or part.longest
    example = f"[np.random.default_rng(0).normal(size=({steps}, {len(scaling.mean)}))]"
    return Usage(_facts(scaling, part), code.rstrip(), example=example)


def _facts(scaling: Scaling, part: Series) -> dict[str, object]:
    return {
        "kind": "series",
        "channels": list(part.channels),
        "mean": list(scaling.mean),
        "std": list(scaling.std),
        "marked": list(scaling.marked),
        "average": scaling.average,
        "patch": scaling.patch,
        "window": scaling.window,
    }
