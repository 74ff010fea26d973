"""Changes to training examples that leave their labels right: arrays in, arrays out, seeded.

token_dropout   tokens become the unknown one (Iyyer et al., 2015)
swap            neighbours change places (Wei & Zou, 2019)
synonyms        words of a list become a synonym of theirs (Zhang et al., 2015)
jitter          normal noise, as a share of each example's own spread
scaling         each channel times a factor around 1
time_warping    time runs faster here and slower there (Um et al., 2017, as the three of before)
window_slicing  a window, stretched to the whole length (Le Guennec et al., 2016)
masking         a stretch of positions is held at the example's mean (Park et al., 2019)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from seqlab.data.tokens import UNKNOWN
from seqlab.specs import Augmentation

Ids = NDArray[np.int64]
Values = NDArray[np.float32]
Mask = NDArray[np.bool_]
Synonyms = dict[int, Ids]  # a token and those that may stand for it

TEXT_AUGMENTATIONS = ("token_dropout", "swap", "synonyms", "rewrite")
SERIES_AUGMENTATIONS = ("jitter", "scaling", "time_warping", "window_slicing", "masking")
WARP_KNOTS = 4  # of the curve by which time is warped


def augment_tokens(
    ids: Ids, mask: Mask, one: Augmentation, rng: np.random.Generator, synonyms: Synonyms
) -> Ids:
    """Ids (B, T) of which `mask` are real; padding stays where it is."""
    if one.kind == "token_dropout":
        return np.where(_chosen(mask, one, rng), UNKNOWN, ids)
    if one.kind == "swap":
        return _swapped(ids, mask, one, rng)
    out = ids.copy()
    for row, column in np.argwhere(_chosen(mask & np.isin(ids, list(synonyms)), one, rng)):
        out[row, column] = rng.choice(synonyms[int(ids[row, column])])
    return out


def _chosen(mask: Mask, one: Augmentation, rng: np.random.Generator) -> Mask:
    """A share of the real positions, of a share of the examples."""
    rows = rng.random(len(mask)) < one.share
    chosen: Mask = mask & rows[:, None] & (rng.random(mask.shape) < one.rate)
    return chosen


def _swapped(ids: Ids, mask: Mask, one: Augmentation, rng: np.random.Generator) -> Ids:
    """Pairs that overlap go from left to right: a token may travel."""
    both = np.zeros_like(mask)
    both[:, :-1] = mask[:, :-1] & mask[:, 1:]
    out = ids.copy()
    for row, column in np.argwhere(_chosen(both, one, rng)):
        out[row, [column, column + 1]] = out[row, [column + 1, column]]
    return out


def augment_values(
    values: Values, mask: Mask, one: Augmentation, rng: np.random.Generator
) -> Values:
    """Values (B, T, channels) of which `mask` (B, T) are real, each example by itself."""
    change = _SERIES[one.kind]
    out = values.copy()
    for row in np.flatnonzero(rng.random(len(values)) < one.share):
        real = int(mask[row].sum())
        if real > 1:
            out[row, :real] = change(values[row, :real], one.rate, rng)
    return out


def _jitter(x: Values, rate: float, rng: np.random.Generator) -> Values:
    noise: Values = rng.standard_normal(x.shape).astype(x.dtype)
    return x + noise * np.asarray(rate * x.std(axis=0), x.dtype)


def _scaling(x: Values, rate: float, rng: np.random.Generator) -> Values:
    return x * rng.normal(1.0, rate, (x.shape[1],)).astype(x.dtype)


def _time_warping(x: Values, rate: float, rng: np.random.Generator) -> Values:
    """Speeds around 1 at a few knots, added up to a time that begins and ends where it did."""
    knots = np.linspace(0, 1, WARP_KNOTS + 2)
    speed = np.interp(
        np.linspace(0, 1, len(x)), knots, np.exp(rate * rng.standard_normal(len(knots)))
    )
    time = np.concatenate(([0.0], np.cumsum((speed[1:] + speed[:-1]) / 2)))
    return _read_at(x, time / time[-1] * (len(x) - 1))


def _window_slicing(x: Values, rate: float, rng: np.random.Generator) -> Values:
    span = (len(x) - 1) * (1 - rate)
    start = rng.uniform(0, len(x) - 1 - span)
    return _read_at(x, start + np.linspace(0, span, len(x)))


def _read_at(x: Values, time: NDArray[np.float64]) -> Values:
    """The series between its positions, straight from one to the next."""
    before = np.clip(np.floor(time).astype(np.int64), 0, len(x) - 1)
    after = np.minimum(before + 1, len(x) - 1)
    part = (time - before)[:, None].astype(x.dtype)
    read: Values = x[before] * (1 - part) + x[after] * part
    return read


def _masking(x: Values, rate: float, rng: np.random.Generator) -> Values:
    length = max(1, round(rate * len(x)))
    start = int(rng.integers(0, len(x) - length + 1))
    out = x.copy()
    out[start : start + length] = x.mean(axis=0)
    return out


_SERIES: dict[str, Callable[[Values, float, np.random.Generator], Values]] = {
    "jitter": _jitter,
    "scaling": _scaling,
    "time_warping": _time_warping,
    "window_slicing": _window_slicing,
    "masking": _masking,
}
