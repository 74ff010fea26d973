"""The line that tells who waits what is being done: when it appears, where, and that it goes."""

import io
import json
import sys
import threading
import time

import pytest

from seqlab import progress
from seqlab.cli import waiting
from seqlab.cli.progress import Bar
from seqlab.cli.terminal import Terminal
from seqlab.cli.waiting import Waiting, told_while_waiting
from seqlab.study.clock import Moment


class Stream(io.StringIO):
    """What has been written, on a terminal or not."""

    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal

    @property
    def shown(self):
        """The last line as a terminal shows it."""
        cells = []
        for part in self.getvalue().split("\n")[-1].split("\r"):
            cells[: len(part)] = part
        return "".join(cells).rstrip()


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 2.0)
    return [100.0]


def listening(terminal, now):
    return Waiting(Stream(terminal), lambda: now[0])


def at(line, now, seconds):
    now[0] = 100.0 + seconds
    line.tick()


def test_on_a_terminal_one_line_is_replaced_and_goes(now):
    line = listening(True, now)
    line.hear("reading a rather long name.csv")
    at(line, now, 1.9)
    assert line.stream.getvalue() == ""
    at(line, now, 2.1)
    assert line.stream.shown == "reading a rather long name.csv (2 s)"
    line.hear("looking")  # the same wait: no second silence before it is told
    at(line, now, 3.2)
    assert line.stream.shown == "looking (3 s)"
    assert "\n" not in line.stream.getvalue()
    line.hear("")
    assert line.stream.shown == ""
    assert line.stream.getvalue().endswith("\r")
    at(line, now, 60)
    assert line.stream.shown == ""


def test_each_wait_has_its_own_silence(now):
    line = listening(True, now)
    for seconds in range(0, 9, 3):  # pieces that take a second each
        now[0] = 100.0 + seconds
        line.hear("predicting")
        at(line, now, seconds + 1)
        line.hear("")
    assert line.stream.getvalue() == ""


def test_elsewhere_plain_lines_every_ten_seconds(now):
    line = listening(False, now)
    line.hear("reading data.csv")
    for quarter in range(4 * 25):
        at(line, now, quarter / 4)
    assert line.stream.getvalue().splitlines() == [
        "reading data.csv (2 s)",
        "reading data.csv (12 s)",
        "reading data.csv (22 s)",
    ]
    line.hear("")
    assert "\r" not in line.stream.getvalue()


def test_a_line_fits_the_terminal_and_cannot_steer_it(now, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    line = listening(True, now)
    line.hear("reading \x1b[2J\n" + "x" * 50)
    at(line, now, 3)
    assert line.stream.shown == r"reading \x1b[2J xxx"


def test_a_closed_stream_ends_the_telling_alone(now):
    line = listening(True, now)
    line.hear("reading")
    line.stream.close()
    at(line, now, 3)
    line.hear("")
    line.end()


def test_a_live_view_has_the_terminal_for_itself(now, monkeypatch):
    line = listening(True, now)
    monkeypatch.setattr(waiting, "_shown", [line])
    line.hear("preparing the data")
    at(line, now, 3)
    with Bar(Terminal(file=io.StringIO(), force_terminal=True, width=80)) as bar:
        bar.moment(Moment("tuning", 0.1, 10.0))
        assert line.stream.shown == ""
        at(line, now, 4)
        assert line.stream.shown == ""
    at(line, now, 5)
    assert line.stream.shown == "preparing the data (5 s)"


@pytest.fixture
def slow(monkeypatch, tmp_path):
    """A file whose inspection waits until somebody has been told of it."""
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "PLAIN_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "TICK_SECONDS", 0.01)
    from seqlab.workbench import inspecting

    usual = inspecting.recognise

    def late(table):
        with progress.doing("being slow"):
            time.sleep(0.2)
        return usual(table)

    monkeypatch.setattr(inspecting, "recognise", late)
    path = tmp_path / "data.csv"
    path.write_text("text,label\n" + "good one,a\nbad one,b\n" * 30)
    return str(path)


def _ticking():
    """How many threads draw lines; others (of pools, of other tests) may come and go."""
    return sum("_ticking" in thread.name for thread in threading.enumerate())


def test_a_command_tells_on_standard_error_alone(seqlab, slow, monkeypatch):
    told = seqlab("inspect", slow)
    assert told.status == 0
    assert "being slow (0 s)" in told.err
    assert "being slow" not in told.out
    assert _ticking() == 0
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 3600.0)
    silent = seqlab("inspect", slow)
    assert silent.err == ""
    assert silent.out.partition("a comparison")[0] == told.out.partition("a comparison")[0]


def test_with_json_nothing_is_told(seqlab, slow):
    done = seqlab("inspect", slow, "--json")
    assert done.err == ""
    assert json.loads(done.out)["task"] == "classify"


def test_the_line_has_gone_before_an_error_is_printed(monkeypatch):
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "TICK_SECONDS", 0.01)
    stream = Stream(True)
    monkeypatch.setattr(sys, "stderr", stream)
    shown = []

    @progress.doing("reading")
    def fail():
        time.sleep(0.2)
        shown.append(stream.shown)
        raise OSError("a bad disk")

    with pytest.raises(OSError, match="a bad disk"), told_while_waiting(["inspect"]):
        fail()
    assert shown == ["reading (0 s)"]
    assert stream.shown == ""
