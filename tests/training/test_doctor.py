"""Each symptom is found in a history that shows it, and none in a sound one."""

import pytest

from seqlab.training.doctor import examine

SOUND = {
    "loss": [1.0, 0.7, 0.55, 0.5, 0.49, 0.488],
    "valid": [0.6, 0.7, 0.75, 0.78, 0.78, 0.78],
    "norm": [1.0] * 6,
    "clipped": [0.3] * 6,
    "loading": [0.02] * 6,
}


def records(**changes):
    given = {**SOUND, **changes}
    columns = zip(*(given[name] for name in SOUND), strict=True)
    names = ("train_loss", "valid", "gradient_norm", "clipped", "loading")
    return [
        {"step": 10.0 * n, **dict(zip(names, row, strict=True))}
        for n, row in enumerate(columns, start=1)
    ]


def test_a_sound_training_has_no_symptom():
    assert examine(records(), True) == []


SICK = {
    "overfitting": {
        "loss": [1.0, 0.6, 0.4, 0.2, 0.1, 0.05],
        "valid": [0.6, 0.8, 0.78, 0.76, 0.74, 0.72],
    },
    "underfitting": {
        "loss": [1.0, 0.9, 0.8, 0.7, 0.6, 0.5],
        "valid": [0.5, 0.55, 0.6, 0.65, 0.7, 0.75],
    },
    "loss spike": {"loss": [1.0, 0.6, 0.5, 1.6, 0.5, 0.498]},
    "plateau": {"loss": [0.693] * 6, "valid": [0.5] * 6},
    "dead units": {"norm": [1.0, 0.1, 1e-3, 1e-5, 1e-7, 1e-8]},
    "exploding gradients": {"norm": [1.0, 10, 1e4, 1.0, 1.0, 1.0]},
    "clipped all the time": {"clipped": [0.5, 1.0, 1.0, 0.95, 1.0, 1.0]},
    "waiting for data": {"loading": [0.4] * 6},
}


@pytest.mark.parametrize("what", SICK)
def test_each_symptom_alone(what):
    (found,) = examine(records(**SICK[what]), True)
    assert found.what == what
    assert found.evidence
    assert found.advice


def test_scores_that_should_fall():
    worse = [1.0, 0.5, 0.6, 0.7, 0.8, 0.9]
    sick = records(loss=[1.0, 0.6, 0.4, 0.2, 0.1, 0.05], valid=worse)
    assert [s.what for s in examine(sick, False)] == ["overfitting"]


def test_divergence_is_told_from_the_rollbacks():
    rolled = [{"step": 40, "back_to": 20, "factor": 0.5, "reason": "…"}]
    (found,) = examine(records(), True, rolled)
    assert found.what == "divergence"
    assert "first at step 40" in found.evidence
    assert "0.5 of the learning rate" in found.evidence
