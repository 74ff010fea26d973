"""Damaged data of every format: read, or refused in one line; never an internal error."""

import random
import shutil

import pytest

from tests.fuzz.contained import numbers
from tests.fuzz.data_files import write_all
from tests.fuzz.mutations import damage_file
from tests.fuzz.odd_tables import write_odd

ODD = 30  # files with odd content in each round


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("valid"))


@pytest.mark.slow
def test_valid_data_of_every_kind_are_read(commands, kinds):
    faults = {path.name: commands.fault("inspect", path) for path in kinds}
    assert {name: fault for name, fault in faults.items() if fault} == {}


def damaged_copy(kind, folder, rng):
    """A copy of a file or folder, one file of it damaged."""
    path = folder / kind.name
    if not kind.is_dir():
        shutil.copy(kind, path)
        damage_file(path, rng)
        return path
    shutil.copytree(kind, path)
    damage_file(rng.choice(sorted(p for p in path.rglob("*") if p.is_file())), rng)
    return path


def faults_of(commands, kinds, count, folder, seed):
    """Faults of damaged inputs, by input; each round damages every kind once."""
    faults = {}
    for number in numbers(count):
        rng = random.Random(f"{seed}/{number}")
        which = number % (len(kinds) + ODD)
        if which < len(kinds):
            path = damaged_copy(kinds[which], folder, rng)
        else:
            path = write_odd(folder, rng)
        fault = commands.fault("inspect", path)
        if fault:
            faults[f"{path.name}, seed {seed}/{number}"] = fault
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return faults


def test_a_sample_of_damaged_data(commands, kinds, tmp_path):
    assert faults_of(commands, kinds[::4], 12, tmp_path, seed=1) == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_damaged_data(commands, kinds, tmp_path, seed):
    assert faults_of(commands, kinds, 4 * (len(kinds) + ODD), tmp_path, seed) == {}
