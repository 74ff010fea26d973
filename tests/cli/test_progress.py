"""How a study's progress looks: rows of numbers on a terminal, plain lines in a pipe."""

import io

import pytest

from seqlab.cli import progress
from seqlab.cli.progress import Bar
from seqlab.cli.terminal import Terminal
from seqlab.study.clock import Moment, Running

READING = {
    "step": 120,
    "steps": 400,
    "loss": 0.41234,
    "valid": 0.8125,
    "gradient_norm": 0.94,
    "clipped": 0.12,
    "loading": 0.02,
    "tokens_per_second": 23_100.0,
    "memory_mb": 312.4,
    "seconds_left": 40.0,
}


def moment(*readings, stage="tuning: gru"):
    running = tuple(Running(f"gru trial-{n}", {**READING, **r}) for n, r in enumerate(readings))
    return Moment(stage, 0.25, 180.0, running)


@pytest.fixture
def now(monkeypatch):
    """A clock that the test sets."""
    time = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: time[0])
    return time


@pytest.fixture
def pipe():
    return io.StringIO()


@pytest.fixture
def bar(pipe, now):
    bar = Bar(Terminal(file=pipe, width=200), verbose=True)
    bar.metric = "accuracy"
    return bar


def test_plain_lines_say_how_each_run_goes(bar, pipe):
    bar.moment(moment({}, {"valid": None, "step": 0}))
    assert pipe.getvalue().splitlines() == [
        " 25%  tuning: gru  best so far 0.812 (gru)  3 min left",
        "       gru trial-0: 30%, loss 0.412, accuracy 0.812, 23.1k tokens/s, gradient 0.94 "
        "(12% clipped), 312 MB, loading 2%, 40 s left",
        "       gru trial-1: 0%, loss 0.412, accuracy –, 23.1k tokens/s, gradient 0.94 "
        "(12% clipped), 312 MB, loading 2%, 40 s left",
    ]
    assert "\x1b" not in pipe.getvalue()


def test_plain_lines_are_rare_and_rarer_in_long_studies(bar, pipe, now):
    def lines(seconds):
        before = pipe.getvalue().count("\n")
        for _ in range(int(seconds)):
            now[0] += 1.0
            bar.moment(moment())
        return pipe.getvalue().count("\n") - before

    assert lines(60) == 4  # one at once, then each 15 s
    now[0] += 3600.0
    lines(1)
    assert lines(3600) <= 22  # a twentieth of the time so far, at most every 5 minutes
    assert lines(3600) >= 11


def test_another_stage_is_told_at_once(bar, pipe):
    for stage in ("tuning: gru", "tuning: rnn", "verdict runs: gru"):
        bar.moment(moment(stage=stage))
    stages = [line.split("  ")[1] for line in pipe.getvalue().splitlines()]
    assert stages == ["tuning: gru", "verdict runs: gru"]


def shown(height=30, width=100, *readings, verbose=True):
    """The last frame on a terminal of that size."""
    screen = io.StringIO()
    console = Terminal(file=screen, width=width, height=height, force_terminal=True)
    with Bar(console, verbose=verbose) as bar:
        bar.metric = "accuracy"
        bar.moment(moment(*readings))
    console = Terminal(file=io.StringIO(), width=width, height=height)
    console.print(bar.live.renderable)
    return console.file.getvalue().splitlines(), screen.getvalue()


def test_a_terminal_shows_a_row_for_each_run():
    lines, raw = shown(30, 100, {}, {"valid": None})
    heads = [
        "run",
        "done",
        "loss",
        "accuracy",
        "tokens/s",
        "grad",
        "clip",
        "memory",
        "load",
        "left",
    ]
    assert lines[0].split() == heads
    numbers = ["30%", "0.412", "0.812", "23.1k", "0.94", "12%", "312", "MB", "2%", "40", "s"]
    assert lines[1].split() == ["gru", "trial-0", *numbers]
    assert lines[2].split()[4] == "–"
    assert "25% 3 min left" in lines[3]
    assert raw.rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in raw, "the cursor is shown again"


def test_a_low_terminal_shows_what_it_has_room_for():
    lines, _ = shown(12, 100, *({} for _ in range(9)))
    assert [line.split()[1] for line in lines[1:5]] == [f"trial-{n}" for n in range(4)]
    assert lines[5].strip() == "and 5 more"


def test_a_narrow_terminal_keeps_one_line_a_run():
    lines, _ = shown(30, 80, {})
    assert len(lines) == 3
    assert all(len(line) <= 80 for line in lines)


def test_nothing_is_shown_where_silence_is_wanted(pipe, now):
    Bar(Terminal(file=pipe), silent=True).moment(moment({}))
    assert pipe.getvalue() == ""


def test_a_number_format_that_is_not_the_usual_one_is_said(bar, pipe):
    bar.moment(moment({"precision": "bfloat16"}, {"precision": "float32"}))
    first, second = pipe.getvalue().splitlines()[1:]
    assert "gru trial-0: 30% in bfloat16, loss" in first
    assert "gru trial-1: 30%, loss" in second


def test_one_bar_with_the_best_score_is_all_unless_more_is_asked_for(pipe, now):
    lines, _ = shown(30, 100, {"valid": 0.5}, {"valid": 0.75}, verbose=False)
    assert len(lines) == 1
    assert "best so far 0.75 (gru)" in lines[0]
    bar = Bar(Terminal(file=pipe, width=200))
    bar.scored_by("mse")
    bar.moment(moment({"valid": 0.5}, {"valid": 0.75}))
    assert pipe.getvalue().splitlines() == [" 25%  tuning: gru  best so far 0.5 (gru)  3 min left"]
