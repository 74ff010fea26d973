"""Settings that contradict each other are refused in a line, before anything is trained."""

import pytest

from seqlab.cli import run
from seqlab.errors import UserError
from tests.reviews import write_reviews
from tests.study.test_study_folder import study

REFUSED = {
    "a schedule longer than training": (
        {"train": {"schedule": "cyclic", "cycles": 50}},
        "train.cycles = 50: a cycle takes 2 steps or more, so the schedule is longer than the "
        "training of ",
    ),
    "an augmentation of another kind of data": (
        {"train": {"augment": [{"kind": "jitter"}]}},
        'train.augment: "jitter" would make the targets of classify wrong',
    ),
    "a word list that is not there": (
        {"train": {"augment": [{"kind": "synonyms", "words": "nowhere.csv"}]}},
        "train.augment: words = nowhere.csv: no such file or directory",
    ),
    "a hook that is not there": (
        {"train": {"augment": [{"kind": "rewrite", "hook": "nowhere:f"}]}},
        "train.augment: hook = \"nowhere:f\": No module named 'nowhere'",
    ),
    "an unknown tracker": (
        {"train": {"tracker": "neptune"}},
        "train.tracker = 'neptune': should be 'tensorboard', 'wandb', 'mlflow' or 'trackio'",
    ),
    "EMA that forgets nothing": ({"train": {"ema": 1}}, "train.ema = 1: should be less than 1"),
    "no batches to a step": (
        {"train": {"accumulate": 0}},
        "train.accumulate = 0: should be greater than or equal to 1",
    ),
    "a negative rate": (
        {"train": {"learning_rate": -1e-3}},
        "train.learning_rate = -0.001: should be greater than 0",
    ),
    "stochastic depth without branches": (
        {"model": {"stochastic_depth": 0.2}},
        "model.stochastic_depth = 0.2: no candidate has what this drops",
    ),
    "attention dropout without attention": (
        {"model": {"attention_dropout": 0.3}},
        "model.attention_dropout = 0.3: no candidate has what this drops",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_before_anything_is_trained(what, tmp_path, in_process, monkeypatch):
    monkeypatch.setattr("seqlab.study.planning.probe", _never)
    settings, said = REFUSED[what]
    with pytest.raises(UserError) as caught:
        study(tmp_path / "study", **settings)
    assert caught.value.message.startswith(said)
    assert not (tmp_path / "study/runs").exists()


def _never(*_):
    raise AssertionError("training was under way")


def test_in_variants_too(tmp_path, in_process):
    off = {"": {}, "odd": {"train": {"schedule": "cyclic", "cycles": 50}}}
    with pytest.raises(UserError, match=r"train\.cycles = 50"):
        study(tmp_path / "study", variants=off)
    idle = {"": {}, "with-depth": {"model": {"stochastic_depth": 0.1}}}
    with pytest.raises(UserError, match=r"model\.stochastic_depth = 0\.1: no candidate has"):
        study(tmp_path / "study", variants=idle)


def test_weights_that_are_nowhere(tmp_path, in_process):
    with pytest.raises(UserError, match=r"model\.weight_drop = 0\.3: no candidate has what this"):
        study(tmp_path / "a", candidates=("transformer",), model={"weight_drop": 0.3})
    made = study(tmp_path / "b", candidates=("rnn", "bag"), model={"weight_drop": 0.3})
    assert made.verdict_["recommended"], "it may leave some candidates alone"


@pytest.mark.parametrize(
    ("task", "settings", "said"),
    [
        (
            "language",
            ["options.stateful=true", "model.bidirectional=true"],
            "bidirectional = true: this task needs a model that does not see the future",
        ),
        (
            "language",
            ['train.augment=[{kind="token_dropout"}]'],
            'train.augment: "token_dropout" would make the targets of language wrong',
        ),
        ("language", ["train.mixup=0.2"], "train.mixup = 0.2: language has no single label"),
        (
            "regress",
            ["train.label_smoothing=0.1"],
            "train.label_smoothing = 0.1: regress has no labels for that",
        ),
    ],
)
def test_on_the_command_line(task, settings, said, tmp_path, capsys):
    data = tmp_path / "data.txt"
    if task == "language":
        data.write_text("the dog sleeps here and the cat runs there . \n" * 200)
    else:
        data = write_reviews(tmp_path / "data.csv", labels=("1.5", "2.5"))
    options = [part for one in settings for part in ("--set", one)]
    small = ["--candidates", "rnn", "--params", "3k", "--seeds", "1", "--trials", "0"]
    assert run(["compare", str(data), "--task", task, *small, *options, "-o", str(tmp_path / "s")])
    told = capsys.readouterr().err.strip().splitlines()
    assert told[-2:][0].startswith(f"error: {said}")
    assert not (tmp_path / "s/runs").exists()
