"""A study's work done in this process: the same runs without the seconds that processes take."""

from seqlab.runs import read_json
from seqlab.study import contestant_costs
from seqlab.study.job import run_job
from seqlab.study.pool import Pool


class HerePool(Pool):
    """Does one assignment after the other, here."""

    def execute(self, assignments, watch=lambda *_: None, keep=lambda _: True):
        left_out = []
        for assignment in assignments:
            if not assignment.settled(self.study):
                if not keep(assignment):
                    left_out.append(assignment)
                    continue
                run_job(assignment, self.study)
            watch(assignment, 1.0)
        return left_out


def measure(study, run, prepared, task, late):
    """As `seqlab.study.costs.measure`; the peak memory is that of this process."""
    from seqlab.study.contestant_costs import baseline_costs, model_costs

    result = read_json(run / "result.json")
    costs_of = model_costs if result["kind"] == "model" else baseline_costs
    return costs_of(run, prepared, task, result)


def patch(monkeypatch):
    """Let studies work here, and measure little."""
    monkeypatch.setattr("seqlab.study.conduct.Pool", HerePool)
    monkeypatch.setattr("seqlab.study.stages.measure", measure)
    monkeypatch.setattr(contestant_costs, "LATENCY_SECONDS", 0.01)
