"""`seqlab predict` and `seqlab report`: what they give, and what they refuse in one line."""

import json
import shutil

import pandas as pd
import pytest

from seqlab.runs import read_run
from seqlab.study.best import write_best
from tests.reviews import reviews


@pytest.fixture(scope="module")
def model(finished, tmp_path_factory):
    """A best/ folder that holds a model, whoever won."""
    study = shutil.copytree(finished, tmp_path_factory.mktemp("model") / "study")
    run = read_run(study / "runs" / "rnn" / "verdict-0")
    return write_best(study, run, study / "prepared" / "fold0", "classify", {})


@pytest.fixture(scope="module")
def baseline(finished, tmp_path_factory):
    """A best/ folder that holds a baseline."""
    study = shutil.copytree(finished, tmp_path_factory.mktemp("baseline") / "study")
    run = read_run(study / "runs" / "majority" / "verdict-0")
    return write_best(study, run, study / "prepared" / "fold0", "classify", {})


@pytest.fixture
def new(here):
    """New texts, without labels."""
    texts = pd.DataFrame({"text": [text for text, _ in reviews(10, seed=9)]})
    texts.to_csv(here / "new.csv", index=False)
    return "new.csv"


READERS = {
    "csv": pd.read_csv,
    "tsv": lambda path: pd.read_csv(path, sep="\t"),
    "jsonl": lambda path: pd.read_json(path, lines=True),
    "parquet": pd.read_parquet,
}


@pytest.mark.parametrize("ending", READERS)
def test_predictions_in_every_format(ending, model, new, seqlab, here):
    done = seqlab("predict", model, new, "-o", f"predicted.{ending}")
    assert (done.status, done.err) == (0, "")
    assert done.out == f"10 rows written to predicted.{ending}\n"
    frame = READERS[ending](here / f"predicted.{ending}")
    assert list(frame.columns) == ["text", "predicted", "probability", "p(neg)", "p(pos)"]
    assert frame["text"].tolist() == [text for text, _ in reviews(10, seed=9)]
    assert set(frame["predicted"]) <= {"neg", "pos"}
    assert (frame[["p(neg)", "p(pos)"]].sum(axis=1) - 1).abs().max() < 1e-6
    assert sorted(path.name for path in here.iterdir()) == [new, f"predicted.{ending}"]


def test_predictions_on_stdout_are_a_table(model, new, seqlab, here):
    done = seqlab("predict", model, new)
    (here / "stdout.csv").write_text(done.out)
    assert len(pd.read_csv(here / "stdout.csv")) == 10


def test_predictions_as_json(model, new, seqlab):
    printed = json.loads(seqlab("predict", model, new, "--json").out)
    assert printed["rows"] == len(printed["predictions"]) == 10
    assert json.loads(seqlab("predict", model, new, "-o", "p.csv", "--json").out) == {
        "rows": 10,
        "output": "p.csv",
    }


def test_best_works_alone(model, new, seqlab, here):
    """Copied elsewhere, the study far away: the same predictions."""
    expected = seqlab("predict", model, new).out
    shutil.copytree(model, here / "carried")
    hidden = model.parent.with_name("gone")
    model.parent.rename(hidden)
    try:
        assert seqlab("predict", "carried", new).out == expected
    finally:
        hidden.rename(model.parent)
    assert sum(path.stat().st_size for path in (here / "carried").rglob("*")) < 100_000


def test_a_study_stands_for_its_best(model, new, seqlab):
    assert seqlab("predict", model.parent, new).out == seqlab("predict", model, new).out


def test_columns_by_role_and_by_name(model, new, seqlab, here):
    texts = [text for text, _ in reviews(10, seed=9)]
    two = pd.DataFrame({"review": "the film", "comment": texts, "label": "unheard of"})
    two.to_csv(here / "two.csv", index=False)
    expected = seqlab("predict", model, new).out
    assert seqlab("predict", model, "two.csv", "--columns", "text=comment").out == expected
    assert seqlab("predict", model, "two.csv", "--columns", "comment").out == expected
    done = seqlab("predict", model, "two.csv")
    assert done.error == '"two.csv": several columns could be the text: review, comment'


def refuse_cuda(arguments):
    return ["--device", "cuda"] if arguments == "cuda" else arguments


INPUTS = {
    "missing": ("nowhere.csv", None, 'no file or folder "nowhere.csv"'),
    "empty": ("data.csv", "", '"data.csv" is empty'),
    "no rows": ("data.csv", "text\n", '"data.csv" holds a header (text) and no rows'),
    "no texts": (
        "data.csv",
        "id,n\n1,2\n3,5\n",
        '"data.csv": no column for the text among id (integer), n (integer)',
    ),
}


@pytest.mark.parametrize("case", INPUTS)
def test_input_that_cannot_be_predicted(case, model, seqlab, here):
    name, content, message = INPUTS[case]
    if content is not None:
        (here / name).write_text(content)
    assert seqlab("predict", model, name, "-o", "out.csv").error.startswith(message)
    assert not (here / "out.csv").exists()


def test_outputs_that_cannot_be_written(model, new, seqlab, here):
    (here / "old.csv").write_text("mine")
    (here / "folder.csv").mkdir()
    refused = {
        "old.csv": "-o old.csv: exists already",
        "folder.csv": "-o folder.csv: this is a folder",
        "out.xyz": '-o out.xyz: unknown format ".xyz"',
        "nowhere/out.csv": "-o nowhere/out.csv: the folder nowhere does not exist",
    }
    for name, message in refused.items():
        assert seqlab("predict", model, new, "-o", name).error == message
    assert (here / "old.csv").read_text() == "mine"
    assert seqlab("predict", model, new, "-o", "folder.csv", "--force").status == 2
    assert seqlab("predict", model, new, "-o", "old.csv", "--force").status == 0
    assert len(pd.read_csv(here / "old.csv")) == 10


