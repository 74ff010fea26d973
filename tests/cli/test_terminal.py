"""What comes from data never steers a terminal: labels, columns, names of files and folders."""

import json
import os
import re
import subprocess
import sys

import pandas as pd
import pytest

from seqlab.cli.streams import shell_line, visible
from seqlab.cli.terminal import Terminal
from tests.conftest import SMALL

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
RED, TURNED, TITLE = "\x1b[31mred\x1b[0m", "a\u202egpj.exe", "\x9b2J\x1b]0;owned\x07"
MARKUP = "[bold]b[/bold]", "[/]", "[old]", ":smile:"
SEQLAB = [sys.executable, "-m", "seqlab"]


def write_nasty(path):
    """Texts with two nasty labels in nasty columns."""
    words = ("good", "bad")
    rows = [(f"{words[i % 2]} thing number {i} {RED} {MARKUP[i % 4]}", i % 2) for i in range(60)]
    labels = (f"[/]{RED}", f"{TURNED}{TITLE}")
    frame = pd.DataFrame(
        {
            "number": range(60),
            f"text[bold]{RED}": [text for text, _ in rows],
            f"label{TURNED}": [labels[label] for _, label in rows],
        }
    )
    frame.to_csv(path, index=False)
    return path


def is_harmless(done):
    assert not STEERING.search(done.out + done.err), ascii(done.out + done.err)


@pytest.fixture
def nasty(here):
    return write_nasty(here / f"data[old]{TURNED}.csv")


def test_nasty_data_through_a_whole_study(seqlab, nasty, here, in_process):
    columns = ["--columns", f"text=text[bold]{RED},label=label{TURNED}"]
    inspected = seqlab("inspect", nasty.name, *columns)
    assert inspected.status == 0, inspected.err
    is_harmless(inspected)
    words = " ".join(inspected.out.split())
    for shown in ("data[old]a\\u202egpj.exe.csv", "text[bold]\\x1b[31mred", "[/]\\x1b[31mred"):
        assert shown in words

    done = seqlab("compare", nasty.name, *columns, *SMALL, "-o", "x[/y]")
    assert (done.status, done.err) == (0, "")
    is_harmless(done)
    assert (here / "x[/y]/report.html").as_uri() in done.out
    assert "seqlab predict 'x[/y]/best' NEW_DATA" in done.out
    assert (here / "x[/y]" / "report.html").exists()
    is_harmless(seqlab("report", "x[/y]"))

    predicted = seqlab("predict", "x[/y]/best", nasty.name, "--json")
    is_harmless(predicted)
    assert f"[/]{RED}" in json.dumps(json.loads(predicted.out), ensure_ascii=False).replace(
        "\\u001b", "\x1b"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", f"{RED}.csv"),
        ("compare", f"[/]{TURNED}.csv"),
        ("compare", "x.csv", f"--{RED}"),
        (RED,),
        ("report", f"{TITLE}[/]"),
        ("predict", TURNED, "x.csv"),
        ("compare", "a\udcff.csv"),
    ],
)
def test_what_is_typed_comes_back_harmless(arguments, seqlab, here):
    done = seqlab(*arguments)
    assert done.error
    is_harmless(done)


@pytest.mark.parametrize("text", [RED, TURNED, TITLE, "a\rb", "\udcff", "\u2028", "\x00"])
def test_controls_are_escapes_and_words_stay(text, capsys):
    assert not STEERING.search(visible(f"x{text}y"))
    assert visible("naïve → “日本語” 👩\u200d🔬\tשלום\n") == "naïve → “日本語” 👩\u200d🔬\tשלום\n"


@pytest.mark.parametrize("text", [*MARKUP, f"[red]{RED}[/red]", "[link=x]"])
def test_cells_headings_and_sentences_are_no_markup(text, capsys):
    terminal = Terminal(width=100)
    terminal.say(text)
    terminal.say((text, "bold"), text)
    terminal.table((text, "b"), [[text, text]])
    terminal.print(text)
    printed = capsys.readouterr().out
    assert printed.count(visible(text)) == 7
    assert not STEERING.search(printed)


@pytest.mark.parametrize(
    "word", ["plain", "two words", "x[/y]", "it's", "$HOME", "~tilde", "new\nline", "a\udcff", "é"]
)
@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell reads it back")
def test_a_command_can_be_pasted(word):
    line = shell_line("printf", "%s", word)
    assert visible(line) == line
    read = subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout
    assert read == os.fsencode(word)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_leaderboard_keeps_names_and_scores_at_any_width(width, seqlab, finished, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    done = seqlab("report", finished)
    lines = done.out[: done.out.index("Next:")].splitlines()
    assert max(map(len, lines)) <= width
    words = [word.strip("()") for word in done.out.split()]
    board = pd.read_csv(finished / "leaderboard.csv")
    for row in board.to_dict("records"):
        assert row["candidate"] in words
        assert f"{row['mean']:.3f}" in words
        assert row["status"] in words
    assert "…" not in re.sub(r"[0-9–] … [0-9–]|[0-9–] …$|^ *… ?[0-9–]", "", done.out, flags=re.M)


@pytest.mark.parametrize("width", [40, 80])
def test_words_stay_whole(width, seqlab, small_csv, monkeypatch):
    monkeypatch.chdir(small_csv.parent)
    narrow, wide = [], []
    for words, columns in ((narrow, width), (wide, 400)):
        monkeypatch.setenv("COLUMNS", str(columns))
        printed = seqlab("inspect", small_csv.name).out
        words += printed[: printed.index("a comparison as it stands")].split()
    assert narrow == wide
