"""What a study and its `best/` folder say of their format, and who may read them."""

import json
import os
import stat

import pytest

from seqlab.errors import UserError
from seqlab.report.stored import read_study
from seqlab.versions import FORMAT, check_format
from seqlab.workbench.predictor import load
from seqlab.workbench.study import Study

NUMBERED = ("identity.json", "study.json", "best/best.json")
READERS = {
    "identity.json": lambda study: Study.open(study),
    "study.json": read_study,
    "best/best.json": lambda study: load(study),
}


def renumber(path, number):
    content = json.loads(path.read_text(encoding="utf-8"))
    content.pop("format", None)
    content |= {} if number is None else {"format": number}
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("name", NUMBERED)
def test_a_newer_format_is_refused_and_the_present_one_is_read(name, study_folder):
    path = study_folder / name
    assert json.loads(path.read_text(encoding="utf-8"))["format"] == FORMAT
    READERS[name](study_folder)
    renumber(path, FORMAT + 1)
    with pytest.raises(UserError) as caught:
        READERS[name](study_folder)
    newer = f"made by a newer seqlab (format {FORMAT + 1}; this one reads up to {FORMAT})"
    assert caught.value.message == f"{path}: {newer}"
    assert caught.value.hint == "update seqlab: pip install --upgrade seqlab"


@pytest.mark.parametrize("name", NUMBERED)
@pytest.mark.parametrize("number", [None, 1])
def test_what_is_too_old_says_how_to_make_it_again(name, number, study_folder):
    renumber(study_folder / name, number)
    with pytest.raises(UserError, match="made by an older seqlab") as caught:
        READERS[name](study_folder)
    assert caught.value.hint.startswith("make it again from its data: seqlab compare")


def test_an_older_folder_that_cannot_be_read_is_called_old_rather_than_damaged(study_folder):
    best = study_folder / "best"
    (best / "task" / "task.json").write_text("{}")
    with pytest.raises(UserError, match=r"task\.json"):
        load(best)
    renumber(best / "best.json", None)
    with pytest.raises(UserError, match="made by an older seqlab"):
        load(best)


@pytest.mark.parametrize("number", ["2", 0, -1, 1.5, [], None])
def test_formats_that_are_no_number(number, tmp_path):
    with pytest.raises(UserError, match="damaged, format = "):
        check_format({"format": number}, tmp_path / "best.json")


def test_all_files_of_best_are_as_readable_as_any_new_file(finished, tmp_path):
    (tmp_path / "new").write_text("")
    usual = stat.S_IMODE((tmp_path / "new").stat().st_mode)
    files = [path for path in (finished / "best").rglob("*") if path.is_file()]
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in files} == dict.fromkeys(
        (path.name for path in files), usual
    )


@pytest.mark.parametrize("name", ["best.json", "task/task.json", "task/input/tokenizer.json"])
def test_without_permission_the_message_says_so(name, study_folder, monkeypatch):
    best = study_folder / "best"
    forbidden, access = best / name, os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != forbidden and access(path, mode))
    with pytest.raises(UserError) as caught:
        load(best)
    assert caught.value.message == f"{forbidden}: permission denied"
