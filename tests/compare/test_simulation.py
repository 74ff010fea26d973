"""The promises, held against the truth: coverage, the A/A rate, and power."""

import numpy as np
import pytest

from seqlab.compare import simulation
from seqlab.compare.decision import Rules
from seqlab.compare.simulation import World, ahead, apart, simulate


def equal(count=6, **world):
    """The first two alike, the others a point behind each other."""
    return World((0.8, *(0.8 - 0.01 * step for step in range(count - 1))), **world)


def test_worlds_are_what_they_say():
    """Accuracies, disagreements and the spread of seeds come out as they were asked for."""
    world = World((0.8, 0.8, 0.7), seeds=60, examples=20_000, deterministic=1, seed_sd=0.02)
    first, second, fixed = world.draw(np.random.default_rng(0))
    a, b, c = (contestant.statistics[..., 0] for contestant in (first, second, fixed))
    assert a.mean() == pytest.approx(0.8, abs=0.01)
    assert c.mean() == pytest.approx(0.7, abs=0.01)
    assert len(c) == 1
    assert fixed.deterministic
    assert np.mean(a != b) == pytest.approx(0.17, abs=0.01)
    assert np.mean(a[1:] != a[:-1]) == pytest.approx(0.11, abs=0.01)
    assert a.mean(axis=1).std() == pytest.approx(0.02, rel=0.25)


def test_errors_have_the_means_they_say():
    world = World((1.0, 1.5), seeds=4, examples=200_000, errors=True)
    first, second = world.draw(np.random.default_rng(0))
    assert first.statistics[..., 0].mean() == pytest.approx(1.0, abs=0.02)
    assert second.statistics[..., 0].mean() == pytest.approx(1.5, abs=0.03)


@pytest.mark.parametrize("seeds", [3, 8])
def test_intervals_hold_and_the_best_is_kept(seeds):
    record = simulate(World(apart(4), seeds=seeds, examples=500, deterministic=1), 80)
    assert record.best_coverage >= 0.93
    assert record.pair_coverage >= 0.93
    assert record.best_kept >= 0.95


def test_equals_are_rarely_called_different():
    assert simulate(equal(2, examples=500), 150).called_different <= 0.05
    assert simulate(equal(6, examples=500, deterministic=2), 60).called_different <= 0.05


def test_a_true_gap_is_found():
    record = simulate(World(ahead(6), deterministic=2), 60)
    assert record.second_worse >= 0.8
    assert record.best_kept >= 0.95


def test_these_checks_can_fail():
    """At a level of one half the intervals are too short, and the records must show it."""
    careless = Rules(level=0.99)
    assert simulate(equal(2, examples=500), 80, rules=careless).called_different > 0.2
    assert simulate(World(apart(4), examples=500), 80, rules=careless).pair_coverage < 0.8


def test_the_table_is_printed_and_judged(capsys, monkeypatch):
    monkeypatch.setattr(simulation, "grid", lambda quick: [equal(2, examples=200)])
    monkeypatch.setattr(simulation, "power_worlds", lambda: [World(ahead(6, gap=0.1))])
    assert simulation.main(["--repetitions", "5"]) == 0
    table = capsys.readouterr().out
    assert "best covered" in table
    assert "one that is 3 points behind is shown worse 1.000" in table
    monkeypatch.setattr(simulation, "power_worlds", lambda: [World(ahead(6, gap=0.0))])
    assert simulation.main(["--repetitions", "5"]) == 1
    assert "<- missed" in capsys.readouterr().out


@pytest.mark.slow
def test_the_full_grid_keeps_all_promises():
    assert simulation.main([]) == 0
