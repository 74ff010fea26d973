"""Whatever labels, texts and names hold is shown as text: in HTML, in JSON and inside plots."""

import csv
import shutil

import pytest

from seqlab.runs import read_json, write_json
from tests.report.reading import read_report

PAYLOAD = (
    "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
    "<a href='javascript:hacked=1'>b</a> <b>{{ 7*7 }}</b> %{y} @ink"
)
OWN = {"kind", "status", "role", "metric", "severity", "folder"}  # words that decide, not data
FREE = {"x"}  # positions; names in them are tried apart


def poisoned(value, key=""):
    if isinstance(value, dict):
        return {k: poisoned(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(item, key) for item in value]
    changed = isinstance(value, str) and value and key not in OWN | FREE
    return value + PAYLOAD if changed else value


@pytest.fixture(scope="module")
def hostile(golden, tmp_path_factory):
    study = shutil.copytree(golden, tmp_path_factory.mktemp("hostile") / "study")
    for path in study.rglob("*.json"):
        write_json(path, poisoned(read_json(path)))
    with open(study / "leaderboard.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= {name: row[name] + PAYLOAD for name in ("candidate", "reason") if row[name]}
    with open(study / "leaderboard.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return study


def test_no_element_comes_from_data(hostile, golden):
    mine, plain = read_report(hostile), read_report(golden)
    assert {tag for tag, _ in mine.elements} == {tag for tag, _ in plain.elements}
    scripts = [attributes for tag, attributes in mine.elements if tag == "script"]
    assert len(scripts) == 3
    assert not [name for _, attributes in mine.elements for name in attributes if name[:2] == "on"]


@pytest.mark.parametrize("words", ["gru", "not bad at all, whatever the reviews told you"])
def test_data_are_shown_as_they_are(hostile, words):
    assert words + PAYLOAD in read_report(hostile).text


def test_no_script_of_data_runs_and_no_markup_enters_a_plot(hostile, page):
    read_report(hostile)
    page.open(hostile / "report.html")
    assert page.errors() == []
    assert page.ask("typeof window.hacked") == "undefined"
    assert (
        page.ask("document.querySelectorAll('img:not(.pictures img), .plot a, .plot b').length")
        == 0
    )
    assert "<img" in page.ask("document.querySelector('.plot').textContent")
    assert page.ask("document.querySelector('header').textContent.includes('<script>')")
