"""Damage of a study's files: each costs that file, with a line, and never the report."""

import json
import os
import random
import shutil

import pytest

from seqlab.cli import run
from seqlab.errors import UserError
from seqlab.outside import DamagedError
from seqlab.report import write_report
from seqlab.report.stored import read_study
from seqlab.shapes import ANY, NUMBER, departure, read_shaped

PARTS = ("study", "verdict", "comparison", "data_card", "environment")
VALUES = (None, [], {}, "x", -1, 0, 1e99, True, [None], {"a": None}, [[]], "\ud800", 10**50)
BROKEN = (b"", b"null", b"[]", b"3", b'"x"', b'{"a": NaN}', b"[" * 100_000, b"\xff\xfe", b"{")


def places(value, path=()):
    """The paths to everything in a value, itself first."""
    yield path
    inner = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else inner:
        yield from places(item, (*path, key))


def mutated(value, rng):
    """The value with something in it missing or replaced."""
    value = json.loads(json.dumps(value))
    path = rng.choice(list(places(value))[:3000])
    if not path:
        return rng.choice(VALUES)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    if rng.random() < 0.3:
        del inner[path[-1]]
    else:
        inner[path[-1]] = rng.choice(VALUES)
    return value


def mutate(study, rng):
    """Damage one file of the study; its path."""
    path = rng.choice(sorted(study.glob("*.json")) + sorted(study.glob("runs/*/*/*.json"))[:40])
    if rng.random() < 0.2:
        path.write_bytes(rng.choice(BROKEN))
    else:
        path.write_text(json.dumps(mutated(json.loads(path.read_text()), rng)))
    return path


def is_refused_by_its_format(path, error):
    """Without its number a study is an older one, which is not read."""
    refused = isinstance(error, UserError) and "format" in error.message
    return refused and path.name == "study.json"


@pytest.fixture(scope="module")
def copy(golden, tmp_path_factory):
    return shutil.copytree(golden, tmp_path_factory.mktemp("damaged") / "study")


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 40))]
)
def test_mutated_files_never_cost_the_report(seed, golden, copy, monkeypatch):
    monkeypatch.setattr("seqlab.report.page.gzip.compress", lambda *_, **__: b"")  # seconds
    rng = random.Random(seed)
    for _ in range(12):
        path = mutate(copy, rng)
        try:
            write_report(copy)
        except Exception as error:
            if is_refused_by_its_format(path, error):
                continue
            raise AssertionError(f"{path.name}: {path.read_text()[:300]!r}") from error
        finally:
            shutil.copy2(golden / path.relative_to(copy), path)


def damaged_page(parts, content, study, monkeypatch):
    """What a report says where these files are damaged, each in a line."""
    monkeypatch.setattr("seqlab.report.page.gzip.compress", lambda *_, **__: b"")
    for part in parts:
        (study / f"{part}.json").write_bytes(content)
    stored = read_study(study)
    page = write_report(stored).read_text(encoding="utf-8")
    assert {line.partition(" ")[0] for line in stored.damage} == {f"{p}.json" for p in parts}
    assert len(stored.damage) == len(parts)
    assert all(f"{part}.json is damaged and left out" in page for part in parts)
    return stored.damage


@pytest.mark.parametrize("part", PARTS)
def test_a_damaged_file_costs_that_file_and_says_so(part, study, monkeypatch):
    damaged_page([part], b"null", study, monkeypatch)


@pytest.mark.parametrize("content", BROKEN)
def test_damage_of_any_kind_costs_the_files_and_says_so(content, study, monkeypatch):
    lines = damaged_page(PARTS, content, study, monkeypatch)
    if content == b"[]":  # an empty list holds nothing, and is no object
        assert all("expected an object" in line for line in lines)


@pytest.mark.skipif(os.name == "nt", reason="has no pipes in folders")
@pytest.mark.parametrize("name", ["verdict.json", "leaderboard.csv"])
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(name, study):
    (study / name).unlink()
    os.mkfifo(study / name)
    assert read_study(study).damage == [f"{name} is damaged and left out: not a file"]


@pytest.mark.parametrize("name", ["result", "history", "exhibits"])
def test_a_damaged_part_of_a_run_is_named_and_others_stay(name, study):
    run_folder = read_study(study).contestants[0].representative.folder
    (run_folder / f"{name}.json").write_text("[[null]]")
    stored = read_study(study)
    page = write_report(stored).read_text(encoding="utf-8")
    (line,) = stored.damage
    assert line.startswith(f"{run_folder.relative_to(study).as_posix()}/{name}.json is damaged")
    assert line.split(":")[0] in page


@pytest.mark.parametrize(
    "content", [b"\xff", b"mean,kind\n1,model\n", b"candidate\n\n,\n", b'"\x00']
)
def test_a_damaged_leaderboard_is_named(content, study):
    (study / "leaderboard.csv").write_bytes(content)
    stored = read_study(study)
    write_report(stored)
    assert stored.damage == [] or stored.damage[0].startswith("leaderboard.csv is damaged")


def test_the_command_names_damage_and_prints_what_is_left(study, capsys):
    (study / "data_card.json").write_text('{"findings": null, "notes": [3]}')
    assert run(["report", str(study)]) == 0
    printed = capsys.readouterr()
    assert printed.err == (
        "note: data_card.json is damaged and left out: notes[0] is 3, expected text\n"
    )
    assert "gru" in printed.out
    assert run(["report", str(study), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recommended"]


@pytest.mark.parametrize(
    ("value", "shape", "problem"),
    [
        ({"a": 1}, {"a": str}, "a is 1, expected text"),
        ({}, {"a": str}, "a is missing"),
        ({}, {"a?": str}, ""),
        ({"a": None}, {"a?": str}, "a is null, expected text"),
        ({"a": [1, None]}, {"a": [NUMBER]}, "a[1] is null, expected a number"),
        ({"a": [1, "x"]}, {"a": ([NUMBER], None)}, 'a[1] is "x", expected a number'),
        ({"x": {"y": []}}, {...: {...: NUMBER}}, "x.y is [], expected a number"),
        ([], dict, "the whole file is [], expected an object"),
        (True, int, "the whole file is true, expected a number"),
        ([{}], ANY, ""),
    ],
)
def test_departures_are_named(value, shape, problem):
    assert departure(value, shape) == problem


@pytest.mark.parametrize(
    "text", ["1e999", "-1e200", "9" * 6000, "NaN", "-Infinity", "[" * 70 + "]" * 70]
)
def test_numbers_and_depth_are_bounded(text, tmp_path):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DamagedError):
        read_shaped(tmp_path / "x.json", ANY)
