"""Damaged `best/` folders of every contestant: used, or refused in one line; nothing crashes."""

import random
import shutil

import pytest

from tests.fuzz.contained import numbers
from tests.fuzz.data_files import write_all
from tests.fuzz.mutations import damage_file
from tests.fuzz.trained import write_trained


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    write_all(folder / "data")
    return write_trained(folder / "best", folder / "data")


def test_all_predict_before_they_are_damaged(commands, trained, tmp_path):
    for name, best, data in trained:
        assert not commands.fault("predict", best, data, "-o", tmp_path / "new.csv"), name
        assert (tmp_path / "new.csv").exists(), name
        (tmp_path / "new.csv").unlink()


def faults_of(commands, trained, count, folder, seed):
    """Faults of damaged folders, by contestant; each round damages every contestant once."""
    faults = {}
    for number in numbers(count):
        name, best, data = trained[number % len(trained)]
        rng = random.Random(f"{seed}/{number}")
        copy = folder / "best"
        shutil.copytree(best, copy)
        for _ in range(rng.choice((1, 1, 2))):
            damage_file(rng.choice(sorted(p for p in copy.rglob("*") if p.is_file())), rng)
        fault = commands.fault("predict", copy, data, "-o", folder / "new.csv")
        if fault:
            faults[f"{name}, seed {seed}/{number}"] = fault
        shutil.rmtree(copy)
    return faults


def test_a_sample_of_damaged_folders(commands, trained, tmp_path):
    assert faults_of(commands, trained, len(trained), tmp_path, seed=1) == {}


@pytest.mark.slow
def test_damaged_folders(commands, trained, tmp_path):
    assert faults_of(commands, trained, 12 * len(trained), tmp_path, seed=2) == {}
