"""What the page says, and that it needs nothing but itself."""

import json
import re
import subprocess
import sys

import plotly.graph_objects
import pytest

from seqlab.report import write_report
from seqlab.runs import read_json, write_json
from tests.report.golden import REASON
from tests.report.reading import read_report

SECTIONS = (
    *("why", "leaderboard", "differences", "change", "cost", "learning", "tuning", "sizes"),
    *("exhibits", "data", "budget", "reproduce", "reading", "pairs"),
)


@pytest.fixture(scope="module")
def report(golden):
    return read_report(golden)


def test_the_first_heading_is_the_answer(report, golden):
    headings = [tag for tag, _ in report.elements if tag in ("h1", "h2")]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1
    assert read_json(golden / "verdict.json")["headline"] in report.text


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_there_and_linked(report, section):
    ids = [attributes.get("id") for tag, attributes in report.elements if tag == "section"]
    links = [attributes.get("href") for tag, attributes in report.elements if tag == "a"]
    assert section in ids
    assert f"#{section}" in links


@pytest.mark.parametrize(
    "words",
    [
        "What tfidf-logistic costs0.31 ms an example · 303 MB · 18,412 parameters",
        "95 % confidence over the whole study",
        "look 1 at the test part, at 96 %",
        "margin: 1 point of accuracy",
        "8 seeds for each contestant with random training",
        "600 test examples",
        f"longformer failed {REASON}",
        "limit: latency at most 2.5 ms",
        "On the Pareto front (nothing is both better and cheaper): tfidf-logistic, gru.",
        "duplicates removed14",
        "What to do: Read some of them; wrong labels in the test part blur verdicts.",
        "Parameters of body and head50,00049,000",
        "Time for the study10 min9 min 31 s",
        "Subset sizes of longformer: it failed in every trial.",
        "seqlab compare reviews.csv --seeds 8 --trials 5 --sizes 500,2000,all",
        "Rows: true class; columns: predicted class",
        "only gru stumbles over this one",
        "of them waiting for batches",
        "20.01.2 %torch",
    ],
)
def test_it_says(report, words):
    assert words in report.text


def test_reasons_and_what_could_change_are_told(report, golden):
    verdict = read_json(golden / "verdict.json")
    assert verdict["reasons"]
    assert verdict["could_change"]
    assert all(line in report.text for line in verdict["reasons"] + verdict["could_change"])


def test_every_scored_contestant_has_its_mean_interval_and_status(report, golden):
    standings = read_json(golden / "comparison.json")["standings"]
    assert sum(standing["status"] != "failed" for standing in standings) == 5
    for standing in standings[:5]:
        status = standing["status"]
        mean, low, high = (f"{standing[key]:.3f}" for key in ("mean", "ci_low", "ci_high"))
        assert f"{mean}{low} … {high} {status}" in report.text


def test_every_pair_stands_in_the_table_in_points(report, golden):
    for pair in read_json(golden / "comparison.json")["pairs"]:
        assert f"{100 * pair['difference']:+.1f}".replace("-", "−") in report.text
        assert f"{100 * pair['low']:.1f} …".replace("-", "−") in report.text


def test_all_figures_are_valid_plotly_and_described(report):
    boxes = {a["data-figure"]: a for _, a in report.elements if "data-figure" in a}
    assert set(boxes) == set(report.figures)
    assert all(a["role"] == "img" and len(a["aria-label"] or "") > 20 for a in boxes.values())
    for figure in report.figures.values():
        plotly.graph_objects.Figure(json.loads(uncoloured(json.dumps(figure))))


def uncoloured(text: str) -> str:
    """Colour tokens are the page's own; plotly knows colours only."""
    return re.sub(r'"@(c\d|ink|muted|poor)(/\d+)?"', '"black"', text)


def test_nothing_is_loaded_and_no_other_script_may_run(report):
    for tag, attributes in report.elements:
        assert tag not in ("link", "iframe", "object", "base")
        source = attributes.get("src", "")
        assert not source or (tag == "img" and source.startswith("data:image/png;base64,"))
        assert (attributes.get("href") or "#").startswith("#")
    policy = next(a["content"] for _, a in report.elements if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'; ")
    assert policy.count("'sha256-") == 2
    assert "unsafe-inline" not in policy.partition("script-src")[2]


def test_writing_twice_gives_the_same_bytes_and_leaves_no_other_file(study):
    before = {path.name for path in study.iterdir()}
    first = write_report(study).read_bytes()
    assert write_report(study).read_bytes() == first
    assert {path.name for path in study.iterdir()} == before | {"report.html"}


def test_the_file_is_smaller_than_plotly_alone(golden):
    assert write_report(golden).stat().st_size < 2_500_000


def test_torch_and_pandas_are_not_needed(golden):
    code = (
        "import sys, pathlib; from seqlab.report import write_report; "
        f"write_report(pathlib.Path({str(golden)!r})); "
        "print([name for name in ('torch', 'pandas', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_contestants_colour_does_not_depend_on_its_rank(study):
    def styles() -> dict[str, tuple[str, str]]:
        figure = read_report(study).figures["cost-train-seconds"]
        return {
            trace["name"]: (trace["marker"]["color"], trace["marker"]["symbol"])
            for trace in figure["data"]
            if "marker" in trace
        }

    before = styles()
    path = study / "leaderboard.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *reversed(rows)]) + "\n")
    settings = read_json(study / "study.json")
    settings["candidates"].append("a-late-comer")
    write_json(study / "study.json", settings)
    assert styles() == before
    assert len(set(before.values())) == len(before) == 5