def test_full_disk_keeps_the_old_file(model, new, seqlab, here, monkeypatch):
    (here / "old.csv").write_text("mine")

    def fail(self, file, **options):
        file.write("half of it")
        raise OSError(28, "No space left on device", "old.csv")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    done = seqlab("predict", model, new, "-o", "old.csv", "--force")
    assert done.error.endswith(": the disk is full")
    assert (here / "old.csv").read_text() == "mine"
    assert sorted(path.name for path in here.iterdir()) == ["new.csv", "old.csv"]


def test_device_that_is_not_there(model, new, seqlab, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    done = seqlab("predict", model, new, "--device", "cuda")
    assert done.error == '--device "cuda": there is no such device here'
    done = seqlab("predict", model, new, "--device", "gpu")
    assert done.error == '--device "gpu": accepted are auto, cpu, cuda'


def test_folders_that_hold_no_model(new, seqlab, here):
    (here / "empty").mkdir()
    assert seqlab("predict", "nowhere", new).error == "nowhere: no such folder"
    assert seqlab("predict", new, new).error == "new.csv: is a file, not a folder"
    assert seqlab("predict", "empty", new).error == ("empty: holds no trained model (no best.json)")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_width(path):
    path.write_text(path.read_text().replace('"width": ', '"width": 1'))


def misspelt(path):
    path.write_text(path.read_text().replace('"width"', '"widht"'))


def emptied(path):
    path.write_text("{}")


# which best/, which file, what happened to it → error
DAMAGES = [
    ("model", "weights.safetensors", cut, "weights.safetensors: damaged ("),
    ("model", "best.json", cut, "best.json: damaged, not JSON"),
    ("model", "best.json", emptied, "best.json: damaged, misses task"),
    (
        "model",
        "best.json",
        other_width,
        "weights.safetensors: these weights belong to another model than best.json describes",
    ),
    ("model", "task/task.json", cut, "task/task.json: damaged, not JSON"),
    ("model", "task/task.json", emptied, "task/task.json: misses columns"),
    (
        "model",
        "task/input/tokenizer.json",
        cut,
        'task/input/tokenizer.json" is not a readable tokenizer',
    ),
    ("baseline", "arrays.safetensors", cut, "arrays.safetensors: damaged ("),
    ("baseline", "baseline.json", emptied, "baseline.json: damaged or of another baseline ("),
]


@pytest.mark.parametrize(("which", "name", "damage", "message"), DAMAGES)
def test_damaged_model(which, name, damage, message, new, seqlab, here, request):
    shutil.copytree(request.getfixturevalue(which), here / "best")
    damage(here / "best" / name)
    assert message in seqlab("predict", "best", new).error
    (here / "best" / name).unlink()
    assert name in seqlab("predict", "best", new).error or name == "best.json"


def test_misspelt_setting_of_a_model(model, new, seqlab, here):
    shutil.copytree(model, here / "best")
    misspelt(here / "best" / "best.json")
    done = seqlab("predict", "best", new)
    assert done.error == 'unknown setting in best/best.json "widht"; did you mean "width"?'


def test_the_same_command_rebuilds_a_damaged_best(seqlab, small_csv, study_folder, new, in_process):
    from tests.conftest import SMALL

    expected = seqlab("predict", study_folder, new).out
    for path in (study_folder / "best").glob("*.safetensors"):
        cut(path)
    assert seqlab("predict", study_folder, new).status == 2
    assert seqlab("compare", small_csv, *SMALL, "-o", study_folder).status == 0
    assert seqlab("predict", study_folder, new).out == expected


# -- report ----------------------------------------------------------------------------------------


def test_report_again(study_folder, seqlab):
    (study_folder / "report.html").unlink()
    done = seqlab("report", study_folder)
    assert (done.status, done.err) == (0, "")
    headline = json.loads((study_folder / "verdict.json").read_text())["headline"]
    assert headline in " ".join(done.out.split())
    assert (study_folder / "report.html").stat().st_size > 10_000


def test_report_as_json(study_folder, seqlab):
    done = seqlab("report", study_folder, "--json")
    printed = json.loads(done.out)
    assert done.err == ""
    assert printed["report"] == str(study_folder / "report.html")
    assert printed["sentence"]


def test_report_of_what_is_no_study(seqlab, here):
    (here / "file").write_text("")
    for name in ("nowhere", "file", "."):
        done = seqlab("report", name)
        assert done.error == f"{name}: holds no finished study (no verdict.json)"
        assert "seqlab compare" in done.hint


@pytest.mark.parametrize("name", ["verdict.json", "comparison.json"])
def test_report_of_a_damaged_study(name, seqlab, study_folder):
    cut(study_folder / name)
    done = seqlab("report", study_folder)
    assert done.status == 0
    assert f"note: {name} is damaged and left out: not JSON" in done.err


def test_report_of_a_study_that_misses_its_leaderboard(seqlab, study_folder):
    (study_folder / "leaderboard.csv").unlink()
    done = seqlab("report", study_folder)
    assert done.status == 0, done.err
    assert "  predict           seqlab predict" in done.out
