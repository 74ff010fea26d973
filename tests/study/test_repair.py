"""A study's folder with a damaged file: that file is lost, and a line says so."""

import json
import os
import stat

import numpy as np
import pytest

from seqlab import outside
from seqlab.errors import UserError
from seqlab.outside import DamagedError
from seqlab.runs import list_runs, read_json, replacing, write_json, write_run
from seqlab.study.repair import FILES, take_away_damage
from seqlab.study.spec import StudySpec

DAMAGES = ["", "null", "[null]", "7", '{"a": ', "[" * 100_000, "1" * 6000, "\udcff"]
RUN = {
    "candidate": "rnn",
    "kind": "model",
    "role": "verdict",
    "number": 0,
    "fold": 0,
    "size": None,
    "status": "ok",
    "reason": "",
    "seed": 1,
    "settings": {},
    "valid": 0.5,
    "digest": "d",
    "test": {},
}


def damage(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("text", DAMAGES, ids=range(len(DAMAGES)))
@pytest.mark.parametrize("pattern", FILES)
def test_each_damaged_file_costs_that_file(pattern, text, tmp_path):
    path = tmp_path / pattern.replace("*", "x")
    damage(path, text)
    whole = tmp_path / "runs" / "rnn" / "verdict-0"
    write_run(whole, RUN, {})
    lines = []
    take_away_damage(tmp_path, lines.append)
    (line,) = lines
    assert line.startswith(f"{path}: damaged, ")
    assert line.endswith(FILES[pattern][1])
    assert not path.exists()
    assert [run.folder for run in list_runs(tmp_path)] == [whole]


TYPES = {
    "plan.json": {"key": {}, "allowance": {"trials": "many", "seeds": 2, "epochs": 1}},
    "identity.json": {"task": None, "fingerprint": "f"},
    "costs.json": {"rnn": {"digest": "d", "params": "few"}},
    "looks.json": [1, {}],
    "data_card.json": {"origin": [], "fingerprint": "f", "findings": []},
    "study.json": {"realised": {"time": "long"}},
}


@pytest.mark.parametrize("name", TYPES)
def test_a_value_of_another_type_is_damage_too(name, tmp_path):
    write_json(tmp_path / name, TYPES[name])
    lines = []
    take_away_damage(tmp_path, lines.append)
    assert len(lines) == 1
    assert not (tmp_path / name).exists()


CHANGES = [{"status": "perhaps"}, {"valid": "good"}, {"test": [1]}, {"number": None}]


@pytest.mark.parametrize("change", CHANGES, ids=map(str, CHANGES))
def test_a_run_that_is_damaged_is_done_again(change, tmp_path):
    folder = tmp_path / "runs" / "rnn" / "verdict-0"
    write_run(folder, {**RUN, **change}, {})
    with pytest.raises(DamagedError):
        list(list_runs(tmp_path))
    lines = []
    take_away_damage(tmp_path, lines.append)
    assert not folder.exists()
    assert lines[0].startswith(f"{folder / 'result.json'}: damaged, {next(iter(change))}")
    assert lines[0].endswith("; this run is done again")


def make_pipe(path):
    os.mkfifo(path)


def make_large(path):
    with open(path, "wb") as file:
        file.truncate(outside.MOST_BYTES + 1)


posix = pytest.mark.skipif(os.name == "nt", reason="has no such files")


@pytest.mark.parametrize("make", [os.mkdir, make_large, pytest.param(make_pipe, marks=posix)])
def test_what_is_no_file_of_a_study_is_taken_away(make, tmp_path):
    folder = tmp_path / "runs" / "rnn" / "verdict-0"
    write_run(folder, {**RUN, "test": {"accuracy": 0.5}}, {})
    make(tmp_path / "plan.json")
    if make is not make_large:  # arrays may be large
        make(folder / "statistics.npz")
    lines = []
    take_away_damage(tmp_path, lines.append)
    assert len(lines) == 2
    assert not (tmp_path / "plan.json").exists()
    assert not folder.exists()


@pytest.mark.parametrize("name", ["plan.json", "result.json", "statistics.npz"])
def test_what_may_not_be_read_stays(name, tmp_path, monkeypatch):
    """It may be whole: only its owner can tell."""
    folder = tmp_path / "runs" / "rnn" / "verdict-0"
    parts = {"statistics": {"accuracy": np.ones((3, 1))}}
    write_run(folder, {**RUN, "test": {"accuracy": 0.5}}, parts)
    if name == "plan.json":
        write_json(tmp_path / "plan.json", {})
    before, access = set(tmp_path.rglob("*")), os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: os.path.basename(path) != name and access(path, mode)
    )
    with pytest.raises(UserError, match="permission denied"):
        take_away_damage(tmp_path, pytest.fail)
    assert set(tmp_path.rglob("*")) == before


def test_a_finished_study_is_whole(finished):
    lines = []
    before = set(finished.rglob("*"))
    take_away_damage(finished, lines.append)
    assert (lines, set(finished.rglob("*"))) == ([], before)


def test_what_is_written_goes_where_its_name_says(tmp_path):
    """Neither through a link with its own name nor through any other."""
    outside = tmp_path / "outside.json"
    outside.write_text("untouched")
    folder = tmp_path / "study"
    folder.mkdir()
    for name in ("plan.json", f".plan.json.{os.getpid()}"):
        (folder / name).symlink_to(outside)
    write_json(folder / "plan.json", {"a": 1})
    assert outside.read_text() == "untouched"
    assert not (folder / "plan.json").is_symlink()
    assert read_json(folder / "plan.json") == {"a": 1}


@pytest.mark.skipif(os.name == "nt", reason="modes of files are those of POSIX")
def test_what_is_written_is_readable_as_any_new_file_is(tmp_path):
    """Also where a library gives its own file to the owner alone."""
    (tmp_path / "usual").touch()
    with replacing(tmp_path / "weights") as temporary:
        temporary.unlink()
        temporary.touch(0o600)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "weights")]
    assert modes[0] == modes[1]


def test_what_fails_half_way_leaves_nothing(tmp_path):
    write_json(tmp_path / "plan.json", {"a": 1})

    def fail():
        with replacing(tmp_path / "plan.json") as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert os.listdir(tmp_path) == ["plan.json"]
    assert json.loads((tmp_path / "plan.json").read_text()) == {"a": 1}


NAMES = ["/../../outside", "..\\outside", "a/b", "c:", "line\nbreak", "dots..", "x" * 101]


@pytest.mark.parametrize("name", NAMES)
def test_a_variant_that_cannot_name_a_folder_is_refused(name):
    with pytest.raises(UserError, match="is to name a folder: at most 100 characters"):
        StudySpec.read({"task": "classify", "variants": {name: {}}})
    assert StudySpec.read({"task": "classify", "variants": {"": {}, "with-ema 0.99": {}}})
