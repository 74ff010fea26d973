"""What is no number is rolled back, slowed down, tried again, and given up with the reason."""

import pytest
import torch

from seqlab.specs import TrainSpec
from seqlab.training.fit import DivergedError, fit
from tests.training.problems import Line, line_model

SPEC = TrainSpec(epochs=5, evaluations=5, patience=None, schedule="constant", warmup=0.0)


def spoil(*calls, by=float("nan")):
    return lambda call: by if call in calls else 1.0


def test_one_bad_step_is_rolled_back_to_the_last_good_point():
    history = fit(line_model(), Line(spoil=spoil(7)), SPEC)
    assert history.steps == 20
    assert [r["step"] for r in history.records] == [4, 8, 12, 16, 20]
    (rolled,) = history.rollbacks
    assert (rolled["step"], rolled["back_to"], rolled["factor"]) == (8, 4, 0.5)
    assert "not finite at step 8" in rolled["reason"]
    assert [r["learning_rate"] for r in history.records] == [1e-3, 5e-4, 5e-4, 5e-4, 5e-4]
    assert all(record["tokens_per_second"] > 0 for record in history.records)


def test_the_second_way_begins_where_the_first_was_sound():
    """Weights, optimiser and batches: at half the rate from the start it is the same training."""
    spoilt = line_model()
    fit(spoilt, Line(spoil=spoil(2)), SPEC)
    slow = line_model()
    fit(slow, Line(), SPEC.with_(learning_rate=5e-4))
    assert spoilt.weight.item() == slow.weight.item()


def test_it_is_tried_as_often_as_was_said_then_given_up():
    for retries, words in ((0, "usually helps"), (2, "(and 2 times again at lower rates)")):
        line = Line(spoil=lambda call: float("nan"))
        with pytest.raises(DivergedError) as caught:
            fit(line_model(), line, SPEC.with_(retries=retries))
        assert "not finite at step 4" in str(caught.value)
        assert words in str(caught.value)
        assert line.losses == 4 * (1 + retries)


def test_where_the_last_point_leads_nowhere_it_goes_back_to_the_one_before():
    """The weights of an evaluation may be bad although its loss, of the steps before, was sound."""
    tracked = []

    class Poisoned(Line):
        def loss(self, model, batch, state=None):
            bad = float(model.weight.detach().abs().max()) > 1e6
            tracked.append(bad)
            self.spoil = lambda call: float("nan") if bad else 1.0
            return super().loss(model, batch, state)

    class Blow:
        """Makes the weights bad at the second evaluation, once: after its loss was judged."""

        def __init__(self):
            self.times = 0

        def on_evaluate(self, progress):
            if progress.history.steps == 8 and not self.times:
                self.times += 1
                with torch.no_grad():
                    progress.model.weight.fill_(1e9)

        def __getattr__(self, name):
            return lambda progress: None

    history = fit(line_model(), Poisoned(), SPEC.with_(retries=3), [Blow()])
    assert any(tracked)
    assert [r["back_to"] for r in history.rollbacks] == [8, 4]
    assert history.steps == 20


def test_a_spike_is_rolled_back_only_where_that_is_asked():
    def line():
        return Line(spoil=spoil(9, 10, 11, 12, by=100.0))

    assert not fit(line_model(), line(), SPEC).rollbacks
    (rolled,) = fit(line_model(), line(), SPEC.with_(spike=3.0)).rollbacks
    assert rolled["step"] == 12
    assert "the loss rose from" in rolled["reason"]


def test_a_score_that_is_no_number_is_rolled_back_too():
    scores = iter([3.0, float("nan"), 2.5, 2.0, 1.5, 1.0])
    history = fit(line_model(), Line(scores=scores), SPEC)
    assert len(history.rollbacks) == 1
    assert history.best == 1.0
