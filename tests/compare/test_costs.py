"""Which contestants meet the limits, and which of them is cheap."""

import math

from seqlab.compare.costs import LIMITS, Constraints, Costs, cheapest, dearer_in, fitting


def costs(latency, low=math.nan, high=math.nan, **others):
    return Costs("model", 100, latency_ms_p50=latency, latency_ms_low=low, latency_ms_high=high,
                 **others)  # fmt: skip


def test_every_limit_has_its_cost():
    own = Costs("model", 50, latency_ms_p50=2.0, peak_memory_mb=300.0, size_mb=0.4)
    exact = {name: getattr(own, cost) for name, (cost, _) in LIMITS.items()}
    assert Constraints(**exact).broken(own) == []
    for name, value in exact.items():
        assert Constraints(**{name: 0.99 * value}).broken(own) == [name]


def test_what_meets_all_limits_is_named_in_order():
    by_name = {
        "a": Costs("model", 10, size_mb=1.0),
        "b": Costs("model", 10, size_mb=3.0),
        "c": Costs("baseline", 10),  # not measured: meets no limit
        "d": Costs("model", 10, size_mb=2.0),
    }
    assert fitting(by_name, Constraints(max_size_mb=2)) == ["a", "d"]
    assert fitting(by_name, Constraints()) == ["a", "b", "c", "d"]
    assert fitting(by_name, Constraints(max_size_mb=2, max_params=5)) == []


def test_latencies_whose_spreads_overlap_are_alike_and_memory_decides():
    apart = {"slow": costs(2.0, 1.9, 2.1, peak_memory_mb=1.0), "quick": costs(1.5, 1.4, 1.6)}
    assert cheapest(["slow", "quick"], apart) == "quick"
    assert dearer_in("quick", "slow", apart) == "latency_ms_p50"
    noisy = {
        "slow": costs(2.0, 1.55, 2.1, peak_memory_mb=300.0),
        "quick": costs(1.5, 1.4, 1.6, peak_memory_mb=400.0),
    }
    assert cheapest(["quick", "slow"], noisy) == "slow"
    assert dearer_in("slow", "quick", noisy) == "peak_memory_mb"


def test_without_spreads_a_tenth_is_alike():
    near = {"a": costs(1.0, peak_memory_mb=300.0), "b": costs(1.09, peak_memory_mb=200.0)}
    assert cheapest(["a", "b"], near) == "b"
    far = {"a": costs(1.0, peak_memory_mb=300.0), "b": costs(1.11, peak_memory_mb=200.0)}
    assert cheapest(["a", "b"], far) == "a"
