"""Latencies are medians over rounds in which all contestants predict in turn."""

import pytest

from seqlab.study import latency
from seqlab.study.latency import MOST_ROUNDS, ROUNDS, measure_in_rounds


class Machine:
    """Clocks that predictions move forward: by more while `load` says so, for which other processes
    have the core where `taken` is true.
    """

    def __init__(self, monkeypatch, load=lambda now: 1.0, taken=False):
        self.now, self.computed, self.load, self.order, self.taken = 0.0, 0.0, load, [], taken
        monkeypatch.setattr(latency.time, "process_time", lambda: self.computed)
        monkeypatch.setattr(latency.time, "perf_counter", lambda: self.now)

    def contestant(self, name, milliseconds):
        def predict(rows):
            self.order.append(name)
            needed = milliseconds / 1e3 * len(rows) ** 0.5
            seconds = needed * self.load(self.now)
            self.computed += needed if self.taken else seconds
            self.now += seconds

        return predict


def test_on_a_quiet_machine_they_are_what_predictions_take(monkeypatch):
    machine = Machine(monkeypatch)
    quick, slow = measure_in_rounds(
        [machine.contestant("quick", 2.0), machine.contestant("slow", 50.0)], 100
    )
    for found, expected in ((quick, 2.0), (slow, 50.0)):
        assert found["latency_ms_p50"] == pytest.approx(expected)
        assert found["latency_ms_low"] == pytest.approx(expected)
        assert found["latency_ms_high"] == pytest.approx(expected)
        assert found["latency_ms_p95"] == pytest.approx(expected)
        assert found["latency_batch64_ms"] == pytest.approx(8 * expected)
    turns = [name for n, name in enumerate(machine.order) if name != machine.order[n - 1]]
    assert turns.count("slow") >= ROUNDS


def test_load_that_comes_and_goes_changes_neither_median_nor_order(monkeypatch):
    """Five times slower for a quarter of the time: a single measurement would be off."""
    busy = Machine(monkeypatch, load=lambda now: 5.0 if now % 4.0 < 1.0 else 1.0)
    found = measure_in_rounds([busy.contestant("a", 2.0), busy.contestant("b", 2.4)], 100)
    assert found[0]["latency_ms_p50"] == pytest.approx(2.0)
    assert found[1]["latency_ms_p50"] == pytest.approx(2.4)
    assert found[0]["latency_ms_low"] <= found[0]["latency_ms_p50"] <= found[0]["latency_ms_high"]


def test_predictions_that_another_process_interrupts_do_not_count(monkeypatch):
    """Most of the time the core is shared with two others, in slices of a few predictions."""
    machine = Machine(monkeypatch, load=lambda now: 3.0 if now % 0.03 < 0.02 else 1.0, taken=True)
    (found,) = measure_in_rounds([machine.contestant("a", 2.0)], 100)
    assert found["latency_ms_p50"] == found["latency_ms_p95"] == pytest.approx(2.0)
    assert found["latency_ms_high"] == pytest.approx(2.0)


def rounds_of(monkeypatch, load):
    machine = Machine(monkeypatch, load)
    counted = []
    burst = latency._burst
    monkeypatch.setattr(latency, "_burst", lambda *given: (counted.append(1), burst(*given)))
    (found,) = measure_in_rounds([machine.contestant("a", 2.0)], 100)
    return len(counted), found


def test_rounds_are_repeated_while_the_machine_is_busy_but_not_for_ever(monkeypatch):
    assert rounds_of(monkeypatch, lambda now: 1.0)[0] == ROUNDS
    count, found = rounds_of(monkeypatch, lambda now: 4.0 if now % 0.6 < 0.3 else 1.0)
    assert count == MOST_ROUNDS
    assert found["latency_ms_high"] > 1.5 * found["latency_ms_low"]
    calms = rounds_of(monkeypatch, lambda now: 3.0 if now < 0.8 else 1.0)
    assert ROUNDS < calms[0] < MOST_ROUNDS
    assert calms[1]["latency_ms_p50"] == pytest.approx(2.0)
