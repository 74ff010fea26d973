"""How a comparison is to be made, and what a look at the test part may spend."""

from __future__ import annotations

from dataclasses import dataclass, replace

from seqlab.compare.contestants import Margin

FIRST_LOOK = 0.8  # of the level; what is left halves with every further look: .1, .05, .025 …


@dataclass(frozen=True)
class Rules:
    """How a comparison is to be made.

    margin  the difference that matters; None: the metric's own
    looks   how often the test set has been looked at, this time included: the first look spends
            most of the level, and all further looks together no more than the rest, so that
            looking again and again cannot manufacture a winner
    share   of what this look may spend, where several comparisons share it
    level   error probability of the whole study
    seed    of the draws
    """

    margin: Margin | None = None
    looks: int = 1
    share: float = 1.0
    level: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        assert self.looks >= 1
        assert 0 < self.level < 1
        assert 0 < self.share <= 1

    @property
    def level_spent(self) -> float:
        """What this look may spend."""
        of_all = FIRST_LOOK if self.looks == 1 else (1 - FIRST_LOOK) * 0.5 ** (self.looks - 1)
        return float(self.level * self.share * of_all)

    @property
    def next_level(self) -> float:
        """What the next look may spend."""
        return replace(self, looks=self.looks + 1).level_spent
