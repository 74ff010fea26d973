from dataclasses import dataclass

import pytest

from seqlab.cli import run


@dataclass
class Result:
    """What a command left: its status, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def error(self):
        """The message of the one error line, without the word "error"."""
        lines = self.err.splitlines()
        assert self.status != 0, self.out
        assert [line for line in lines if line.startswith("error: ")] == lines[:1], self.err
        assert all(line.startswith("hint: ") for line in lines[1:]), self.err
        assert len(lines) <= 2, self.err
        assert "internal error" not in self.err
        return lines[0].removeprefix("error: ")

    @property
    def hint(self):
        """What to do."""
        return self.err.splitlines()[1].removeprefix("hint: ")


@pytest.fixture
def seqlab(capsys):
    """Runs a command in this process."""

    def call(*arguments):
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Result(status, printed.out, printed.err)

    return call


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in, so that messages name files as a user types them."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
