"""What notebooks show: answers as HTML, figures as plotly's, and a report in other formats."""

import shutil
import subprocess

import plotly.graph_objects
import pytest

from seqlab import Study, load
from seqlab.errors import UserError
from seqlab.report.formats import methods, write_format
from seqlab.report.stored import read_study
from seqlab.runs import read_json, write_json


def test_a_study_shows_its_answer_and_draws_itself(finished):
    study = Study.open(finished)
    shown = study._repr_html_()
    assert study.verdict_["headline"] in shown
    assert "always the most frequent class (majority)" in shown
    for draw in (study.plot.leaderboard, study.plot.learning):
        figure = draw()
        assert isinstance(figure, plotly.graph_objects.Figure)
        assert len(figure.data) >= 1
        assert "@" not in figure.to_json()
    with pytest.raises(UserError, match="run the study with sizes"):
        study.plot.sizes()
    assert "fit(data)" in Study()._repr_html_()


def test_a_predictor_shows_who_it_is(finished):
    shown = load(finished / "best")._repr_html_()
    assert read_json(finished / "best/best.json")["candidate"] in shown
    assert "column for text" in shown


def test_what_is_shown_is_text(study_folder):
    verdict = read_json(study_folder / "verdict.json")
    write_json(study_folder / "verdict.json", {**verdict, "headline": "<script>x</script>"})
    assert "<script>" not in Study.open(study_folder)._repr_html_()


@pytest.mark.parametrize("form", ["md", "tex", "csv"])
def test_a_report_in_other_formats(form, study_folder, seqlab_report):
    done = seqlab_report(study_folder, form)
    text = (study_folder / f"report.{form}").read_text()
    assert done == 0
    assert "always the most frequent class (majority)" in text
    stored = read_study(study_folder)
    if form != "csv":
        assert methods(stored)[:40] in text
    if form == "tex":
        assert text.count("{") == text.count("}")
        assert r"95 \% interval" in text


@pytest.fixture
def seqlab_report():
    from seqlab.cli import run

    return lambda folder, form: run(["report", str(folder), "--format", form])


def test_a_format_that_is_not_known_and_one_that_cannot_be_made(study_folder, monkeypatch):
    stored = read_study(study_folder)
    with pytest.raises(UserError, match="accepted are md, tex, csv, pdf"):
        write_format(stored, "docx")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="no Chromium"):
        write_format(stored, "pdf")


def test_a_browser_that_prints_nothing_is_told(study_folder, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)
    with pytest.raises(UserError, match="printed nothing"):
        write_format(read_study(study_folder), "pdf")
    assert not (study_folder / "report.pdf").exists()
