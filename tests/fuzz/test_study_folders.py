"""Damaged folders of studies: a report of what is whole, or one line; never an internal error."""

import random
import shutil

import pytest

from tests.fuzz.contained import numbers
from tests.fuzz.mutations import damage_file

READ = (".json", ".csv", ".npz")  # what a report reads of a study


def faults_of(commands, study, count, folder, seed):
    """Faults of reports of damaged copies of a study, by the files that were damaged."""
    faults = {}
    for number in numbers(count):
        rng = random.Random(f"{seed}/{number}")
        copy = folder / "study"
        shutil.copytree(study, copy, ignore=shutil.ignore_patterns("prepared", "best"))
        files = sorted(path for path in copy.rglob("*") if path.suffix in READ)
        chosen = [rng.choice(files) for _ in range(rng.choice((1, 1, 2)))]
        for path in chosen:
            if path.exists():
                damage_file(path, rng)
        fault = commands.fault("report", copy)
        if fault:
            names = " ".join(str(path.relative_to(copy)) for path in chosen)
            faults[f"{names}, seed {seed}/{number}"] = fault
        shutil.rmtree(copy)
    return faults


def test_a_sample_of_damaged_studies(commands, finished, tmp_path):
    assert faults_of(commands, finished, 4, tmp_path, seed=1) == {}


@pytest.mark.slow
def test_damaged_studies(commands, finished, tmp_path):
    assert faults_of(commands, finished, 60, tmp_path, seed=2) == {}
