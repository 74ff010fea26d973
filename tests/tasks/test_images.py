"""Images with labels: rows, pixels and patches, sizes, and what new images must be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqlab.data.sources import read_table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.images import ClassifyImages as Images
from seqlab.tasks.inputs.image import as_positions
from seqlab.workbench.gathering import choose_task


def bars(count=40, height=6, width=4, colours=0, seed=0):
    """Bright above or bright below."""
    rng = np.random.default_rng(seed)
    labels = np.array(["above", "below"])[np.arange(count) % 2]
    shape = (count, height, width) + ((colours,) if colours else ())
    x = rng.integers(0, 80, shape)
    x[labels == "above", : height // 2] += 150
    x[labels == "below", height // 2 :] += 150
    return [image.astype(np.uint8) for image in x], labels


def frame_of(images, labels):
    return pd.DataFrame({"image": images, "label": labels})


def prepare(frame, **settings):
    (prepared,) = Images.prepare(Sources(read_table(frame)), DataSpec(**settings), 0)
    return prepared


@pytest.mark.parametrize(
    ("colours", "options", "shape"),
    [
        (0, {}, (6, 4)),
        (3, {"positions": "rows"}, (6, 12)),
        (3, {"positions": "pixels"}, (24, 3)),
        (0, {"positions": "patches", "patch": 2}, (6, 4)),
        (0, {"positions": "patches", "patch": 4}, (2, 16)),
    ],
)
def test_positions(colours, options, shape):
    prepared = prepare(frame_of(*bars(colours=colours)), options=options)
    inputs = prepared.task.inputs
    assert (inputs.length, inputs.size) == shape
    values, mask = prepared.task.reader.sequences(prepared.train, np.arange(3))
    assert values.shape == (3, *shape)
    assert mask is None


def test_patches_are_neighbours_row_by_row():
    x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    assert as_positions(x, "patches", 2)[0].tolist() == [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
        [8, 9, 12, 13],
        [10, 11, 14, 15],
    ]


def test_recognised_scaled_by_training_and_kept_after_saving(tmp_path):
    frame = frame_of(*bars())
    assert choose_task(Sources(read_table(frame)), None, {})[0] == "images"
    prepared = prepare(frame)
    values, _ = prepared.task.reader.sequences(prepared.train, np.arange(len(prepared.train)))
    assert (abs(values.mean()), values.std()) == pytest.approx((0, 1), abs=0.02)
    prepared.task.save(tmp_path)
    task = Images.load(tmp_path)
    examples = task.encode(read_table(frame.drop(columns="label")))
    model = build_model(task, ModelSpec(mixer="gru", width=8))
    assert predict_all(task, model, examples).shape == (40, 2)


def test_hardest_images_are_shown():
    prepared = prepare(frame_of(*bars(colours=3)))
    probabilities = np.full((len(prepared.test), 2), 0.5)
    shown = prepared.task.exhibits(probabilities, prepared.test)[-1]
    item = shown.data["items"][0]
    assert shown.kind == "images"
    assert np.shape(item["pixels"]) == (6, 4, 3)
    assert np.min(item["pixels"]) >= 0
    assert np.max(item["pixels"]) <= 1


def test_sizes_must_agree_or_are_brought_to_one():
    images, labels = bars()
    images[5] = images[5][:3]
    with pytest.raises(UserError) as error:
        prepare(frame_of(images, labels))
    assert error.value.message.endswith("image 6 is 3×4, image 1 is 6×4: images of different sizes")
    pytest.importorskip("PIL", reason="Pillow is not installed")
    assert prepare(frame_of(images, labels), options={"size": 8}).task.inputs.length == 8


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda i: [np.zeros((2, 3, 4, 5), np.uint8)] * len(i), "image 1: no image: expected"),
        (
            lambda i: [np.zeros((6, 4), np.uint8)] * len(i),
            "all pixels of the training images are 0",
        ),
    ],
)
def test_bad_images_are_named(change, said):
    images, labels = bars()
    with pytest.raises(UserError) as error:
        prepare(frame_of(change(images), labels))
    assert said in error.value.message


@pytest.mark.parametrize(
    ("last", "why"),
    [
        (np.zeros((2, 3, 4, 5), np.uint8), "no image: expected numbers, (height, width)"),
        (np.full((6, 4), np.nan), "an image with missing or infinite values"),
    ],
)
def test_bad_images_are_left_out_and_named(last, why):
    images, labels = bars()
    notes = prepare(frame_of([*images[:-1], last], labels)).card["notes"]
    assert any(n.startswith(f"1 example left out: {why}") and "(image 40)" in n for n in notes)


def test_new_images_must_have_the_size_of_training():
    task = prepare(frame_of(*bars())).task
    with pytest.raises(UserError, match="image 1: an image of 5×4, expected 6×4; no other"):
        task.encode(read_table(pd.DataFrame({"image": bars(4, height=5)[0]})))


def test_digits_are_in_every_installation():
    table = read_table("digits")
    assert (len(table.frame), table.frame["image"][0].shape) == (1797, (8, 8))
    assert Images.recognise(table).score > 0.5
