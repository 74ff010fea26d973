"""Each symptom is found in a history that shows it, and none in a sound one."""

import pytest

from seqlab.training.doctor import edge, examine, failure

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


SURE = {"answers": 1000, "guessing_wrong": 500.0, "surest": 200, "surest_confidence": 0.97}


@pytest.mark.parametrize(
    ("wrong", "surest_wrong", "noise"),
    [
        (200.0, 38.0, True),  # wrong as often where it is sure
        (250.0, 26.0, False),  # hard: wrong where it hesitates
        (20.0, 4.0, False),  # good: too few to speak of
        (480.0, 96.0, False),  # nothing was learned
        (0.0, 0.0, False),
    ],
)
def test_label_noise_is_error_where_it_is_sure(wrong, surest_wrong, noise):
    sure = {**SURE, "wrong": wrong, "surest_wrong": surest_wrong}
    found = examine(records(), True, held_out={"sure": sure})
    assert [s.what for s in found] == ["label noise"] * noise
    assert examine(records(), True, held_out={"sure": {}}) == []


def test_units_that_never_change():
    assert examine(records(), True, held_out={"silent": {"blocks.0.mixer": 0.1}}) == []
    silent = {"blocks.0.mixer": 0.1, "blocks.0.mlp.1": 0.6}
    (found,) = examine(records(), True, held_out={"silent": silent})
    assert found.what == "dead units"
    assert found.evidence == "units that never changed on validation data: 60% in blocks.0.mlp.1"
    norms = [1.0, 0.1, 1e-3, 1e-5, 1e-7, 1e-8]
    assert len(examine(records(norm=norms), True, held_out={"silent": silent})) == 1, "told once"


RATES = [1e-3, 3e-4, 3e-3, 1e-2]


@pytest.mark.parametrize(
    ("scores", "side", "advice"),
    [
        ([0.7, 0.6, 0.75, 0.8], "highest", "0.03"),
        ([0.7, 0.8, 0.6, 0.5], "lowest", "0.0001"),
        ([0.8, 0.7, 0.75, 0.6], None, ""),
    ],
)
def test_a_best_rate_at_the_edge(scores, side, advice):
    tried = list(zip(RATES, scores, strict=True))
    for sign, higher in ((1, True), (-1, False)):
        found = edge([(rate, sign * score) for rate, score in tried], higher)
        if side is None:
            assert found is None
            continue
        assert found.what == "learning rate at the grid's edge"
        assert f"is the {side} tried" in found.evidence
        assert f"train.learning_rate={advice}" in found.advice
    assert edge(tried[:2], True) is None, "two rates have no middle"


def test_a_run_that_was_given_up():
    found = failure("the loss is not finite at step 8; a lower learning rate usually helps")
    assert (found.what, found.evidence) == ("divergence", "the loss is not finite at step 8")
