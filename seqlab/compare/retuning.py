"""How far a contestant's score would have moved, had its tuning gone differently.

Settings are chosen by the validation scores of trials with one seed each, so that chance chooses
with them: the trial that won may be neither the best nor the one that would win again. The spread
of such choices is estimated from the trials themselves. Their scores are true values and noise;
the noise is what the verdict's seeds show between runs of one setting; what the scores of the
trials that could have won vary beyond it is the spread of true values. Trials are then drawn from
both, chosen by their best score as the study does, and the true value of the choice varies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqlab.compare.contestants import Contestant
from seqlab.compare.variation import Variation
from seqlab.metrics.base import Array, Metric

VALUES, CHOICES = 200, 50  # draws of true values, and of the choice among them
RIVALS = 4.0  # standard errors behind the best trial at which another could hardly have won


def retuned(
    running: Sequence[Contestant], variation: Variation, metric: Metric, seed: int
) -> Variation | None:
    """The variation with the variance of tuning added; None where nobody's trials tell it."""
    rng = np.random.default_rng(seed)
    sign = 1.0 if metric.higher_is_better else -1.0
    estimates = [_tuning_variance(contestant, sign, rng) for contestant in running]
    added = np.array([variance for variance, _ in estimates])
    if np.isnan(added).all():
        return None
    # All families try the same settings: one whose trials happen to lie close together is no surer
    # of its choice than the others are on average.
    added = np.nan_to_num(np.maximum(added, np.nanmean(added)))
    trials = np.array([max(rivals - 1, 1) for _, rivals in estimates])
    seeds = variation.seeds + added
    with np.errstate(invalid="ignore", divide="ignore"):  # Satterthwaite's degrees of freedom
        doubt = variation.seeds**2 / np.maximum(variation.seed_freedom, 1) + added**2 / trials
        freedom = np.where(
            (added > 0) & np.isfinite(seeds), seeds**2 / doubt, variation.seed_freedom
        )
    return replace(variation, seeds=seeds, seed_freedom=freedom)


def _tuning_variance(
    contestant: Contestant, sign: float, rng: np.random.Generator
) -> tuple[float, int]:
    """The variance of the true value of the setting that tuning chooses, NaN if it is not known,
    and the trials that could have won.
    """
    trials = sign * np.array([value for value in contestant.trials if np.isfinite(value)])
    runs = np.array([value for value in contestant.validation if np.isfinite(value)])
    if len(trials) < 2 or len(runs) < 2:
        return np.nan, 1
    noise = float(runs.std(ddof=1))
    near = trials[trials >= trials.max() - RIVALS * noise]
    if len(near) < 2 or noise == 0:
        return 0.0, 1
    return float(_chosen(near, noise, rng).var(axis=1).mean()), len(near)


def _chosen(trials: Array, noise: float, rng: np.random.Generator) -> Array:
    """True values of the settings chosen, (VALUES, CHOICES), from trials that could have won."""
    spread = max(float(trials.var(ddof=1)) - noise**2, 0.0)
    share = spread / (spread + noise**2)
    centre = trials.mean()
    drawn = rng.standard_normal((VALUES, len(trials)))
    values = centre + share * (trials - centre) + np.sqrt(share) * noise * drawn
    seen = values[:, None, :] + noise * rng.standard_normal((VALUES, CHOICES, len(trials)))
    return np.take_along_axis(values, seen.argmax(axis=2), axis=1)
