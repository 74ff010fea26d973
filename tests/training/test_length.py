"""An open-ended training finds its length, falls from its best place, and resumes exactly."""

from itertools import pairwise

import pytest

from seqlab.specs import TrainSpec
from seqlab.training.checkpoints import Checkpoints
from seqlab.training.fit import fit
from seqlab.training.length import Length
from tests.training.problems import Kill, KilledError, Line, line_model

MOST = 400
SPEC = TrainSpec(schedule="open_ended", steps=MOST, decay=0.2, warmup=0.1)


class Scripted(Line):
    """Its score is a function of how many steps led to it; lower is better."""

    def __init__(self, score, learned=True, matters=0.0):
        super().__init__()
        self.score, self.is_learned, self.matters = score, learned, matters
        self.steps = 0

    def validate(self, model):
        return self.score(self.steps)

    def learned(self, score):
        return self.is_learned

    def gains(self, score, before):
        return score < before - self.matters


class Count(Kill):
    """Tells a scripted objective how many steps were taken."""

    def __init__(self, objective, step=None):
        super().__init__(step)
        self.objective = objective

    def on_step_end(self, progress):
        self.objective.steps = progress.history.steps
        super().on_step_end(progress)


def trained(objective, spec=SPEC, **kill):
    model = line_model()
    return model, fit(model, objective, spec, [Count(objective, **kill)])


def test_it_falls_from_its_best_place_when_nothing_gets_better():
    best_at = 100

    def score(step):
        return abs(step - best_at) + 1.0

    _, history = trained(Scripted(score))
    assert abs(history.fell["from"] - best_at) <= 20, "the nearest evaluation"
    assert history.fell["at"] >= 1.5 * history.fell["from"]
    assert history.fell["ripe"]
    assert history.steps < MOST / 2
    assert history.steps == pytest.approx(history.fell["from"] / 0.8, abs=2)
    rates = [r["learning_rate"] for r in history.records if r["step"] > history.fell["from"]]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.2 * SPEC.learning_rate


def test_what_still_gets_better_goes_to_the_most_and_says_so():
    _, history = trained(Scripted(lambda step: 1.0 / (step + 1)))
    assert history.steps == MOST
    assert history.fell == {"at": 320, "from": 320, "ripe": False}


def test_what_has_learned_nothing_is_not_given_up():
    _, history = trained(Scripted(lambda step: 1.0, learned=False))
    assert history.steps >= 0.8 * MOST
    _, given_up = trained(Scripted(lambda step: 1.0))
    assert given_up.steps < 0.2 * MOST


def test_rises_that_do_not_matter_are_no_reason_to_go_on():
    _, history = trained(Scripted(lambda step: 1.0 / (step + 1), matters=0.05))
    assert history.steps < MOST / 4
    assert history.fell["ripe"]


def test_it_is_judged_more_rarely_as_it_goes_on():
    _, history = trained(Scripted(lambda step: 1.0 / (step + 1)))
    at = [r["step"] for r in history.records if r["step"] <= history.fell["from"]]
    apart = [b - a for a, b in pairwise(at)]
    assert len(at) <= 20
    assert max(apart[:-1]) > 3 * apart[0]


@pytest.mark.parametrize("kill", [3, 60, 140, 170])
def test_it_resumes_exactly_in_every_phase(kill, tmp_path):
    def score(step):
        return abs(step - 100) + 1.0

    whole, expected = trained(Scripted(score))
    objective, model = Scripted(score), line_model()
    if kill < expected.fell["at"] + 20:
        checkpoints = Checkpoints(tmp_path, seconds=0)
        with pytest.raises(KilledError):
            fit(model, objective, SPEC, [Count(objective, step=kill)], checkpoints)
    again = line_model()
    history = fit(again, objective, SPEC, [Count(objective)], Checkpoints(tmp_path, seconds=0))
    assert again.weight.item() == whole.weight.item()
    assert history.fell == expected.fell
    assert [r["step"] for r in history.records] == [r["step"] for r in expected.records]


def test_a_declared_length_is_judged_at_even_distances():
    length = Length(TrainSpec(evaluations=4), 21)
    assert [step for step in range(1, 22) if length.judged_after(step)] == [5, 10, 15, 20, 21]
