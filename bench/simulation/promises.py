"""Does what is said to decide decide? Each undecided study is repeated as it was advised."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np

from bench.simulation.worlds import Crossed, Study
from seqlab.compare.decision import Rules, compare
from seqlab.compare.need import needs

KEPT = 0.70  # of the cases in which a number was said
MOST_EXAMPLES = 40_000  # beyond, the advice is not tried
WORLDS = (
    Crossed("8 seeds, 400 examples, 2 points", (0.8, 0.78), examples=400, seed_sd=0.003),
    Crossed("8 seeds, 1,000 examples, 1 point", (0.8, 0.79), examples=1000, seed_sd=0.003),
    Crossed("3 seeds, 2,000 examples, 3 points", (0.8, 0.77), seeds=3, seed_sd=0.02),
    Crossed("4 seeds, 2,000 examples, equal", (0.8, 0.8), seeds=4, seed_sd=0.02),
)


def table_of_promises(pool: ProcessPoolExecutor, repetitions: int) -> list[bool]:
    """Print how often what was advised decided."""
    print(
        "\n| advice on an undecided pair | more seeds: said in | decided |"
        " more examples: said in | decided |\n|---|---|---|---|---|"
    )
    held = []
    for world in WORLDS:
        outcomes = list(pool.map(_followed, [world] * repetitions, range(repetitions)))
        told = [outcome for outcome in outcomes if outcome is not None]
        cells = []
        for kind in range(2):
            tried = [one for outcome in told if (one := outcome[kind]) is not None]
            share = float(np.mean(tried)) if tried else float("nan")
            enough = len(tried) >= 20  # fewer say nothing
            held.append(not enough or share >= KEPT - 2 * np.sqrt(0.21 / len(tried)))
            cells.append(f"{len(tried)} of {len(told)} | {share:.2f}")
        print(f"| {world.name} | {' | '.join(cells)} |", flush=True)
    return held


def _followed(world: Crossed, number: int) -> tuple[float | None, float | None] | None:
    """Whether more seeds, and more examples, decided; None where it was decided at once."""
    rng = np.random.default_rng([3, number])
    study = world.draw(rng)
    comparison = compare(study.contestants, world.metric, rules=Rules(seed=number))
    lacked = needs(comparison)
    if not lacked:
        return None
    need = lacked[0]
    by_seeds = by_examples = None
    rules = Rules(looks=2, seed=number)
    if need.seeds is not None:
        # The same test examples and runs, and more runs.
        longer = world.draw(np.random.default_rng([3, number]), need.seeds[0])
        by_seeds = _decides(longer, world, rules)
    if need.examples is not None and need.examples[0] <= MOST_EXAMPLES:
        by_examples = _decides(replace(world, examples=need.examples[0]).draw(rng), world, rules)
    return by_seeds, by_examples


def _decides(study: Study, world: Crossed, rules: Rules) -> float:
    comparison = compare(study.contestants, world.metric, rules=rules)
    return float(all(s.status != "undecided" for s in comparison.standings))
