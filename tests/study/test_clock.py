"""A time limit: which runs may begin, and which that have begun are left out after all."""

import pytest

from seqlab.runs import Job
from seqlab.study import clock as clocks
from seqlab.study.assignment import Assignment
from seqlab.study.clock import Clock


class Hand:
    """A clock's hand that the test moves."""

    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def hand(monkeypatch):
    moved = Hand()
    monkeypatch.setattr(clocks, "time", moved)
    return moved


def verdict(number):
    return Assignment(
        job=Job("gru", "model", "verdict", number),
        task="task",
        prepared="prepared",
        data="data",
        model={},
        train={"seed": 0},
    )


def clock_of(seconds):
    """100 seconds for runs of so many each, and nothing to do after them."""
    return Clock(
        expected={("gru", "verdict"): seconds},
        total=8 * seconds,
        workers=1,
        deadline=1100.0,
        started=1000.0,
        begun=1000.0,
    )


@pytest.mark.parametrize(
    ("number", "share", "now", "overdue"),
    [
        (4, 0.5, 1099.0, False),  # there is time left
        (4, 0.5, 1101.0, True),  # it would take as long again
        (4, 0.97, 1101.0, False),  # it is about to end
        (4, 0.0, 1101.0, True),  # who knows when it ends
        (1, 0.5, 1101.0, False),  # without two seeds there is no verdict
    ],
)
def test_a_run_beyond_the_limit_is_left_out_unless_it_is_needed_or_nearly_done(
    hand, number, share, now, overdue
):
    clock, run = clock_of(10.0), verdict(number)
    assert clock.keep(run)
    clock.watch(run, share)
    hand.now = now
    assert clock.overdue(run) is overdue
    hand.now = 1000.0
    assert clock.keep(verdict(number + 1)) is not overdue, "what comes after it is left out as well"


def test_without_a_limit_nothing_is_overdue(hand):
    clock = Clock(expected={}, total=1.0, workers=1)
    assert clock.keep(verdict(7))
    hand.now = 1e9
    assert not clock.overdue(verdict(7))
