"""Frames to text: decoding against all paths, what is recognised, learned, shown and refused."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.data.ts_format import series_column
from seqlab.errors import UserError
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.targets.transcript import frames_needed, greedy, prefix_beam
from seqlab.tasks.transcribe import Transcribe
from seqlab.training.fit import fit
from seqlab.workbench.gathering import choose_task
from tests.tones import CHANNELS, recordings


def table(count=200, **more):
    frames, words = recordings(count, **more)
    return pd.DataFrame({"series": series_column(frames), "text": words})


def prepare(frame=None, **settings):
    found = table() if frame is None else frame
    return Transcribe.prepare(Sources(Table(found, "tones.npz")), DataSpec(**settings), 0)[0]


def refused(frame, **settings):
    with pytest.raises(UserError) as caught:
        prepare(frame, **settings)
    return caught.value


# -- decoding --------------------------------------------------------------------------------------


def collapsed(path):
    merged = [c for c, _ in itertools.groupby(path)]
    return tuple(c for c in merged if c != 0)


def log_probabilities(seed, frames=5, classes=3):
    values = np.random.default_rng(seed).normal(0, 1.5, (frames, classes))
    return values - np.log(np.exp(values).sum(axis=1, keepdims=True))


def all_texts(scores):
    """Every text with the summed probability of its paths."""
    texts = {}
    for path in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        p = np.exp(sum(scores[t, c] for t, c in enumerate(path)))
        texts[collapsed(path)] = texts.get(collapsed(path), 0) + p
    return texts


@pytest.mark.parametrize("seed", range(12))
def test_a_wide_beam_finds_the_most_probable_text(seed):
    scores = log_probabilities(seed)
    texts = all_texts(scores)
    assert sum(texts.values()) == pytest.approx(1)
    found = tuple(prefix_beam(scores, 500).tolist())
    assert texts[found] == pytest.approx(max(texts.values()))


def test_the_best_path_is_not_always_the_best_text():
    """0.4 · 0.4 for two blanks, but 0.64 for one "a" over its three paths."""
    scores = np.log(np.array([[0.6, 0.4], [0.6, 0.4]]))
    assert greedy(scores).tolist() == []
    assert prefix_beam(scores, 10).tolist() == [1]


def test_the_best_path_merges_repetitions_but_not_over_a_blank():
    path = np.array([1, 1, 0, 1, 2, 2, 0, 0])
    assert greedy(np.log(np.eye(3)[path] + 1e-9)).tolist() == [1, 1, 2]


def test_as_many_frames_are_needed_as_the_loss_needs():
    for ids in ([1, 2, 1], [1, 1], [2, 2, 2, 1]):
        needed = frames_needed(np.array(ids))
        for frames, possible in ((needed, True), (needed - 1, False)):
            scores = torch.zeros(frames, 1, 3).log_softmax(dim=-1)
            loss = torch.nn.functional.ctc_loss(
                scores, torch.tensor([ids]), [frames], [len(ids)], reduction="sum"
            )
            assert bool(loss.isfinite()) == possible


# -- what is recognised ------------------------------------------------------------------------


def test_frames_with_texts_are_recognised(tmp_path):
    frames, words = recordings(40)
    lengths = np.array([len(one) for one in frames])
    np.savez(tmp_path / "tones.npz", x=np.concatenate(frames), lengths=lengths, text=words)
    sources = Sources(read_table(tmp_path / "tones.npz"))
    task, why = choose_task(sources, None, {})
    assert (task, why) == (
        "transcribe",
        'frames in "series" and a text for each in "text": transcribe',
    )
    assert len(Transcribe.prepare(sources, DataSpec(), 0)[0].train) == 32


def test_a_row_a_frame_is_the_same_data():
    frames, words = recordings(40)
    rows = [
        {
            "recording": f"r{i}",
            "step": t,
            "text": word,
            **{f"c{k}": v for k, v in enumerate(one[t])},
        }
        for i, (one, word) in enumerate(zip(frames, words, strict=True))
        for t in range(len(one))
    ]
    long = pd.DataFrame(rows)
    assert choose_task(Sources(Table(long, "t.csv")), None, {})[0] == "transcribe"
    first, second = (
        Transcribe.prepare(Sources(Table(frame, "t")), DataSpec(), 0)[0]
        for frame in (long, pd.DataFrame({"series": series_column(frames), "text": words}))
    )
    for part in ("train", "test"):
        one, other = (getattr(p, part) for p in (first, second))
        assert sorted(one.frame["target"]) == sorted(other.frame["target"]) or part == "test"
    assert first.task.reader.stack == second.task.reader.stack


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"text": ["a b", "c d"] * 9, "label": ["x", "y"] * 9}),
        pd.DataFrame({"src": ["a b", "c d"] * 9, "tgt": ["e f", "g h"] * 9}),
        table(40).assign(text=["yes", "no"] * 20),
        table(40).rename(columns={"text": "speaker"}),
    ],
)
def test_other_data_are_not_claimed(frame):
    assert Transcribe.recognise(Table(frame, "t")).score < 0.5


# -- preparation -----------------------------------------------------------------------------------


def test_channels_are_scaled_and_frames_stacked():
    frame = table()
    frame["series"] = series_column([10 + 5 * one for one in frame["series"]])
    prepared = prepare(frame, options={"stack": 2})
    steps = prepared.train.arrays["steps"]
    assert steps.values.shape[1] == 2 * CHANNELS
    assert abs(steps.values.mean()) < 0.1
    assert prepared.task.inputs.size == 2 * CHANNELS
    assert prepared.card["frames_a_step"] == 2
    assert prepare(options={"stack": 1}).task.inputs.size == CHANNELS


def test_a_fitted_task_survives_being_stored(tmp_path):
    prepared = prepare()
    prepared.task.save(tmp_path)
    again = Transcribe.load(tmp_path)
    new = Table(table(9, seed=4).drop(columns="text"), "new.npz")
    for name in ("steps", "target"):
        one, other = (t.encode(new).arrays[name].values for t in (prepared.task, again))
        np.testing.assert_array_equal(one, other)
    assert again.encode(new).frame["target"].tolist() == [None] * 9


def test_what_cannot_be_used_is_counted_and_listed():
    frame = table(100)
    frame.loc[4, "text"] = ""
    frame.loc[[7, 8], "text"] = ["abcdef" * 20, "fedcba" * 20]
    frame["split"] = ["train"] * 60 + ["valid"] * 20 + ["test"] * 20
    notes = " | ".join(prepare(frame).card["notes"])
    assert "1 example left out: an empty text (recording 5)" in notes
    assert "2 training recordings left out: fewer frames than characters" in notes
    assert '("abcdefabcdef' in notes
    assert '"fedcbafedcba' in notes


def test_recordings_that_cannot_be_read_are_left_out_and_named():
    frame = table(40)
    frame.loc[3, "series"][2, 1] = np.inf
    frame.at[5, "series"] = frame.loc[5, "series"][:, :3]
    notes = prepare(frame).card["notes"]
    infinite = "an infinite value at step 3 of channel 2"
    assert f"1 example left out: {infinite} (recording 4)" in notes
    assert "1 example left out: 3 channels, expected 8 (recording 6)" in notes


def test_data_that_are_refused():
    none = table(40).rename(columns={"text": "speaker"})
    assert refused(none).message.startswith('"tones.npz": no column of texts among')
    short = table(40).assign(text=[f"{w}{'ab' * 200}" for w in table(40)["text"]])
    assert "every training text is longer than its recording has frames" in refused(short).message
    assert 'unknown setting in options "beem"' in refused(table(40), options={"beem": 2}).message
    assert 'unknown metric "bleu"' in refused(table(40), metric="bleu").message


def test_new_recordings_of_other_channels_are_refused():
    task = prepare().task
    other = pd.DataFrame({"series": series_column([np.zeros((9, 3), dtype=np.float32)])})
    with pytest.raises(UserError, match="recording 1: 3 channels, expected 8; no other"):
        task.encode(Table(other, "new"))


# -- learning ------------------------------------------------------------------------------------


def test_a_model_learns_to_spell_words_it_has_not_heard():
    prepared = prepare(table(300), options={"stack": 1})
    task, test = prepared.task, prepared.test
    assert not set(test.frame["target"]) & set(prepared.train.frame["target"])
    spec = ModelSpec(mixer="gru", width=24, bidirectional=True, dropout=0.0)
    train = TrainSpec(learning_rate=1e-2, batch_size=16, epochs=10, evaluations=2)
    model = build_model(task, spec)
    fit(model, TaskObjective(prepared, prepared.train, train), train)
    metric = registry.load("metrics", "character-error-rate")()
    rates = {}
    for beam in (1, 8):
        target = task.target.model_copy(update={"beam": beam})
        reader = Transcribe(task.reader, target, task.state)
        predictions = predict_all(reader, model, test)
        rates[beam] = metric.value(task.statistics(metric, predictions, test))
    assert max(rates.values()) < 0.1
    shown, curve = task.exhibits(predictions, test)
    assert sum(curve.data["count"]) == len(test)
    assert [item["predicted"] for item in shown.data["items"]]
    presented = task.present(predictions, test)
    assert presented["recording"].tolist() == test.frame["name"].tolist()
    for name in registry.names("baselines"):
        if "transcribe" in registry.card("baselines", name)["tasks"]:
            humble = registry.load("baselines", name)()
            humble = humble.fit(task, prepared.train, prepared.valid, 0)
            again = type(humble).from_state(humble.state())
            found = humble.predict(task, test)
            assert task.texts(found) == task.texts(again.predict(task, test))
            assert metric.value(task.statistics(metric, found, test)) > 0.3


def test_the_nearest_recording_is_found_again_and_the_commonest_text_counted():
    frame = table(60)
    frame.loc[:20, "text"] = "abba"
    prepared = prepare(frame)
    nearest, common = (
        registry.load("baselines", name)().fit(prepared.task, prepared.train, prepared.valid, 0)
        for name in ("nearest-recording", "common-transcript")
    )
    said = prepared.task.texts(nearest.predict(prepared.task, prepared.train))
    assert said == prepared.train.frame["target"].tolist()
    assert set(prepared.task.texts(common.predict(prepared.task, prepared.test))) == {"abba"}


# -- inspection ----------------------------------------------------------------------------------


def test_the_doctor_compares_frames_with_characters():
    frame = table(100)
    frame.loc[3, "series"][1, 1] = np.nan
    frame.loc[9, "text"] = "ab" * 60
    findings = Transcribe.inspect(Sources(Table(frame, "tones.npz")), DataSpec(), 0)
    said = {f.title: f for f in findings}
    (frames,) = [f for title, f in said.items() if title.startswith("100 recordings of ")]
    assert frames.severity == "warning"
    assert frames.detail.endswith("fewer than one in 1 recordings")
    assert "recordings with missing values: 1" in said
    (error,) = Transcribe.inspect(
        Sources(Table(frame.rename(columns={"text": "speaker"}), "tones.npz")), DataSpec(), 0
    )
    assert error.severity == "error"
