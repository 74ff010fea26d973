"""A study from beginning to end: prepare, plan, run.

Whatever was finished before – an hour ago or before a power cut – is found in the folder and not
done again; so the same command continues, and more seeds, trials or candidates extend.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seqlab.runs import write_json
from seqlab.study.clock import FEWEST_RUNS, Clock, Moment
from seqlab.study.engine import Engine
from seqlab.study.engines import LOCAL, connected, read_engine
from seqlab.study.environment import describe_environment
from seqlab.study.folder import claimed
from seqlab.study.keeping import keep_best
from seqlab.study.measuring import measure_costs
from seqlab.study.plan import Planner, Tuned, absent
from seqlab.study.planning import Plan, plan_study
from seqlab.study.pool import Pool
from seqlab.study.preparation import PreparedStudy, prepare_study
from seqlab.study.race import judge
from seqlab.study.spec import StudySpec
from seqlab.study.stages import Conditions
from seqlab.study.stored_plan import write_allowance
from seqlab.study.timing import OPEN_ENDED
from seqlab.study.trials import Chosen, edges, tune, without_hopeless
from seqlab.study.verdict import Remarks, write_verdict
from seqlab.tasks.base import Sources

LEAST_SHARE = 0.1  # of the length that tuning found, however little time there is


@dataclass(frozen=True)
class Listener:
    """Who hears of the plan and of the progress, and since when it has waited for them."""

    plan: Callable[[Plan], None] = lambda plan: None
    moment: Callable[[Moment], None] = lambda moment: None
    begun: float = field(default_factory=time.monotonic)


def conduct(spec: StudySpec, sources: Sources, folder: Path, listener: Listener) -> dict[str, Any]:
    """Run a study, or what is missing of it; returns the verdict."""
    with claimed(folder) as place, connected(spec.engine, spec.workers):
        study = prepare_study(spec, sources, place, listener.moment)
        plan = plan_study(study, listener.begun, listener.moment)
        listener.plan(plan)
        return run_study(study, plan, listener)


def plan_only(spec: StudySpec, sources: Sources, folder: Path) -> Plan:
    """The plan alone; prepares the data and measures a few steps, and trains nothing."""
    listener = Listener()
    with claimed(folder) as place, connected(spec.engine, spec.workers):
        study = prepare_study(spec, sources, place, listener.moment)
        return plan_study(study, listener.begun, listener.moment)


def run_study(study: PreparedStudy, plan: Plan, listener: Listener) -> dict[str, Any]:
    """Tune, judge, measure costs, compare, keep the best: what is missing of it; the verdict."""
    _write_settings(study, plan)
    with _engine(study) as pool:
        conditions = _conditions(study, plan, pool, listener)
        clock = conditions.clock
        clock.stages["preparing and planning"] = clock.spent
        with clock.stage("tuning"):
            chosen = tune(conditions)
        conditions, screened = without_hopeless(conditions)
        conditions = _in_time(study, plan, conditions, chosen)
        with clock.stage("verdict runs"):
            finished, race = judge(conditions, chosen, study.sizes, study.spec)
        with clock.stage("measuring costs"):
            costs = measure_costs(conditions, finished)
        _remember_cuts(study, conditions)
        listener.moment(Moment("comparing", 1.0, None))
        left_out = [*absent(study.spec, study.task.name), *plan.allowance.left_out]
        left_out += [*conditions.clock.notes, *screened]
        remarks = Remarks(left_out, edges(conditions), race)
        verdict = write_verdict(conditions, finished, costs, study.spec, remarks)
        keep_best(conditions, study.spec, finished, verdict, study.folds)
    return verdict


def _engine(study: PreparedStudy) -> Engine:
    spec = study.spec
    if read_engine(spec.engine)[0] == LOCAL:
        return Pool(study.folder, study.workers)
    from seqlab.study.cluster.ray_engine import RayEngine

    return RayEngine(study.folder, spec.device, spec.workers)


def _in_time(
    study: PreparedStudy, plan: Plan, conditions: Conditions, chosen: Sequence[Chosen]
) -> Conditions:
    """What verdict runs take is known when their lengths are; all are cut alike where there is no
    time for two seeds of each, which is decided before the first of them and kept.
    """
    allowance, clock = conditions.planner.allowance, conditions.clock
    work = 0.0
    competing = {entry.name for entry in conditions.entries}
    for name, pace in plan.outlook.paces.items():
        if name not in competing:
            continue
        tuned = chosen[0].get(name, Tuned()) if chosen else Tuned()
        seconds = pace.run(allowance, "verdict")
        if tuned.epochs is not None and pace.share is None:
            seconds *= tuned.epochs / (allowance.epochs * OPEN_ENDED["verdict"])
        clock.expect(name, "verdict", seconds)
        work += FEWEST_RUNS["verdict"] * seconds * len(study.folds)
    share = clock.share_left(work)
    if share == 1 or any(study.folder.glob("runs/*/verdict-*/result.json")):
        return conditions
    shorter = replace(allowance, shortened=max(LEAST_SHARE, round(share, 2)))
    write_allowance(study.folder, study.spec, shorter)
    return replace(conditions, planner=replace(conditions.planner, allowance=shorter))


def _write_settings(study: PreparedStudy, plan: Plan) -> None:
    # The identity comes first: with it the folder counts as a study, and is not swept any more.
    write_json(study.folder / "identity.json", study.identity)
    write_allowance(study.folder, study.spec, plan.allowance)
    write_json(study.folder / "settings.json", study.spec.plain())
    environment = describe_environment(study.spec, study.workers)
    write_json(study.folder / "environment.json", environment)


def _remember_cuts(study: PreparedStudy, conditions: Conditions) -> None:
    """What the clock left out is left out for good, until another budget is declared."""
    clock, allowance = conditions.clock, conditions.planner.allowance
    if clock.notes:
        left_out = (*allowance.left_out, *clock.notes)
        allowance = clock.cut(replace(allowance, left_out=left_out))
        write_allowance(study.folder, study.spec, allowance)


def _conditions(study: PreparedStudy, plan: Plan, pool: Engine, listener: Listener) -> Conditions:
    expected = {
        (name, role): pace.run(plan.allowance, role)
        for name, pace in plan.outlook.paces.items()
        for role in ("short", "trial", "verdict")
    }
    expected |= {(name, "verdict"): seconds for name, seconds in plan.outlook.fits.items()}
    limit = study.spec.budget.time
    clock = Clock(
        expected=expected,
        total=max(1.0, (plan.seconds - plan.outlook.tail()) * study.workers),
        workers=study.workers,
        tail=plan.outlook.tail,
        whole=len(study.first.train),
        deadline=None if limit is None else listener.begun + limit,
        listen=listener.moment,
        started=listener.begun,
        tuning=plan.allowance.trials if plan.allowance.tune_per_seed else 0,
    )
    pool.started, pool.leaving = clock.process_started, clock.leaving
    pool.remark, pool.late, pool.overdue = clock.remark, clock.late, clock.overdue
    return Conditions(
        folder=study.folder,
        planner=Planner(study.spec, study.task, study.digests, plan.allowance),
        entries=plan.entries,
        pool=pool,
        clock=clock,
        valid=len(study.first.valid),
    )
