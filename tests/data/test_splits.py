"""Parts of the data: shares kept, classes even, groups whole, time in order, nothing twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqlab.data.partition import nested_subsets, parse_sizes
from seqlab.data.split_spec import SplitSpec
from seqlab.data.splits import RowsToDivide, folds, split, time_boundaries
from seqlab.errors import UserError

LABELS = np.array(["a"] * 700 + ["b"] * 200 + ["c"] * 100)


def parts_of(splits):
    return splits.train, splits.valid, splits.test


def error_of(rows, spec=None, divide=split) -> UserError:
    with pytest.raises(UserError) as caught:
        divide(rows, spec or SplitSpec())
    return caught.value


def test_default_is_stratified_eighty_ten_ten():
    splits = split(RowsToDivide(1000, LABELS), SplitSpec(), seed=3)
    assert [len(part) for part in parts_of(splits)] == [800, 100, 100]
    for part, size in zip(parts_of(splits), (80, 10, 10), strict=True):
        assert (LABELS[part] == "c").sum() == size
    assert splits.how == "80/10/10, stratified by label"
    again, other = (split(RowsToDivide(1000, LABELS), SplitSpec(), seed=s) for s in (3, 4))
    assert (again.test == splits.test).all()
    assert (other.test != splits.test).any()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(3, 30), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) >= 10),
    st.integers(0, 10),
)
def test_every_row_is_in_one_part_and_every_class_in_training(sizes, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    splits = split(RowsToDivide(len(labels), labels), SplitSpec(shares=(0.6, 0.2, 0.2)), seed)
    assert sorted(np.concatenate(parts_of(splits))) == list(range(len(labels)))
    assert set(labels[splits.train]) == set(labels[splits.test]) == set(range(len(sizes)))


def test_given_parts_are_kept_and_the_missing_one_cut_from_training():
    given = np.array(["train"] * 900 + ["test"] * 100)
    splits = split(RowsToDivide(1000, LABELS, given=given), SplitSpec())
    assert (splits.test == np.arange(900, 1000)).all()
    assert len(splits.valid) == 100
    splits = split(RowsToDivide(1000, LABELS, given=["train"] * 900 + ["dev"] * 100), SplitSpec())
    assert (splits.test == np.arange(900, 1000)).all()
    assert "the given validation part is used as test" in splits.notes[0]
    whole = split(RowsToDivide(3, given=["Train", "validation", "test"]), SplitSpec())
    assert [part.tolist() for part in parts_of(whole)] == [[0], [1], [2]]
    rows = RowsToDivide(2, given=["train", "exam"])
    assert error_of(rows).message == 'column split: "exam" is no part of the data'
    rows = RowsToDivide(2, given=["test", "test"])
    assert "no training rows" in error_of(rows).message
    rows = RowsToDivide(4, given=["train", "train", "valid", "test"])
    assert error_of(rows, SplitSpec.parse("60/20/20")).message == (
        "--split: the data brings its own parts (train, valid, test)"
    )


def test_groups_stay_whole():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 40, 1000)
    splits = split(RowsToDivide(1000, LABELS, groups=groups), SplitSpec(), seed=1)
    seen = [set(groups[part]) for part in parts_of(splits)]
    assert len(set.union(*seen)) == sum(map(len, seen))
    assert 80 <= len(splits.test) <= 120
    assert 0.06 <= (LABELS[splits.test] == "c").mean() <= 0.14
    assert error_of(RowsToDivide(4, groups=["a", "a", "b", "b"])).message == (
        "2 groups cannot be divided into 3 parts"
    )
    assert "row 2 has no group" in error_of(RowsToDivide(4, groups=["a", None, "b", "c"])).message


def test_chronological_by_share_and_by_date():
    times = pd.Series(pd.date_range("2020-01-01", periods=100)).sample(frac=1, random_state=0)
    rows = RowsToDivide(100, times=times)
    splits = split(rows, SplitSpec(chronological=True))
    values = times.to_numpy()
    assert values[splits.train].max() < values[splits.valid].min()
    assert values[splits.valid].max() < values[splits.test].min()
    assert [len(part) for part in parts_of(splits)] == [80, 10, 10]
    dated = split(rows, SplitSpec.parse("2020-02-01,2020-03-01,2020-03-11"))
    assert [len(part) for part in parts_of(dated)] == [31, 29, 10]
    assert error_of(rows, SplitSpec.parse("2021-02-01,2021-03-01")).message == (
        "--split 2021-02-01,2021-03-01: outside the data, which run from"
        " 2020-01-01 00:00:00 to 2020-04-09 00:00:00"
    )
    assert error_of(RowsToDivide(9), SplitSpec.parse("2020-02-01,2020-03-01")).message == (
        "--split by date needs a column of dates"
    )
    with pytest.raises(UserError, match="2 moments are too few"):
        time_boundaries(times[:2], SplitSpec())
    valid_from, test_from, end = time_boundaries(times, SplitSpec())
    assert (valid_from, test_from, end) == (
        pd.Timestamp("2020-03-21"),
        pd.Timestamp("2020-03-31"),
        None,
    )


def test_later_rows_validate_where_test_is_given():
    given = ["train"] * 90 + ["test"] * 10
    splits = split(RowsToDivide(100, given=given), SplitSpec(chronological=True))
    assert splits.valid.tolist() == list(range(80, 90))


def test_training_rows_that_are_also_in_test_are_removed():
    texts = ["Good film", "bad", "good  FILM", "fine", "fine", "", ""]
    given = ["train", "train", "test", "train", "valid", "train", "test"]
    splits = split(RowsToDivide(7, texts=texts, given=given), SplitSpec())
    assert splits.train.tolist() == [1, 5]
    assert splits.overlap.removed.tolist() == [0, 3]
    assert (splits.overlap.train_test, splits.overlap.train_valid) == (1, 1)
    assert splits.notes == (
        "2 training texts also occur in test (1) or validation (1) and were removed from training",
    )
    kept = split(RowsToDivide(7, texts=texts, given=given), SplitSpec(keep_duplicates=True))
    assert len(kept.train) == 4
    assert kept.overlap.train_test == 1
    rows = RowsToDivide(3, texts=["a", "a", "b"], given=["train", "test", "valid"])
    assert "every training text also occurs" in error_of(rows).message


def test_folds_test_every_row_once():
    made = folds(RowsToDivide(1000, LABELS), SplitSpec(folds=5), seed=0)
    assert sorted(np.concatenate([fold.test for fold in made])) == list(range(1000))
    for fold in made:
        assert len(np.unique(np.concatenate(parts_of(fold)))) == 1000
        assert (LABELS[fold.test] == "c").sum() == 20
        assert len(fold.valid) == 100
    groups = np.arange(1000) // 10
    grouped = folds(RowsToDivide(1000, LABELS, groups=groups), SplitSpec(folds=4))
    assert sorted(np.concatenate([fold.test for fold in grouped])) == list(range(1000))
    for fold in grouped:
        assert not set(groups[fold.train]) & set(groups[fold.test])


@pytest.mark.parametrize(
    ("rows", "spec", "message"),
    [
        (
            RowsToDivide(10),
            SplitSpec(folds=11),
            "--folds 11: expected between 2 and the number of rows (10)",
        ),
        (
            RowsToDivide(10),
            SplitSpec(folds=2, chronological=True),
            "--folds cannot be combined with",
        ),
        (
            RowsToDivide(2, given=["train", "test"]),
            SplitSpec(folds=2),
            "--folds: the data brings its own",
        ),
        (RowsToDivide(4, ["a", "a", "a", "b"]), SplitSpec(folds=2), 'class "b" has one example'),
    ],
)
def test_folds_that_cannot_be(rows, spec, message):
    assert error_of(rows, spec, folds).message.startswith(message)


def test_a_class_with_one_example_and_too_few_rows():
    error = error_of(RowsToDivide(5, ["a", "a", "a", "a", "b"]))
    assert error.message == 'class "b" has one example: it cannot be in training and in test'
    assert "merge it" in error.hint
    assert (
        error_of(RowsToDivide(2)).message == "the valid part would be empty (80/10/10, at random)"
    )


@pytest.mark.parametrize("written", ["60/20", "60/20/0", "a/b/c", "60/20/20/1", ""])
def test_shares_that_are_none(written):
    with pytest.raises(UserError) as caught:
        SplitSpec.parse(written)
    assert caught.value.message == f'--split: expected three positive shares, got "{written}"'


@pytest.mark.parametrize(
    "written", ["2020-01-01,2019-01-01", "2020-01-01,", "soon,later", "1,2,3,4"]
)
def test_dates_that_are_none(written):
    with pytest.raises(UserError, match=r"^--split: ") as caught:
        SplitSpec.parse(written)
    assert "two dates such as" in caught.value.hint


def test_shares_need_not_add_up():
    assert SplitSpec.parse("6/2/2").shares == SplitSpec.parse("60/20/20").shares == (0.6, 0.2, 0.2)


def test_subsets_are_nested_and_stratified():
    train = np.arange(1000) + 5000
    subsets = nested_subsets(train, parse_sizes("50,200,all"), LABELS, seed=2)
    assert list(subsets) == [50, 200, 1000]
    assert set(subsets[50]) < set(subsets[200]) < set(subsets[1000]) == set(train)
    for size in (50, 200):
        assert abs((LABELS[subsets[size] - 5000] == "c").sum() - size / 10) <= 1
    with pytest.raises(UserError, match="--sizes 2000: the training part has 1,000 rows"):
        nested_subsets(train, [2000])
    with pytest.raises(UserError, match='--sizes: "some" is not a size'):
        parse_sizes("500,some")


def test_folds_and_shares_are_not_both():
    with pytest.raises(UserError, match="--folds 3 and --split 60/20/20: folds divide the data"):
        SplitSpec.parse("60/20/20", folds=3)


def test_groups_and_dates_are_not_combined():
    times = np.arange("2020-01-01", "2020-03-01", dtype="datetime64[D]")
    rows = RowsToDivide(len(times), groups=[i % 5 for i in range(len(times))], times=times)
    with pytest.raises(UserError) as raised:
        split(rows, SplitSpec.parse("2020-02-01,2020-02-15"))
    assert raised.value.message == (
        "--group and --split 2020-02-01,2020-02-15: a group may reach over these dates"
    )
