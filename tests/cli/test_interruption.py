"""Ctrl-C and SIGTERM on the command line: what is said, and what ends when."""

import signal
import subprocess
import sys
import time

import pytest

from seqlab.cli.interruption import interruptible

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_command_that_continues_is_said(number, seqlab, small_csv, monkeypatch):
    monkeypatch.setattr(
        "seqlab.workbench.study.gather", lambda *_, **__: signal.raise_signal(number)
    )
    monkeypatch.setattr(sys, "argv", ["/bin/seqlab"])
    done = seqlab("compare", small_csv, "--set", "train.augment=[]", "-o", "my study")
    assert done.status == 128 + number
    assert done.err.splitlines() == [
        "error: interrupted; finished runs are kept",
        f"hint: continue with: seqlab compare {small_csv} --set 'train.augment=[]' -o 'my study'",
    ]


@pytest.mark.parametrize("number", SIGNALS)
def test_what_cannot_be_continued_says_nothing_of_it(number, seqlab, small_csv, monkeypatch):
    monkeypatch.setattr(
        "seqlab.workbench.inspecting.inspect", lambda *_, **__: signal.raise_signal(number)
    )
    done = seqlab("inspect", small_csv)
    assert (done.status, done.err) == (128 + number, "error: interrupted\n")


def test_what_an_interrupted_command_meets_on_its_way_out_is_not_its_error(
    seqlab, small_csv, monkeypatch
):
    def fail(*_, **__):
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise OSError("a process is gone") from None

    monkeypatch.setattr("seqlab.workbench.study.gather", fail)
    assert seqlab("compare", small_csv).error == "interrupted; finished runs are kept"


def test_the_end_of_a_file_is_no_interruption(seqlab, small_csv, monkeypatch):
    def fail(*_, **__):
        raise EOFError("Ran out of input")

    monkeypatch.setattr("seqlab.workbench.study.gather", fail)
    done = seqlab("compare", small_csv)
    assert done.status == 1
    assert done.err.splitlines()[-2] == "error: internal error: EOFError: Ran out of input"


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(KeyboardInterrupt), interruptible() as interruption:
        signal.raise_signal(signal.SIGTERM)
    assert interruption.signal == signal.SIGTERM
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_what_was_ignored_stays_so():
    """As nohup and shells that run something in the background want it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible() as interruption:
            signal.raise_signal(signal.SIGINT)
        assert interruption.signal == 0
    finally:
        signal.signal(signal.SIGINT, before)


TWICE = """
import signal, time
from seqlab.cli.interruption import interruptible
with interruptible():
    try:
        signal.raise_signal({0})
    finally:
        signal.raise_signal({1})
        print("was not reached")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process that dies of a signal")
@pytest.mark.parametrize("second", SIGNALS)
def test_the_second_ends_at_once(second):
    code = TWICE.format(signal.SIGINT.value, second.value)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (-second, "")


# Python cannot interrupt this; it would take hours.
DEAF = """
import hashlib
from seqlab.cli import interruption
interruption.UNHEARD_SECONDS = 0.3
with interruption.interruptible():
    print("begun", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_library_that_hears_none(number):
    process = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"begun\n"
        time.sleep(1.0)  # until the library has begun, too: Python would hear a signal before
        process.send_signal(number)
        assert process.wait(timeout=20) == 128 + number
    finally:
        process.kill()
        process.communicate()
