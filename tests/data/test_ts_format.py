"""The .ts format: tags, channels, gaps, moments; and what is wrong with a file, line by line."""

from __future__ import annotations

import numpy as np
import pytest

from seqlab.data.sources import read_table
from seqlab.errors import UserError

HEAD = "# a comment\n@problemName Toy\n@timeStamps {stamps}\n@classLabel {classes}\n@data\n"


def ts(tmp_path, lines, *, classes="true a b", stamps="false", name="toy.ts"):
    path = tmp_path / name
    path.write_text(HEAD.format(stamps=stamps, classes=classes) + "\n".join(lines) + "\n")
    return path


def test_channels_gaps_and_unequal_lengths_are_read(tmp_path):
    table = read_table(ts(tmp_path, ["1,2,?:4,5,6:a", "7,8:9,10:b"]))
    first, second = table.frame["series"]
    np.testing.assert_array_equal(first, np.array([[1, 4], [2, 5], [np.nan, 6]], np.float32))
    np.testing.assert_array_equal(second, np.array([[7, 9], [8, 10]], np.float32))
    assert table.frame["label"].tolist() == ["a", "b"]
    assert table.notes == ('"Toy": 2 series of 2–3 steps, 2 channels',)


def test_moments_put_values_in_order(tmp_path):
    line = "(2004-01-01 00:00:10,2.5),(2004-01-01 00:00:00,1.5):a"
    table = read_table(ts(tmp_path, [line, "(0,1),(3,2):b"], stamps="true"))
    assert table.frame["series"][0][:, 0].tolist() == [1.5, 2.5]


def test_a_folder_of_train_and_test_gives_parts(tmp_path):
    ts(tmp_path, ["1,2:a", "2,3:b"], name="Toy_TRAIN.ts")
    ts(tmp_path, ["3,4:a"], name="Toy_TEST.ts")
    assert read_table(tmp_path).frame["split"].tolist() == ["train", "train", "test"]


def test_series_to_be_predicted_have_no_label(tmp_path):
    assert "label" not in read_table(ts(tmp_path, ["1,2:?", "2,3:?"])).frame
    assert "label" not in read_table(ts(tmp_path, ["1,2", "2,3"], classes="false")).frame


@pytest.mark.parametrize(
    ("lines", "stamps", "said"),
    [
        (["1,2:3,4:a", "1,2:a"], "false", "line 7: 1 channels, the first series has 2"),
        (["1,2:3:a"], "false", "line 6: channels of 1 and 2 steps in one series"),
        (["1,x:a"], "false", 'line 6: "x" is not a number'),
        (["1,2:c"], "false", 'line 6: label "c" is not among those of @classLabel'),
        ([], "false", "no series after @data"),
        (["(0,1),(0,2):a"], "true", 'line 6: moment "0" is there twice'),
        (
            ["(2004-01-01 00:00,1),(2004-01-01 00:01+01:00,2):a"],
            "true",
            '"2004-01-01 00:01+01:00" has a time zone, unlike "2004-01-01 00:00" before',
        ),
        (["1,2:a"], "true", "no pairs of moment and value"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, lines, stamps, said):
    with pytest.raises(UserError) as error:
        read_table(ts(tmp_path, lines, stamps=stamps))
    assert said in error.value.message


def test_a_file_without_data_is_refused_and_typescript_is_text(tmp_path):
    path = tmp_path / "x.ts"
    path.write_text("@problemName Toy\n1,2:a\n")
    with pytest.raises(UserError, match="no line @data"):
        read_table(path)
