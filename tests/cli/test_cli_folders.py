"""Folders a study cannot live in: they are refused, and nothing in them is changed."""

import json

import pytest
from filelock import FileLock

from tests.conftest import SMALL
from tests.reviews import write_reviews


def contents(folder):
    """Every file below a folder with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_output_that_is_a_file(seqlab, small_csv, here):
    (here / "out").write_text("mine")
    done = seqlab("compare", small_csv, *SMALL, "-o", "out")
    assert done.error == "-o out: this is a file, expected a folder"
    assert (here / "out").read_text() == "mine"


def test_output_below_a_file(seqlab, small_csv, here):
    (here / "file").write_text("mine")
    done = seqlab("compare", small_csv, *SMALL, "-o", "file/out")
    assert done.error == "-o file/out: cannot be written to: not a directory"
    assert done.hint == "give another folder with -o"


def test_output_in_a_foreign_folder(seqlab, small_csv, here):
    (here / "out").mkdir()
    (here / "out" / "notes.txt").write_text("mine")
    done = seqlab("compare", small_csv, *SMALL, "-o", "out")
    assert done.error == '-o out: the folder is not empty and holds no study ("notes.txt")'
    assert contents(here) == {"out/notes.txt": b"mine"}


def test_output_that_may_not_be_written(seqlab, small_csv, here, monkeypatch):
    def refuse(self, **options):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    done = seqlab("compare", small_csv, *SMALL, "-o", "out")
    assert done.error == "-o out: cannot be written to: permission denied"


OTHERS = {
    "--params": (["--params", "4k"], "budget.params was 3000, is 4000"),
    "--epochs": (["--epochs", "2"], "budget.epochs was 1, is 2"),
    "--set": (["--set", "model.depth=2"], "model.depth was None, is 2"),
    "--split": (["--split", "60/20/20"], "data.split was None, is 60/20/20"),
    "--seed": (["--seed", "5"], "seed was 0, is 5"),
    "--metric": (["--metric", "macro-f1"], "data.metric was None, is macro-f1"),
}


@pytest.mark.parametrize("option", OTHERS)
def test_study_of_other_settings(option, seqlab, small_csv, finished, monkeypatch):
    arguments, difference = OTHERS[option]
    before = contents(finished)
    monkeypatch.chdir(finished.parent)
    done = seqlab("compare", small_csv, *SMALL, *arguments, "-o", finished.name)
    assert done.error == f"-o study: the folder holds a study with other settings: {difference}"
    assert "seeds, trials, candidates and sizes" in done.hint
    assert contents(finished) == before


def test_study_of_other_data(seqlab, finished, here):
    other = write_reviews(here / "other.csv", seed=1)
    before = contents(finished)
    done = seqlab("compare", other, *SMALL, "-o", finished)
    assert done.error == f"-o {finished}: the folder holds a study of other data"
    assert "nothing in this one was changed" in done.hint
    assert contents(finished) == before


def test_study_of_another_task(seqlab, finished, here):
    rows = "".join(f"2024-{1 + i // 28:02}-{1 + i % 28:02},{i % 7}\n" for i in range(200))
    (here / "series.csv").write_text("ds,y\n" + rows)
    arguments = ["--candidates", "rnn", "--params", "3k", "-o", finished]
    done = seqlab("compare", "series.csv", *arguments)
    assert done.error == (
        f"-o {finished}: the folder holds a study of another task (classify, not forecast)"
    )


def test_study_that_another_process_works_on(seqlab, small_csv, study_folder):
    with FileLock(study_folder / ".lock"):
        done = seqlab("compare", small_csv, *SMALL, "-o", study_folder)
    assert done.error == f"-o {study_folder}: another process is working on this study"


def test_a_corrected_file_may_use_the_folder_of_the_failure(seqlab, here, in_process):
    """What failed before it began leaves no claim on the folder."""
    path = write_reviews(here / "data.csv")
    whole = path.read_text()
    path.write_text(whole + "odd one,other\n")
    assert seqlab("compare", path, *SMALL, "-o", "out").status == 2
    assert not (here / "out").exists()
    path.write_text(whole)
    assert seqlab("compare", path, *SMALL, "-o", "out").status == 0


DAMAGED = {
    "identity.json": "identity.json: damaged, not JSON",
    "plan.json": "plan.json: damaged, not JSON",
    "looks.json": "looks.json: damaged, not JSON",
    "costs.json": "costs.json: damaged, not JSON",
    "runs/rnn/verdict-0/result.json": "runs/rnn/verdict-0/result.json: damaged, not JSON",
    "runs/rnn/verdict-0/statistics.npz": "runs/rnn/verdict-0: damaged statistics",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_truncated_file_of_a_study(name, seqlab, small_csv, study_folder, in_process):
    """It is named, and the same command makes it again."""
    path = study_folder / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    done = seqlab("compare", small_csv, *SMALL, "-o", study_folder)
    assert done.status == 0, done.err
    assert f"{study_folder}/{DAMAGED[name]}; " in done.out
    again = seqlab("compare", small_csv, *SMALL, "-o", study_folder, "--json")
    assert again.status == 0, again.err
    assert json.loads(again.out)["looks"] == 1


PREPARED = ["test/arrays.npz", "train/frame.parquet", "task/task.json", "digest"]


@pytest.mark.parametrize("name", PREPARED)
def test_truncated_prepared_data_are_prepared_again(
    name, seqlab, small_csv, study_folder, in_process
):
    path = study_folder / "prepared" / "fold0" / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    done = seqlab("compare", small_csv, *SMALL, "-o", study_folder)
    assert done.status == 0, done.err
    assert len(path.read_bytes()) == len(whole)
