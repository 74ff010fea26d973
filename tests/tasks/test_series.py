"""Series with labels: every layout becomes the same values, and bad input is one clear line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.series import ClassifySeries as Series
from seqlab.workbench.gathering import choose_task


def waves(count=40, steps=12, channels=2, seed=0):
    """Rising and falling series with noise: (steps, channels) each, and their classes."""
    rng = np.random.default_rng(seed)
    labels = np.array(["up", "down"])[np.arange(count) % 2]
    slope = np.where(labels == "up", 1.0, -1.0)
    time = np.linspace(-1, 1, steps)
    x = slope[:, None, None] * time[None, :, None] + rng.normal(0, 0.2, (count, steps, channels))
    return x.astype(np.float32), labels


def wide(x, labels):
    frame = pd.DataFrame(x[:, :, 0], columns=[f"t{step}" for step in range(x.shape[1])])
    return frame.assign(label=labels)


def long(x, labels):
    rows = [
        {"id": f"s{row}", "time": step, "a": values[0], "b": values[1], "label": labels[row]}
        for row, series in enumerate(x)
        for step, values in enumerate(series)
    ]
    return pd.DataFrame(rows)


def prepare(frame, **settings):
    (prepared,) = Series.prepare(Sources(read_table(frame)), DataSpec(**settings), 0)
    return prepared


def error_of(frame, **settings) -> UserError:
    with pytest.raises(UserError) as error:
        prepare(frame, **settings)
    assert "\n" not in error.value.message
    return error.value


def everything(prepared):
    """All values by name, whatever their part."""
    parts = (prepared.train, prepared.valid, prepared.test)
    return {
        name: part.arrays["values"][row]
        for part in parts
        for row, name in enumerate(part.frame["name"])
    }


def test_layouts_hold_the_same_values():
    x, labels = waves()
    shuffled = long(x, labels).sample(frac=1, random_state=1)
    cells = pd.DataFrame({"series": [one.T.tolist() for one in x], "label": labels})
    by_id = everything(prepare(shuffled))
    by_row = everything(prepare(cells, options={"transpose": False}))
    assert len(by_id) == len(by_row) == 40
    stacked = np.concatenate(list(by_id.values()))
    assert stacked.shape == (40 * 12, 2)
    np.testing.assert_allclose(stacked.mean(0), 0, atol=0.1)
    first = by_id["s3"] - by_row["4"]
    assert np.ptp(first, axis=0).max() < 0.2  # the same but for the scales of other splits


@pytest.mark.parametrize("make", [wide, long])
def test_recognised_and_chosen(make):
    x, labels = waves()
    task, why = choose_task(Sources(read_table(make(x, labels))), None, {})
    assert task == "series", why


def test_standardised_by_training_alone():
    x, labels = waves()
    frame = wide(x, labels).assign(split=["train"] * 30 + ["test"] * 10)
    frame.loc[30:, "t0"] += 1000
    prepared = prepare(frame)
    train = prepared.train.arrays["values"].values
    assert abs(train.mean()) < 0.2  # test rows far off do not move it
    assert prepared.test.arrays["values"].values.max() > 100


def test_trailing_gaps_are_shorter_series_and_inner_ones_are_filled():
    x, labels = waves()
    frame = wide(x, labels)
    frame.loc[0, ["t10", "t11"]] = np.nan
    frame.loc[1, "t5"] = np.nan
    values = everything(prepare(frame))
    assert len(values["1"]) == 10
    middle = values["2"]
    np.testing.assert_allclose(middle[5], (middle[4] + middle[6]) / 2, rtol=1e-4)


def test_gaps_can_be_marked():
    x, labels = waves()
    frame = wide(x, labels)
    frame.iloc[:, 3] = np.where(np.arange(40) % 3 == 0, np.nan, frame.iloc[:, 3])
    values = everything(prepare(frame, options={"missing": "mask"}))
    assert values["1"][3].tolist() == [0.0, 1.0]
    assert values["2"][3][1] == 0.0


def test_patches_overlap_and_padding_changes_nothing():
    x, labels = waves(steps=12)
    lengths = np.where(np.arange(40) % 2, 12, 9)
    frame = pd.DataFrame(
        {"series": [one[:n] for one, n in zip(x, lengths, strict=True)], "label": labels}
    )
    prepared = prepare(frame, options={"patch": 4})
    task, examples = prepared.task, prepared.train
    assert (task.inputs.size, task.inputs.length, task.inputs.longest) == (2 * 8, None, 3)
    short = int(np.flatnonzero(examples.arrays["values"].lengths == 9)[0])
    tall = int(np.flatnonzero(examples.arrays["values"].lengths == 12)[0])
    alone, mask = task.reader.sequences(examples, np.array([short]))
    assert mask.all()
    together, mask = task.reader.sequences(examples, np.array([short, tall]))
    assert mask.all()  # 9 and 12 steps are three patches of 4 both
    np.testing.assert_array_equal(alone[0], together[0])
    series = examples.arrays["values"][tall]
    np.testing.assert_array_equal(together[1, 1].reshape(8, 2), series[2:10])


def test_long_series_are_averaged():
    x, labels = waves(count=12, steps=1100, channels=1)
    prepared = prepare(pd.DataFrame({"series": list(x), "label": labels}), split="50/25/25")
    assert prepared.card["steps_read_as_one"] == 3
    assert prepared.task.reader.scaling.patch == 6
    assert prepared.task.inputs.length == 62  # ⌈⌈1100/3⌉/6⌉


def test_groups_and_given_parts_are_honoured():
    x, labels = waves()
    frame = pd.DataFrame({"series": list(x), "label": labels, "subject": np.arange(40) // 8})
    prepared = prepare(frame, group="subject")
    subjects = [
        {(int(name) - 1) // 8 for name in part.frame["name"]}
        for part in (prepared.train, prepared.valid, prepared.test)
    ]
    assert not subjects[0] & subjects[1]
    assert not (subjects[0] | subjects[1]) & subjects[2]


def test_saved_and_loaded_it_encodes_and_presents_alike(tmp_path):
    x, labels = waves()
    frame = long(x, labels)
    prepared = prepare(frame)
    prepared.task.save(tmp_path)
    task = Series.load(tmp_path)
    model = build_model(task, ModelSpec(mixer="gru", width=8, pooling="mean"))
    examples = task.encode(read_table(frame.drop(columns="label")))
    shown = task.present(predict_all(task, model, examples), examples)
    assert shown["id"].tolist()[:2] == ["s0", "s1"]
    assert (examples.arrays["label"] == -1).all()
    np.testing.assert_allclose(shown[["p(down)", "p(up)"]].sum(axis=1), 1)


def test_exhibits_show_series_with_their_class():
    x, labels = waves()
    prepared = prepare(wide(x, labels), split="50/10/40")
    truth = np.eye(2)[prepared.test.arrays["label"]]
    kinds = {e.title: e for e in prepared.task.exhibits(truth, prepared.test)}
    assert kinds["Series by class"].kind == "series"
    assert len(kinds["Series by class"].data["items"][0]["target"]["y"]) == 12
    assert kinds["Confusions"].data["values"][0][1] == 0


def with_nan(frame):
    frame.iloc[2, :12] = np.nan
    return frame


X, LABELS = waves()


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (wide(X, LABELS).assign(label="up"), 'column "label" has only one class ("up")'),
        (
            pd.concat([long(X, LABELS), long(X, LABELS).head(1)]),
            'row 481: series "s0" has time "0" twice',
        ),
        (
            long(X, LABELS).assign(label=lambda f: np.where(f.index == 5, "odd", f["label"])),
            'row 6: series "s0" changes its "label" to "odd"',
        ),
        (
            long(X, LABELS).assign(
                time=lambda f: [
                    f"2020-01-01 00:{t:02}" + ("+01:00" if row == 3 else "")
                    for row, t in enumerate(f["time"])
                ]
            ),
            'column "time" row 4: "2020-01-01 00:03+01:00" has a time zone',
        ),
        (pd.DataFrame({"a": [1, 2], "label": ["x", "y"]}), "no series found among a"),
    ],
)
def test_bad_input_is_named(frame, said):
    assert said in error_of(frame).message


@pytest.mark.parametrize(
    ("frame", "note"),
    [
        (
            pd.DataFrame({"series": [*X[:39], X[39][:, :1]], "label": LABELS}),
            "1 example left out: 1 channels, expected 2 (series 40)",
        ),
        (
            pd.DataFrame({"series": [*X[:39], X[39][:1]], "label": LABELS}),
            "1 example left out: 1 step, expected 2 (series 40)",
        ),
        (with_nan(wide(X, LABELS)), "1 example left out: no values: all are missing (series 3)"),
        (wide(X, [None, *LABELS[1:]]), '1 example left out: no label in "label" (series 1)'),
        (
            wide(X, LABELS).replace({"t1": {X[0, 1, 0]: np.inf}}),
            "1 example left out: an infinite value at step 2 of channel 1 (series 1)",
        ),
    ],
    ids=["channels", "one step", "missing", "no label", "infinite"],
)
def test_series_that_cannot_be_used_are_left_out_and_named(frame, note):
    prepared = prepare(frame)
    assert note in prepared.card["notes"]
    assert note in [finding.title for finding in prepared.findings]
    assert sum(prepared.card["parts"].values()) == 39


def test_settings_are_checked():
    assert "options.patch" in error_of(wide(X, LABELS), options={"patch": 0}).message
    assert "pach" in error_of(wide(X, LABELS), options={"pach": 2}).message


def test_new_series_that_cannot_be_read_are_named_in_their_row():
    task = prepare(pd.DataFrame({"series": list(X), "label": LABELS})).task
    with pytest.raises(UserError, match="series 1: 1 channels, expected 2; no other"):
        task.encode(read_table(pd.DataFrame({"series": [X[0][:, :1]] * 2})))
    examples = task.encode(read_table(pd.DataFrame({"series": [X[0][:5], X[1]]})))
    shown = task.present(np.tile([0.3, 0.7], (2, 1)), examples)
    assert shown["problem"].tolist() == ["5 steps, all of the training data have 12", ""]
    assert shown["predicted"].isna().tolist() == [True, False]


def test_inspection_finds_copies_flat_series_and_gaps():
    frame = wide(X, LABELS).assign(split=["train"] * 20 + ["valid"] * 10 + ["test"] * 10)
    frame.iloc[35, :12] = frame.iloc[0, :12].to_numpy()
    frame.iloc[7, :12] = 1.0
    frame.iloc[8, 4] = np.nan
    found = Series.inspect(Sources(read_table(frame)), DataSpec(), 0)
    titles = " | ".join(finding.title for finding in found)
    assert "test examples that are also in training: 1" in titles
    assert "series that never change: 1" in titles
    assert "missing values" in titles


@pytest.mark.parametrize("mixer", ["tcn", "gru"])
def test_models_learn_what_is_easy(mixer):
    from seqlab.specs import TrainSpec
    from seqlab.study.objective import TaskObjective
    from seqlab.training.fit import fit

    prepared = prepare(wide(*waves(80)))
    task = prepared.task
    spec = TrainSpec.read({**task.train_defaults, "epochs": 8, "learning_rate": 5e-3})
    model = build_model(task, ModelSpec(mixer=mixer, width=16, pooling="mean"), 0)
    fit(model, TaskObjective(prepared, prepared.train, spec), spec)
    metric = registry.load("metrics", "accuracy")()
    statistics = task.statistics(metric, predict_all(task, model, prepared.test), prepared.test)
    assert metric.value(statistics) == 1.0
