"""Half-widths that hold for many differences at once, from joint draws of their errors.

A draw first redraws what the estimated variances may truly be – a seed variance s² on f degrees of
freedom as s²·f/χ², the covariance over examples likewise on the number of examples less one – and
then the errors of all means under them. Each difference is measured on the scale of its
own tail probability (Behrens and Fisher's distribution), so that a contestant with few seeds
widens its own intervals and nobody else's; the draws say how small that probability must be for
all intervals to hold together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from seqlab.compare.variation import Variation
from seqlab.metrics.base import Array

DRAWS = 4000
KEPT, AVERAGED = 200, 20  # of the draws, in a table of tails
FEWEST_TAIL_DRAWS = 40  # below, a quantile of the draws is noise: that of 40 is scaled down
# Where tail probabilities are tabulated, in standard errors: finely, then up to Cauchy-like tails.
STEPS = np.concatenate([np.arange(0.0, 6.0, 0.25), np.geomspace(6.0, 1e5, 24)])


@dataclass(frozen=True, eq=False)
class Joint:
    """Contrasts of the means: standard errors, tails of their errors, and joint draws of these."""

    errors: Array  # (q,) standard errors; infinite where a seed variance is unknown
    tails: Array  # (q, steps) log-probability of an error beyond STEPS · standard error
    below: Array  # (draws, q) probability of an error below the drawn one

    @classmethod
    def draw(cls, variation: Variation, contrasts: Array, seed: int) -> Joint:
        """Joint draws for contrasts (q, n) of the means."""
        errors = np.sqrt(variation.variances(contrasts))
        usable = np.isfinite(errors) & (errors > 0)
        scaled = contrasts[usable] / errors[usable, None]
        ratios, spread = _redrawn(variation, scaled, seed)
        tails = np.zeros((len(errors), len(STEPS)))
        tails[usable] = _log_tails(spread)
        below = np.full((DRAWS, len(errors)), 0.5)
        for place, column in enumerate(np.flatnonzero(usable)):
            side = np.exp(np.interp(np.abs(ratios[:, place]), STEPS, tails[column]))
            below[:, column] = np.where(ratios[:, place] < 0, side, 1 - side)
        return cls(errors, tails, below)

    def below_them(self, values: Array) -> Array:
        """The probability of an error below each of these values of the contrasts, (q,)."""
        below = (1 + np.sign(values)) / 2  # where there is no chance
        below[np.isinf(self.errors)] = 0.5  # where nothing is known of it
        for column in np.flatnonzero(np.isfinite(self.errors) & (self.errors > 0)):
            ratio = values[column] / self.errors[column]
            side = np.exp(np.interp(abs(ratio), STEPS, self.tails[column]))
            below[column] = side if ratio < 0 else 1 - side
        return below

    def alone(self, level: float) -> Array:
        """Half-widths (q,) of two-sided intervals that each hold with probability 1 − level."""
        return self.half_widths(level / 2)

    def together(self, level: float) -> Array:
        """Half-widths (q,) of two-sided intervals that all hold with probability 1 − level."""
        return self.half_widths(tail(2 * np.minimum(self.below, 1 - self.below), level) / 2)

    def half_widths(self, tail_probability: float, of: NDArray[np.int64] | None = None) -> Array:
        """Half-widths with a tail probability on one side, of all contrasts or some."""
        chosen = np.arange(len(self.errors)) if of is None else of
        wanted = np.log(tail_probability)
        steps = [np.interp(-wanted, -self.tails[column], STEPS) for column in chosen]
        errors = self.errors[chosen]
        return np.multiply(errors, steps, out=errors.copy(), where=np.isfinite(errors))


def likely_means(variation: Variation, higher_is_better: bool, seed: int) -> Array:
    """Draws (draws, n) of what the true means may be, higher being better; the seen ones where
    one seed says nothing of chance.
    """
    means = variation.means if higher_is_better else -variation.means
    known = np.isfinite(variation.seeds)
    drawn = np.tile(means, (DRAWS, 1))
    if known.any():
        drawn[:, known] += _drawn(variation, seed)[0]
    return drawn


def tail(probabilities: Array, level: float) -> float:
    """The tail probability that, used for each contrast, keeps all together at `level`.

    `probabilities` (draws, q); the smallest of each draw are what the level is about. One column
    may itself be the smallest of several, so that `level` / q need not be enough.
    """
    draws, contrasts = probabilities.shape
    if not contrasts:
        return level
    seen = max(level, min(FEWEST_TAIL_DRAWS / draws, 1.0))
    return float(np.quantile(probabilities.min(axis=1), seen)) * level / seen


def _redrawn(variation: Variation, contrasts: Array, seed: int) -> tuple[Array, Array]:
    """Errors of the contrasts and the standard deviations they were drawn with, (draws, q)."""
    known = np.isfinite(variation.seeds)
    contrasts = contrasts[:, known]
    errors, beyond, examples = _drawn(variation, seed)
    variances = beyond @ (contrasts**2).T
    for factor, part in zip(examples, variation.parts, strict=True):
        covariance = part.covariance[np.ix_(known, known)]
        of_examples = np.einsum("qi,ij,qj->q", contrasts, covariance, contrasts)
        variances += factor * np.maximum(of_examples, 0.0)
    return errors @ contrasts.T, np.sqrt(variances)


@lru_cache(maxsize=4)  # the draws of one comparison serve all that is said of it
def _drawn(variation: Variation, seed: int) -> tuple[Array, Array, list[Array]]:
    """Errors of the means (draws, n), variances from the seeds (draws, n), and by how much each
    part of the variance from examples was drawn larger, (draws, 1) each.

    Only of the n means whose chance is known.
    """
    rng = np.random.default_rng(seed)
    known = np.isfinite(variation.seeds)
    freedom = np.maximum(variation.seed_freedom[known], 1)
    size = (DRAWS, len(freedom))
    seeds = variation.seeds[known] * freedom / rng.chisquare(freedom, size)
    beyond = np.maximum(seeds - variation.residual[known], 0.0)
    errors = rng.standard_normal(size) * np.sqrt(beyond)
    factors = []
    for part in variation.parts:
        factor = part.freedom / rng.chisquare(part.freedom, (DRAWS, 1))
        root = _root(part.covariance[np.ix_(known, known)])
        errors += rng.standard_normal(size) @ root.T * np.sqrt(factor)
        factors.append(factor)
    return errors, beyond, factors


def _log_tails(spread: Array) -> Array:
    """Log-probabilities of normal errors with these deviations (draws, q) beyond STEPS, (q, steps).

    The largest deviations make the far tail and are kept; the others are averaged by the score.
    """
    ordered = np.sort(spread, axis=0)
    strata = ((len(ordered) - KEPT) // AVERAGED, AVERAGED, spread.shape[1])
    usual = ordered[:-KEPT].reshape(strata).mean(axis=1)
    deviations = np.vstack([usual, ordered[-KEPT:]])  # (·, q)
    shares = np.repeat([AVERAGED, 1.0], [len(usual), KEPT]) / len(ordered)
    beyond = np.einsum("d,sdq->qs", shares, ndtr(-STEPS[:, None, None] / deviations))
    return np.asarray(np.log(np.maximum(beyond, 1e-300)))


def _root(covariance: Array) -> Array:
    """R with R Rᵀ = covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
