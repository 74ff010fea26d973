"""Studies whose verdict seeds are run in rounds: what the race says is held against the truth of
its world like any other comparison, and its runs against those of all seeds for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.simulation.fields import GAP, ahead, behind, equal
from bench.simulation.worlds import Crossed, Logistic, Study, World
from seqlab.compare.comparison import Comparison
from seqlab.compare.contestants import Contestant
from seqlab.compare.decision import Rules, compare
from seqlab.compare.race import Round, after_round, raced, rounds, share_of
from seqlab.metrics.base import Metric

# Worlds, and the share of the runs that all seeds for all would take which is to be enough.
TIE, AHEAD, MANY = 0.55, 0.5, 0.4


def worlds() -> list[tuple[World, float]]:
    """Ties, a winner, and many of whom most are far behind."""
    close = (0.8, 0.799, 0.798)
    field = (*close, *(0.8 - GAP - 0.07 * step / 12 for step in range(13)))
    return [
        (Crossed("6 equal", equal(6)), TIE),
        (Crossed("2 equal", equal(2)), TIE),
        (Crossed("6 equal, one ×4, two deterministic", equal(6), 8, 2000, 2,
                 scales=(4, 1, 1, 1, 1, 1)), TIE),
        (Crossed("6 equal, heavy tails", equal(6), heavy=True), TIE),
        (Crossed("6 equal, seeds vary by 2 points", equal(6), seed_sd=0.02), 1.0),
        (Crossed("16 equal, 4 of them deterministic", equal(16), deterministic=4), TIE),
        (Crossed("5 equal, 20 and 40 % collapse", equal(5), collapse=(0, 0, 0.2, 0.4, 0)), 1.0),
        (Logistic("6 equal, logistic", equal(6), deterministic=2), TIE),
        (Crossed("one of six is 3 points ahead", ahead(6)), AHEAD),
        (Crossed("one of six is 3 points behind", behind(6)), 1.0),
        (Crossed("3 close, 13 at 3 to 10 points", field), MANY),
    ]  # fmt: skip


def race(study: Study, metric: Metric, rules: Rules) -> tuple[Comparison, float]:
    """The comparison after a race, and the share of all runs of networks that it took."""
    most = max(_runs(contestant) for contestant in study.contestants)
    inside, run, taken = list(study.contestants), list[Round](), dict[str, int]()
    for seeds in rounds(most):
        taken |= {one.name: min(seeds, _runs(one)) for one in inside}
        if seeds == most:
            break
        share = share_of(seeds, most)
        held = after_round(
            _compared(inside, taken, study, metric, replace(rules, share=share)), seeds, most
        )
        run.append(held)
        left = {one.name for one in held.exits}
        inside = [one for one in inside if one.name not in left]
        if held.stop:
            break
    last = replace(rules, share=share_of(most, most))
    comparison = raced(_compared(study.contestants, taken, study, metric, last), run)
    chance = [one for one in study.contestants if not one.deterministic]
    return comparison, sum(taken[one.name] for one in chance) / (most * len(chance))


def _compared(
    contestants: Sequence[Contestant],
    seeds: dict[str, int],
    study: Study,
    metric: Metric,
    rules: Rules,
) -> Comparison:
    some = [_first(contestant, seeds[contestant.name]) for contestant in contestants]
    return compare(some, metric, blocks=study.blocks, rules=rules, trivial=study.trivial)


def _runs(contestant: Contestant) -> int:
    assert contestant.statistics is not None
    return len(contestant.statistics)


def _first(contestant: Contestant, seeds: int) -> Contestant:
    assert contestant.statistics is not None
    return replace(
        contestant,
        statistics=contestant.statistics[:seeds],
        validation=contestant.validation[:seeds],
        seeds=contestant.seeds[:seeds],
    )
