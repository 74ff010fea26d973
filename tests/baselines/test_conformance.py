"""Every registered baseline enters the tasks that its card names, and comes back from storage."""

import numpy as np
import pytest

from seqlab import registry
from seqlab.baselines.storage import load_baseline, save_baseline
from seqlab.data.examples import Ragged
from seqlab.study.recipes import baselines_for, floor_of
from seqlab.tasks.base import DataSpec, Sources

CASES = [
    (baseline, task)
    for baseline, card in registry.cards("baselines").items()
    for task in card["tasks"]
]


@pytest.fixture(scope="module")
def prepared():
    """Task → its sample, prepared once."""
    made = {}

    def of(name):
        if name not in made:
            task = registry.load("tasks", name)
            made[name] = task.prepare(Sources(task.sample(60, 0)), DataSpec(), 0)[0]
        return made[name]

    return of


def flat(predictions):
    values = predictions.values if isinstance(predictions, Ragged) else predictions
    return np.asarray(values, dtype=np.float64)


@pytest.mark.parametrize(("name", "task"), CASES, ids=lambda value: str(value))
def test_it_fits_predicts_and_is_stored(name, task, prepared, tmp_path):
    card, data, kind = (
        registry.card("baselines", name),
        prepared(task),
        registry.load("baselines", name),
    )
    if "needs" in card:
        pytest.importorskip(card["needs"], reason=f"{card['needs']} is not installed")
    if not kind.enters(data.task):
        pytest.skip("it enters data of another kind")
    first = kind().fit(data.task, data.train, data.valid, 0)
    predictions = first.predict(data.task, data.test)
    assert len(predictions) == len(data.test)
    assert first.parameters >= 0
    for metric_name in data.task.metrics[:1]:
        metric = registry.load("metrics", metric_name)()
        assert np.isfinite(metric.value(data.task.statistics(metric, predictions, data.test)))
    save_baseline(first, tmp_path)
    again = load_baseline(tmp_path).predict(data.task, data.test)
    np.testing.assert_allclose(flat(again), flat(predictions), rtol=1e-5, atol=1e-6)
    if kind.deterministic:
        other = kind().fit(data.task, data.train, data.valid, 1).predict(data.task, data.test)
        np.testing.assert_allclose(flat(other), flat(predictions), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("task", registry.names("tasks"))
def test_a_task_has_one_floor_or_says_that_it_has_none(task, prepared):
    fitted = prepared(task).task
    kinds = [registry.load("baselines", name) for name in baselines_for(task)]
    floors = [kind for kind in kinds if kind.floor and kind.enters(fitted)]
    assert len(floors) == (1 if registry.card("tasks", task).get("floor", True) else 0)
    assert all(kind.deterministic for kind in floors)
    assert floor_of(fitted) is (floors[0] if floors else None)


@pytest.mark.parametrize(("name", "task"), CASES, ids=lambda value: str(value))
def test_what_is_constant_answers_every_example_alike(name, task, prepared):
    data, kind = prepared(task), registry.load("baselines", name)
    if kind.constant:
        predictions = kind().fit(data.task, data.train, data.valid, 0).predict(data.task, data.test)
        first = np.asarray(predictions[0])
        assert all(np.array_equal(predictions[row], first) for row in range(len(data.test)))
