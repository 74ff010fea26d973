"""Saying what is being done: heard by who listens, and by nobody else."""

import pytest

from seqlab.progress import doing, heard_by


def test_the_innermost_is_told_and_nothing_when_all_has_ended():
    heard = []
    with heard_by(heard.append), doing("inspecting"):
        with doing("reading data.csv"):
            pass
        with pytest.raises(OSError, match="disk"), doing("looking"):
            raise OSError("disk")
    assert heard == ["inspecting", "reading data.csv", "inspecting", "looking", "inspecting", ""]
    with doing("afterwards"):
        pass
    assert heard[-1] == ""


def test_without_a_listener_nothing_is_printed(capfd):
    with doing("reading data.csv"):
        pass
    assert capfd.readouterr() == ("", "")
