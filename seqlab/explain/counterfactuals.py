"""What swapping a term does to the answers: flips and shifts, beside those of a control."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.errors import UserError
from seqlab.explain.intervals import LEVEL, Estimate, mean_of
from seqlab.explain.swaps import Pair, Swapped, Swaps, swaps_of

Array = NDArray[np.float64]
Scores = Callable[[Sequence[str]], Array]  # texts → the positive score of each, 0…1
DECIDED = 0.5  # from which score on the answer is positive
FEWEST_ROWS = 10  # that hold a term, below which nothing is said of a pair
FAMILIES = 4  # all pairs or each, flips or shifts: they share the level


@dataclass(frozen=True)
class PairEffect:
    """One pair, or all together, over the rows that hold its terms.

    flips, control  the share of rows whose answer changes, by the swap and within the group
    shift           how much the score rises from the first group's term to the second's
    beyond          flips less those of the control
    """

    name: str
    rows: int
    flips: float
    control: float
    shift: Estimate
    beyond: Estimate

    @property
    def found(self) -> bool:
        """Whether the score is shown to depend on the group."""
        enough = self.rows >= FEWEST_ROWS
        return enough and (self.shift.above or self.shift.below or self.beyond.above)

    @property
    def sentence(self) -> str:
        """In words."""
        if self.rows < FEWEST_ROWS:
            return f"{self.name}: {self.rows} rows: too few to say"
        if not self.found:
            return f"{self.name}: no effect shown in {self.rows:,} rows"
        s = self.shift
        return (
            f"{self.name}: the score moves by {100 * s.value:+.1f} points from the first to the"
            f" second term (95 %: {100 * s.low:+.1f} to {100 * s.high:+.1f}), and"
            f" {100 * self.flips:.1f} % of the answers change, {100 * self.control:.1f} % within"
            " the group"
        )


@dataclass(frozen=True)
class Counterfactuals:
    """All pairs together, then each; how many rows hold no term; what was skipped and why."""

    together: PairEffect
    pairs: list[PairEffect]
    untouched: int
    skipped: dict[str, int]


def counterfactuals(
    texts: Sequence[str], pairs: Sequence[Pair], scores: Scores, origin: str = "--pairs"
) -> Counterfactuals:
    """Swap every term, and see what becomes of the answers."""
    swaps = swaps_of(texts, pairs)
    if not swaps.swapped:
        why = "; ".join(swaps.skipped) or "no row holds any of its terms"
        raise UserError(
            f"{origin}: nothing can be swapped in {len(texts):,} rows: {why}",
            "name terms that occur in the data; they are looked for as whole words",
        )
    before = scores(texts)
    after = scores([one.text for one in swaps.swapped])
    level = LEVEL / FAMILIES
    each = [
        _effect(" / ".join(pair), swaps, before, after, number, level / len(pairs))
        for number, pair in enumerate(pairs)
    ]
    touched = {one.row for one in swaps.swapped}
    return Counterfactuals(
        _effect("all pairs", swaps, before, after, None, level),
        each,
        len(texts) - len(touched),
        swaps.skipped,
    )


def _effect(
    name: str, swaps: Swaps, before: Array, after: Array, pair: int | None, level: float
) -> PairEffect:
    """A row counts once, however many terms it holds."""
    rows: dict[int, list[tuple[Swapped, float]]] = {}
    for one, score in zip(swaps.swapped, after, strict=True):
        if pair is None or one.pair == pair:
            rows.setdefault(one.row, []).append((one, float(score)))
    flips, control, shift = [], [], []
    for row, members in rows.items():
        was = float(before[row])
        swapped = [(o, s) for o, s in members if not o.control]
        within = [s for o, s in members if o.control]
        flips.append(np.mean([(s >= DECIDED) != (was >= DECIDED) for _, s in swapped]))
        shift.append(np.mean([(s - was) * (1 if o.forwards else -1) for o, s in swapped]))
        changed = [(s >= DECIDED) != (was >= DECIDED) for s in within]
        control.append(np.mean(changed) if changed else np.nan)
    both = np.array(flips), np.array(control)
    known = np.isfinite(both[1])
    beyond = mean_of(both[0][known] - both[1][known], level)
    return PairEffect(
        name,
        len(rows),
        float(np.mean(both[0])) if rows else float("nan"),
        float(np.mean(both[1][known])) if known.any() else float("nan"),
        mean_of(np.array(shift), level),
        beyond,
    )
