"""What each contestant costs, measured once everything is trained and nothing else runs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from seqlab.errors import UserError
from seqlab.kernels.threads import cores
from seqlab.runs import Run, read_json, write_json
from seqlab.study.assignment import digest_of
from seqlab.study.costs import measure, measure_latencies, size_mb
from seqlab.study.engine import MOST_ATTEMPTS
from seqlab.study.stages import Conditions, Finished, median_run

T = TypeVar("T")
ALONE, LATENCY = "peak_memory_mb", "latency_ms_low"  # told apart by these: what is measured already
Costs = dict[str, Any]  # of one contestant, as `costs.json` has it


def measure_costs(conditions: Conditions, finished: Finished) -> dict[str, Costs]:
    """Each contestant's costs, as far as they are not known; what cannot be measured is missing."""
    conditions.pool.close()
    path = conditions.folder / "costs.json"
    known: dict[str, Costs] = read_json(path) if path.exists() else {}
    runs = {
        entry.name: run
        for entry in conditions.entries
        if (run := median_run(finished.get((entry.name, None), []), conditions.metric)) is not None
    }
    costs: dict[str, Costs] = {}
    for name, run in runs.items():
        stored = known.get(name, {})
        costs[name] = stored if stored.get("digest") == run.result["digest"] else {}
        costs[name] |= _of_the_run(run)
    missing = [name for name in runs if ALONE not in costs[name]]
    with ThreadPoolExecutor(min(conditions.clock.workers, cores())) as processes:
        found = {n: processes.submit(_alone, conditions, n, runs[n].folder) for n in missing}
        for name, measured in found.items():
            costs[name] |= measured.result() or {}
            write_json(path, {**known, **costs})
    if not _measured_together(costs):
        _measure_in_turn(conditions, runs, costs)
        write_json(path, {**known, **costs})
    return costs


def _of_the_run(run: Run) -> Costs:
    return {
        "digest": run.result["digest"],
        "params": run.result["parameters"]["body"],
        "backend": run.result["backend"],
        "brought_params": run.result["parameters"].get("brought", 0),
        "size_mb": size_mb(run.folder),
    }


def _measured_together(costs: dict[str, Costs]) -> bool:
    """Whether all latencies are of the same rounds, and so can be compared."""
    rounds = {one.get("rounds") for one in costs.values()}
    return len(rounds) <= 1 and all(LATENCY in one for one in costs.values())


def _measure_in_turn(conditions: Conditions, runs: dict[str, Run], costs: dict[str, Costs]) -> None:
    """Latencies in rounds of all contestants; where that fails, of each alone."""
    conditions.clock.measures("latencies")
    rounds = digest_of([one["digest"] for one in costs.values()])
    found = _latencies(conditions, [run.folder for run in runs.values()])
    for number, (name, run) in enumerate(runs.items()):
        own = found[number : number + 1] if found else _latencies(conditions, [run.folder])
        costs[name] |= {**own[0], "rounds": rounds} if own else {}


def _alone(conditions: Conditions, name: str, run: Path) -> Costs | None:
    """In a process of its own; others are measured meanwhile, one on each core."""
    conditions.clock.measures(name)
    prepared, task = conditions.folder / "prepared/fold0", conditions.planner.task.name
    return _tried(
        conditions, lambda: measure(conditions.folder, run, prepared, task, conditions.clock.late)
    )


def _latencies(conditions: Conditions, runs: list[Path]) -> list[Costs] | None:
    prepared, task = conditions.folder / "prepared/fold0", conditions.planner.task.name
    late = conditions.clock.late
    return _tried(
        conditions,
        lambda: measure_latencies(conditions.folder, runs, prepared, task, late),
        noted=len(runs) == 1,  # what fails together is measured alone
    )


def _tried(conditions: Conditions, measured: Callable[[], T], noted: bool = True) -> T | None:
    """A process that was killed is tried once more, and then done without, which is noted."""
    failure = ""
    for _ in range(MOST_ATTEMPTS):
        try:
            return measured()
        except UserError as error:
            failure = error.message
    if noted:
        conditions.clock.note(failure)
    return None
