"""Families of contestants that are alike, each tuned by a few trials of one seed: what is said of
the families must count that tuning chose with luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bench.simulation.worlds import Crossed, Study
from seqlab.compare.contestants import Contestant
from seqlab.metrics.accuracy import Accuracy
from seqlab.metrics.base import Array, Metric

FAMILIES = ("recurrent", "attention", "modern", "classic")


@dataclass(frozen=True)
class Tuned:
    """Every family tries the same settings, whose true accuracies are drawn once for all; each
    keeps the one whose single trial validates best, and is judged by it on fresh seeds.

    settings_sd  by which settings differ in accuracy
    trial_sd     of a trial's validation score: its seed, and the validation examples
    """

    name: str
    count: int = 2
    trials: int = 5
    seeds: int = 8
    examples: int = 2000
    settings_sd: float = 0.01
    trial_sd: float = 0.007

    @property
    def metric(self) -> Metric:
        """Accuracy."""
        return Accuracy()

    def truth(self, restarts: int) -> Mapping[str, float]:
        """Families are alike, whatever became of their tuning."""
        return {f"c{i}": 0.8 for i in range(self.count)}

    def draw(self, rng: np.random.Generator) -> Study:
        """One study."""
        settings = 0.8 + rng.normal(0.0, self.settings_sd, self.trials)
        trials = settings + rng.normal(0.0, self.trial_sd, (self.count, self.trials))
        chosen = settings[trials.argmax(axis=1)]
        world = Crossed("", tuple(chosen.tolist()), seeds=self.seeds, examples=self.examples)
        study = world.draw(rng)
        contestants = [
            self._known(contestant, i, trials[i], chosen[i], rng)
            for i, contestant in enumerate(study.contestants)
        ]
        as_tuned = {f"c{i}": float(value) for i, value in enumerate(chosen)}
        return Study(contestants, true=as_tuned)

    def _known(
        self,
        contestant: Contestant,
        number: int,
        trials: Array,
        value: float,
        rng: np.random.Generator,
    ) -> Contestant:
        validation = value + rng.normal(0.0, self.trial_sd, self.seeds)
        return replace(
            contestant,
            trials=tuple(trials.tolist()),
            validation=tuple(validation.tolist()),
            families=(FAMILIES[number],),
        )
