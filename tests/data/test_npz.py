"""Arrays of NumPy: parts, axes, labels, unequal lengths; nothing is unpickled."""

from __future__ import annotations

import numpy as np
import pytest

from seqlab.data.npz import oriented
from seqlab.data.sources import read_table
from seqlab.errors import UserError

X = np.arange(24, dtype=np.float32)


def npz(tmp_path, **arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    return tmp_path / "a.npz"


def test_given_parts_and_channels_before_steps(tmp_path):
    x = X.reshape(2, 3, 4)
    table = read_table(npz(tmp_path, X_train=x, y_train=[0, 1], X_test=x[:1], y_test=[1]))
    assert table.frame["split"].tolist() == ["train", "train", "test"]
    np.testing.assert_array_equal(table.frame["series"][1], x[1].T)


def test_a_longer_first_axis_is_steps(tmp_path):
    table = read_table(npz(tmp_path, x=X.reshape(2, 12, 1), y=["a", "b"], subject=[4, 5]))
    assert table.frame["series"][0].shape == (12, 1)
    assert table.frame["subject"].tolist() == [4, 5]
    assert "axes read as (steps, channels): 1 channels" in table.notes


def test_lengths_cut_what_is_end_to_end_and_classes_name_labels(tmp_path):
    path = npz(
        tmp_path, x=X.reshape(12, 2), lengths=[5, 7], y=np.array([1, 0]), classes=["up", "down"]
    )
    table = read_table(path)
    assert [len(values) for values in table.frame["series"]] == [5, 7]
    assert table.frame["label"].tolist() == ["down", "up"]


@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 5, 6, 3), (3, 3, 8, 8)])
def test_bytes_in_two_axes_are_images(tmp_path, shape):
    x = np.zeros(shape, np.uint8)
    table = read_table(npz(tmp_path, x=x, y=[0, 1, 1]))
    assert table.frame["image"][0].shape == ((8, 8, 3) if shape[1] == 3 else shape[1:])


def test_one_array_alone_is_read_to_be_predicted(tmp_path):
    np.save(tmp_path / "new.npy", X.reshape(2, 12))
    assert read_table(tmp_path / "new.npy").frame["series"][1].shape == (12, 1)


def test_a_folder_of_arrays_reads_like_an_archive(tmp_path):
    np.save(tmp_path / "x_train.npy", X.reshape(2, 12))
    np.save(tmp_path / "y_train.npy", np.array([0, 1]))
    np.save(tmp_path / "x_test.npy", X.reshape(2, 12))
    np.save(tmp_path / "y_test.npy", np.array([0, 1]))
    assert read_table(tmp_path).frame["split"].tolist() == ["train"] * 2 + ["test"] * 2


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.array([np.zeros(2), np.zeros(3)], dtype=object)}, "holds Python objects"),
        ({"y": [1]}, "no array x among y (1,)"),
        ({"x": X.reshape(2, 12), "y": [1, 2, 3]}, "y is (3,), for 2 examples"),
        ({"x": X}, "x is (24,)"),
        ({"x": X.reshape(12, 2), "lengths": [5, 5]}, "do not add up to the steps of x (12, 2)"),
        ({"x_test": X.reshape(2, 12)}, "has arrays for test, but none for train"),
        ({"x": np.array(["a", "b"])}, "holds <U1, not numbers"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, arrays, said):
    with pytest.raises(UserError) as error:
        read_table(npz(tmp_path, **arrays))
    assert said in error.value.message


def test_a_damaged_archive_is_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 not an archive")
    with pytest.raises(UserError, match="cannot be read"):
        read_table(tmp_path / "a.npz")


def test_the_axis_that_agrees_is_the_channels():
    series, note = oriented([np.zeros((2, 5)), np.zeros((2, 7))], "x")
    assert [one.shape for one in series] == [(5, 2), (7, 2)]
    assert note == "axes read as (channels, steps): 2 channels"
    with pytest.raises(UserError, match="number of channels differs"):
        oriented([np.zeros((2, 5)), np.zeros((3, 7))], "x")


def test_arrays_beside_one_another_are_columns_of_steps(tmp_path):
    np.savez(tmp_path / "walk.npz", acc=np.zeros((50, 3)), label=np.arange(50) % 2, scale=0.5)
    table = read_table(tmp_path / "walk.npz")
    assert table.frame.columns.tolist() == ["acc_1", "acc_2", "acc_3", "label"]
    assert len(table.frame) == 50
    assert table.notes == (
        "arrays of 50 rows each: a row a time step",
        "arrays left out, for they are not a value a row: scale",
    )


def test_a_series_with_a_channel_less_is_named():
    arrays = [np.zeros((3, 20)) for _ in range(9)] + [np.zeros((2, 20))]
    with pytest.raises(UserError) as raised:
        oriented(arrays, "x.npz")
    assert raised.value.message == '"x.npz" series 10 has 2 channels, 9 others have 3'
