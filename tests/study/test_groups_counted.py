"""Groups are what a study counts; too few in the test part are refused before any training."""

import numpy as np
import pandas as pd
import pytest

from seqlab.errors import UserError
from seqlab.runs import read_json
from seqlab.workbench.study import Study
from tests.tasks.test_groups import texts

BUDGET = {"params": 2000, "epochs": 1, "seeds": 2, "trials": 0}


def study(folder, **data):
    return Study(
        candidates=["rnn"],
        budget=BUDGET,
        data={"group": "subject", "keep_duplicates": True, **data},
        folder=folder,
        settings={"baselines": ("majority",), "workers": 1},
    )


def test_one_subject_in_the_test_part_is_refused(tmp_path):
    with pytest.raises(UserError) as error:
        study(tmp_path / "study").plan(texts(10, 30))
    assert error.value.message.startswith(
        '--group subject: the test part holds one value of "subject"'
    )
    assert "--folds 5" in error.value.hint


def test_every_fold_counts_its_subjects(tmp_path, in_process):
    made = study(tmp_path / "study", folds=5).fit(texts(10, 30))
    comparison = read_json(made.folder_ / "comparison.json")
    assert (comparison["units"], comparison["examples"]) == (10, 300)
    assert np.isfinite(pd.read_csv(made.folder_ / "leaderboard.csv")["mean"]).all()
