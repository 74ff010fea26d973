"""The worlds that the decision is tried in, by what is asked of them."""

from __future__ import annotations

from bench.simulation.tuned import Tuned
from bench.simulation.worlds import Crossed, Logistic, Windows, World

GAP = 0.03  # of accuracy: what is to be found
SECOND = 0.8 - GAP


def equal(count: int) -> tuple[float, ...]:
    """All alike."""
    return (0.8,) * count


def behind(count: int) -> tuple[float, ...]:
    """All alike but the last, which is GAP behind."""
    return (*equal(count - 1), SECOND)


def ahead(count: int) -> tuple[float, ...]:
    """The first ahead of all others: none is easier to tell than another."""
    return (0.8, *[SECOND] * (count - 1))


def apart(count: int) -> tuple[float, ...]:
    """Each half a point behind the one before: true differences to the best are never 0."""
    return tuple(0.8 - 0.005 * step for step in range(count))


def alike() -> list[World]:
    """Nobody is better than anybody: whatever is called worse is called so wrongly."""
    return [
        Crossed("2 equal, 3 seeds", equal(2), seeds=3, examples=1000),
        Crossed("4 equal, one seed", equal(4), seeds=1, examples=1000, deterministic=1),
        Crossed("6 equal, 3 seeds", equal(6), seeds=3, examples=1000),
        Crossed("6 equal, 20 seeds", equal(6), seeds=20, examples=1000),
        Crossed("12 equal, 6 of them deterministic", equal(12), examples=1000, deterministic=6),
        Crossed("16 equal, 200 examples", equal(16), examples=200, deterministic=4),
        Crossed("6 equal, one varies four times as much", equal(6), scales=(1, 1, 1, 1, 1, 4)),
        Crossed("6 equal, heavy tails", equal(6), heavy=True, seed_sd=0.01),
        Crossed("5 equal, 20 and 40 % of runs collapse", equal(5), collapse=(0, 0, 0.2, 0.4, 0)),
        Crossed("4 equal, 10 groups", equal(4), groups=10, group_sd=0.04, examples=1000),
        Crossed("4 equal, 30 groups", equal(4), groups=30, group_sd=0.04, examples=1000),
        Crossed("4 equal errors", (1.0,) * 4, errors=True),
        Logistic("6 equal, logistic", equal(6), deterministic=2, examples=1000),
        Windows("windows, AR(.9)", (1.0,) * 4, decay=0.9, steps=2000),
        Windows("windows, 24 steps that overlap", (1.0,) * 4, horizon=24, steps=1000),
        Windows("windows, both", (1.0,) * 4, horizon=24, decay=0.9, steps=2000),
        Windows("30 series", (1.0,) * 4, series=30, steps=300),
        Windows("30 series, 20 % in common", (1.0,) * 4, series=30, common=0.2, steps=300),
        Windows(
            "30 series, 50 % in common, AR(.9)",
            (1.0,) * 4,
            series=30,
            common=0.5,
            decay=0.9,
            steps=1000,
        ),
        Tuned("2 families alike, tuned by 5 trials", 2),
        Tuned("4 families alike, tuned by 5 trials", 4),
    ]


def gaps() -> list[World]:
    """One is GAP behind: it is to be found, whoever else is there."""
    return [
        Crossed("the first ahead of five", ahead(6)),
        Crossed("one behind five", behind(6)),
        Crossed("… beside an unstable one", (0.8, 0.8, 0.8, 0.8, 0.76, SECOND),
                scales=(1, 1, 1, 1, 8, 1)),
        Crossed("… beside one that collapses", (0.8, 0.8, 0.8, 0.8, 0.78, SECOND),
                collapse=(0, 0, 0, 0, 0.15, 0)),
        Crossed("… two deterministic", behind(6), deterministic=2),
        Logistic("… logistic", behind(6)),
    ]  # fmt: skip


def graded() -> list[World]:
    """Half a point between one and the next: intervals are to hold, and advice to be good."""
    return [
        Crossed("3 seeds, 42 examples", apart(6), seeds=3, examples=42),
        Crossed("3 seeds, 200 examples", apart(6), seeds=3, examples=200),
        Crossed("8 seeds, 200 examples", apart(6), examples=200),
        Crossed("8 seeds, 1,000 examples", apart(6), examples=1000),
    ]


REGRETS = (0.010, 0.006, 0.005, 0.003)  # of the recommendation, at most, in these worlds
