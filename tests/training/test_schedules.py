"""Every schedule has the shape its paper draws, and contradictions are one line."""

import pytest

from seqlab.errors import UserError
from seqlab.specs import TrainSpec
from seqlab.training.fit import fit
from seqlab.training.hooks import Hook
from seqlab.training.schedules import schedule
from tests.training.problems import Line, line_model


def factors(steps=100, **fields):
    factor = schedule(TrainSpec(**fields), steps)
    return [factor(step) for step in range(steps)]


@pytest.mark.parametrize("name", ["cosine", "linear", "constant", "inverse_sqrt", "wsd", "plateau"])
def test_warm_up_rises_linearly_to_one(name):
    found = factors(schedule=name, warmup=0.1)
    assert found[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert max(found) == pytest.approx(1.0)


def test_linear_and_cosine_fall_as_they_are_called():
    quarters = [factors(1000, schedule="linear", warmup=0.0)[n] for n in (250, 500, 750)]
    assert quarters == pytest.approx([0.75, 0.5, 0.25], abs=0.01)
    quarters = [factors(1000, schedule="cosine", warmup=0.0)[n] for n in (250, 500, 750)]
    assert quarters == pytest.approx([0.854, 0.5, 0.146], abs=0.01)


def test_inverse_square_root():
    found = factors(schedule="inverse_sqrt", warmup=0.1)
    assert found[40] == pytest.approx(0.5)
    assert found[90] == pytest.approx(1 / 3)


def test_warm_up_stable_decay():
    found = factors(1000, schedule="wsd", warmup=0.1, decay=0.2)
    assert found[100:800] == pytest.approx([1.0] * 700)
    assert found[850] == pytest.approx(0.5)
    assert found[950] == pytest.approx(1 - 0.75**0.5)
    assert found[-1] < 0.01


def test_one_cycle_begins_low_peaks_and_ends_far_lower():
    found = factors(1000, schedule="one_cycle", warmup=0.3)
    assert found[0] == pytest.approx(1 / 25, rel=0.01)
    assert found.index(max(found)) == pytest.approx(300, abs=1)
    assert max(found) == pytest.approx(1.0)
    assert found[-1] < 1e-4


@pytest.mark.parametrize(
    ("cycle", "heights"), [("triangular", (1, 1)), ("triangular2", (1, 0.5)), ("exp", None)]
)
def test_cyclic(cycle, heights):
    found = factors(400, schedule="cyclic", cycle=cycle, cycles=4, warmup=0.0)
    peaks = [max(found[:100]), max(found[100:200])]
    if heights is None:  # falls all along
        assert peaks[1] / peaks[0] == pytest.approx(0.5, rel=0.02)
        assert peaks[0] == pytest.approx(0.5**0.5, rel=0.02)
    else:
        assert peaks == pytest.approx(heights, rel=0.02)
    assert found[49] == pytest.approx(max(found[:100]), rel=0.02)
    assert found[99] < 0.02
    assert min(found) > 0


def test_least_factor():
    for name in ("cosine", "linear", "wsd", "cyclic"):
        found = factors(1000, schedule=name, min_factor=0.2, warmup=0.0)
        assert min(found) == pytest.approx(0.2, abs=0.01), name
        assert max(found) == pytest.approx(1.0, abs=0.01), name


class Rates(Hook):
    def on_train_begin(self, progress):
        self.seen = progress.history.records

    def on_train_end(self, progress):
        self.rates = [record["learning_rate"] for record in progress.history.records]


def test_plateau_lowers_the_rate_when_scores_stop_getting_better():
    watch = Rates()
    scores = [5.0, 4.0, 4.0, 4.0, 3.0, 3.0, 3.0, 3.0]
    spec = TrainSpec(
        learning_rate=1e-3,
        schedule="plateau",
        plateau_patience=2,
        plateau_factor=0.1,
        warmup=0.0,
        epochs=8,
        evaluations=8,
        patience=None,
    )
    fit(line_model(), Line(scores), spec, [watch])
    assert watch.rates == pytest.approx([1e-3] * 4 + [1e-4] * 3 + [1e-5])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"schedule": "wsd", "warmup": 0.5, "decay": 0.6},
            "train.decay = 0.6: with warmup = 0.5 the schedule is longer than the training; "
            "accepted: at most 0.5",
        ),
        (
            {"schedule": "cyclic", "cycles": 6, "steps": 10},
            "train.cycles = 6: a cycle takes 2 steps or more, so the schedule is longer than the "
            "training of 10; accepted: at most 5",
        ),
        ({"ema": 0.9, "swa": 0.5}, "train.swa = 0.5: the weights are averaged by ema; choose one"),
        (
            {"nesterov": True},
            'train.nesterov = True: accepted with optimizer = "sgd" and a momentum',
        ),
        (
            {"schedule": "open_ended", "swa": 0.5},
            "train.swa = 0.5: a share of the steps, whose number is not known with schedule = "
            "open_ended; accepted with it: none",
        ),
        ({"ema": 1.0}, "train.ema = 1.0: should be less than 1"),
        ({"accumulate": 0}, "train.accumulate = 0: should be greater than or equal to 1"),
        ({"learning_rate": -1.0}, "train.learning_rate = -1.0: should be greater than 0"),
        (
            {"schedule": "sinus"},
            "train.schedule = 'sinus': should be 'cosine', 'constant', 'linear', 'cyclic', "
            "'one_cycle', 'inverse_sqrt', 'plateau', 'wsd' or 'open_ended'",
        ),
    ],
)
def test_contradictions_are_one_line(fields, said):
    with pytest.raises(UserError) as caught:
        TrainSpec.read(fields, "train")
    assert caught.value.message == said


def test_cycles_longer_than_the_epochs_are_refused_when_training_begins():
    with pytest.raises(UserError, match=r"train\.cycles = 4: .* longer than the training of 4"):
        fit(line_model(), Line(), TrainSpec(schedule="cyclic", epochs=1))
