"""The conformance suite fails where a baseline breaks a promise: one broken baseline for each."""

import numpy as np
import pytest

from seqlab import registry
from seqlab.tasks.base import DataSpec, Sources
from tests.baselines import test_conformance as suite

Majority = registry.load("baselines", "majority")


class DropsARow(Majority):
    def predict(self, task, examples):
        return super().predict(task, examples)[1:]


class PredictsNoNumbers(Majority):
    def predict(self, task, examples):
        return np.full_like(super().predict(task, examples), np.nan)


class DiffersAfterLoading(Majority):
    @classmethod
    def from_state(cls, state):
        whole = super().from_state(state)
        return cls(whole.frequencies[::-1])


class StoresNothing(Majority):
    def state(self):
        return {}, {}


class IsLeftToChance(Majority):
    """Though it says that it is deterministic."""

    def fit(self, task, train, valid, seed):
        whole = super().fit(task, train, valid, seed)
        return type(self)(np.random.default_rng(seed).dirichlet(1 + whole.frequencies))


class KnowsNoSize(Majority):
    parameters = -1


class IsOfAnotherKind(Majority):
    """What it predicts is not in the shape of the task's own predictions."""

    def predict(self, task, examples):
        return super().predict(task, examples)[:, :1]


BROKEN = (
    *(DropsARow, PredictsNoNumbers, DiffersAfterLoading, StoresNothing),
    *(IsLeftToChance, KnowsNoSize, IsOfAnotherKind),
)


@pytest.mark.parametrize("baseline", BROKEN, ids=lambda baseline: baseline.__name__)
def test_a_broken_promise_is_seen(baseline, monkeypatch, tmp_path):
    task, load = registry.load("tasks", "classify"), registry.load
    data = task.prepare(Sources(task.sample(60, 0)), DataSpec(), 0)[0]
    monkeypatch.setattr(
        registry, "load", lambda kind, name: baseline if name == "majority" else load(kind, name)
    )
    with pytest.raises(Exception) as seen:  # noqa: PT011 – whatever it breaks first
        suite.test_it_fits_predicts_and_is_stored("majority", "classify", lambda _: data, tmp_path)
    assert not isinstance(seen.value, NotImplementedError | ImportError | NameError)


def test_the_suite_is_content_with_the_baseline_itself(tmp_path):
    task = registry.load("tasks", "classify")
    data = task.prepare(Sources(task.sample(60, 0)), DataSpec(), 0)[0]
    suite.test_it_fits_predicts_and_is_stored("majority", "classify", lambda _: data, tmp_path)
