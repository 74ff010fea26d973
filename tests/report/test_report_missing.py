"""A report is written from whatever part of a study there is."""

import csv
import errno
import shutil

import pytest

from seqlab.errors import UserError
from seqlab.report import write_report
from seqlab.report.stored import read_study
from seqlab.runs import read_json, write_json
from tests.report.reading import read_report

PARTS = (
    "environment.json",
    "data_card.json",
    "leaderboard.csv",
    "comparison.json",
    "verdict.json",
    "runs",
)


def remove(study, name):
    path = study / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def sections(report):
    return [attributes["id"] for tag, attributes in report.elements if tag == "section"]


def keep_rows(study, wanted):
    path = study / "leaderboard.csv"
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if wanted(row)]
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def keep_contestants(study, wanted):
    keep_rows(study, lambda row: wanted(row["candidate"]))
    comparison = read_json(study / "comparison.json")
    comparison["standings"] = [s for s in comparison["standings"] if wanted(s["name"])]
    comparison["pairs"] = [
        p for p in comparison["pairs"] if wanted(p["first"]) and wanted(p["second"])
    ]
    write_json(study / "comparison.json", comparison)
    for path in (study / "runs").iterdir():
        if not wanted(path.name):
            shutil.rmtree(path)


@pytest.mark.parametrize("part", PARTS)
def test_any_one_part_may_be_missing(study, part):
    remove(study, part)
    assert "reading" in sections(read_report(study))


def test_a_finished_study_without_its_leaderboard_says_so(study):
    assert read_study(study).damage == []
    remove(study, "leaderboard.csv")
    (line,) = read_study(study).damage
    assert line.startswith("leaderboard.csv is missing: no contestant is shown; run the study's")
    assert "leaderboard.csv is missing" in read_report(study).text
    remove(study, "verdict.json")  # it is not finished
    assert read_study(study).damage == []


def test_settings_alone_are_enough_and_it_says_what_is_not_there(study):
    for part in PARTS:
        remove(study, part)
    report = read_report(study)
    assert "This study has no verdict yet." in report.text
    assert "This study has no leaderboard yet" in report.text
    assert report.figures == {}
    assert "plotly" not in [attributes.get("id") for _, attributes in report.elements]


def test_without_trials_and_sizes_their_sections_are_left_out(study):
    for path in study.glob("runs/*/trial-*"):
        shutil.rmtree(path)
    comparison = read_json(study / "comparison.json")
    write_json(study / "comparison.json", {**comparison, "sizes": None})
    found = sections(read_report(study))
    assert "tuning" not in found
    assert "sizes" not in found
    assert "learning" in found


def test_one_contestant_has_a_leaderboard_and_no_differences(study):
    keep_contestants(study, lambda name: name == "gru")
    report = read_report(study)
    assert "differences" not in sections(report)
    assert "cost" not in sections(report)
    assert "0.766 … 0.816 best" in report.text


def test_if_all_failed_the_reasons_are_told(study):
    keep_contestants(study, lambda name: name == "longformer")
    verdict = {"recommended": None, "winner_set": [], "sentence": "All contestants failed."}
    write_json(study / "verdict.json", verdict)
    report = read_report(study)
    assert "All contestants failed." in report.text
    assert "diverged: the loss was not a number at step 212" in report.text
    assert "intervals" not in report.figures


def test_one_seed_is_called_a_preview(study):
    verdict = read_json(study / "verdict.json")
    write_json(study / "verdict.json", {**verdict, "seeds": 1})
    comparison = read_json(study / "comparison.json")
    unknown = {"low": None, "high": None}
    comparison |= {"preview": True, "seeds": 1}
    comparison["standings"] = [{**s, **unknown} for s in comparison["standings"]]
    comparison["pairs"] = [{**p, **unknown} for p in comparison["pairs"]]
    write_json(study / "comparison.json", comparison)
    text = read_report(study).text
    assert "1 seed for each contestant with random training" in text
    assert "a preview, a verdict takes" in text
    assert text.count("unknown") == 20


def test_a_folder_without_a_study_is_refused_in_one_line(tmp_path):
    with pytest.raises(UserError) as error:
        write_report(tmp_path)
    assert error.value.message == f"{tmp_path / 'study.json'}: no such file"


def test_a_full_disk_is_named_and_leaves_no_half_of_a_report(study, monkeypatch):
    before = write_report(study).read_bytes()

    def full(path, text, **_):
        path.write_bytes(text[:100].encode())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_report(study)
    assert caught.value.filename == str(study / "report.html")
    assert (study / "report.html").read_bytes() == before
    assert not [path.name for path in study.iterdir() if path.name.startswith(".report")]
