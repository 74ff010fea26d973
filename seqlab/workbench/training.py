"""One model trained on a user's data: alone, or by several processes that torchrun has started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seqlab.runs import Run
from seqlab.study.job_context import Supervisor
from seqlab.study.one_training import Wanted, train_along, train_first
from seqlab.training.ranks import joined
from seqlab.workbench.study import Study

# Told the share of the training that is done, and its figures.
Report = Callable[[float, dict[str, Any]], None]


def train(
    study: Study,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    report: Report = lambda share, figures: None,
    stop: Callable[[], bool] = lambda: False,
) -> Run | None:
    """The run of a study's only candidate, whose folder has its model in `best/`.

    In a process that only helps another one, None. `stop` is asked after each step.
    """
    with joined() as own:
        if not own.first:
            train_along(own, Supervisor(should_stop=stop))
            return None
        sources, spec, folder = study.resolve(data, valid, test)
        wanted = Wanted(spec=spec, sources=sources, folder=folder)
        supervisor = Supervisor(report=report, should_stop=stop)
        return train_first(wanted, own, supervisor, lambda moment: None)
