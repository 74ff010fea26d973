"""Labels that a spreadsheet would run as formulas: named once, and quoted where that is asked."""

import pandas as pd
import pytest

from seqlab.workbench.writing import Formulas, _is_formula
from tests.conftest import SMALL
from tests.reviews import write_reviews

LABELS = ('=HYPERLINK("http://x")', "+cmd|' /C calc'!A0")


@pytest.fixture
def study(seqlab, here, in_process):
    path = here / "data.csv"
    frame = pd.read_csv(write_reviews(path))
    frame["label"] = frame["label"].map(dict(zip(("neg", "pos"), LABELS, strict=True)))
    frame.to_csv(path, index=False)
    assert seqlab("compare", path, *SMALL, "-o", "study").status == 0
    return here / "study"


def test_predictions_as_a_spreadsheet_reads_them(study, seqlab, here):
    plain = seqlab("predict", study, "data.csv", "-o", "plain.csv")
    assert plain.err.startswith("note: a spreadsheet would run ")
    assert plain.err.count("\n") == 1
    assert "--safe-csv" in plain.err
    assert set(pd.read_csv("plain.csv")["predicted"]) <= set(LABELS)

    for name in ("safe.csv", "safe.tsv"):
        safe = seqlab("predict", study, "data.csv", "-o", name, "--safe-csv")
        assert (safe.status, safe.err) == (0, "")
        lines = (here / name).read_text().splitlines()
        for line in lines:
            sign = "\t" if name.endswith("tsv") else ","
            assert not [cell for cell in line.split(sign) if _is_formula(cell.strip('"'))]
    shown = seqlab("predict", study, "data.csv", "--safe-csv")
    assert shown.err == ""
    assert f"'{LABELS[0][:5]}" in shown.out or f"'{LABELS[1][:5]}" in shown.out
    assert seqlab("predict", study, "data.csv", "--json").err == ""


@pytest.mark.parametrize("arguments", [("-o", "x.jsonl"), ("-o", "x.parquet"), ("--json",)])
def test_safe_csv_is_refused_where_there_is_no_csv(arguments, seqlab, finished, small_csv, here):
    done = seqlab("predict", finished, small_csv, "--safe-csv", *arguments)
    assert done.error.startswith("--safe-csv: the output is")


@pytest.mark.parametrize(
    "cell", ["=1+1", "+x", "-x", "@SUM(A1)", "\tx", "\r=1", "-5-5", "+", "-1 2"]
)
def test_a_formula(cell):
    frame = pd.DataFrame({"n": [1], cell: [cell]})
    formulas = Formulas(quote=True)
    (quoted,) = formulas.passing([frame])
    assert list(quoted.columns) == ["n", f"'{cell}"]
    assert quoted.iloc[0, 1] == f"'{cell}"
    assert formulas.warning == ""
    told = Formulas(quote=False)
    (same,) = told.passing([frame])
    pd.testing.assert_frame_equal(same, frame)
    assert "2 cells" in told.warning


@pytest.mark.parametrize(
    "cell", ["-5", "+3.2", "-1e-5", "-.5", "x=1", "", "a-b", "-12%", None, -5, 2.5]
)
def test_no_formula(cell):
    formulas = Formulas(quote=True)
    frame = pd.DataFrame({"a": [cell], "b": [-1.5]})
    (quoted,) = formulas.passing([frame])
    pd.testing.assert_frame_equal(quoted, frame)
    assert formulas.cells == 0
