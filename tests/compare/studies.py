"""Contestants made to measure: scores that the tests know, on examples that they know."""

import numpy as np

from bench.simulation.worlds import Crossed
from seqlab.compare.contestants import Contestant
from seqlab.compare.costs import Costs

EXAMPLES = 2000


def scored(name, values, deterministic=False, seeds=()):
    """A contestant with these values (seeds, examples), each example counted once."""
    values = np.atleast_2d(np.asarray(values, dtype=float))
    statistics = np.stack([values, np.ones_like(values)], axis=2)
    return Contestant(name, statistics, deterministic=deterministic, seeds=tuple(seeds))


def right(share, runs=8, examples=EXAMPLES, spread=0.01, seed=0):
    """Right or wrong on examples: easy ones first, the border moved by a seed, and some noise."""
    rng = np.random.default_rng(seed)
    difficulty = np.linspace(0, 1, examples)
    border = share + spread * rng.normal(size=(runs, 1))
    return (difficulty + 0.1 * rng.normal(size=(runs, examples)) < border).astype(float)


def lost(name, reason="diverged at step 12"):
    """A contestant that failed."""
    return Contestant(name, None, failed=reason)


def world(values, **settings):
    """Studies drawn from the two-way model."""
    return Crossed("a world", tuple(values), **settings)


def ahead(count, gap=0.03):
    """The first ahead of all others, which are equal: none is easier to tell than another."""
    return (0.8, *[0.8 - gap] * (count - 1))


def apart(count):
    """Each half a point behind the one before: true differences to the best are never 0."""
    return tuple(0.8 - 0.005 * step for step in range(count))


def model(latency=2.0, memory=300.0, seconds=20.0):
    return Costs("model", 50_000, seconds, latency, 1.2 * latency, 20 * latency, memory)


def baseline(latency=0.3, memory=150.0, seconds=0.5):
    return Costs("baseline", 18_000, seconds, latency, 1.2 * latency, 20 * latency, memory)
