"""Which settings are tried first, and what comes after them."""

import numpy as np
import pytest

from bench.portfolio import _greedy, pool
from seqlab.specs import ModelSpec
from seqlab.study import portfolio
from seqlab.study.conduct import Listener, conduct
from seqlab.study.portfolio import settings_for
from seqlab.study.recipes import recipes
from seqlab.study.space import point, varied_fields
from tests import inprocess
from tests.study.test_floor import conditions_of
from tests.study.test_study_folder import FRAME


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        inprocess.patch(patch)
        _, conditions = conditions_of(patch, tmp_path_factory.mktemp("p") / "study", trials=0)
        return conditions.planner.task


@pytest.mark.parametrize("kind", ["tokens", "values"])
def test_every_listed_setting_makes_a_model_of_every_family(kind):
    for settings in portfolio._lists(kind).values():
        assert len(settings) == len(set(settings)) >= 5
        for one in settings:
            for name in ("rnn", "gru", "lstm", "transformer", "mamba2"):
                model = ModelSpec.read(recipes()[name].model, "model")
                varied = varied_fields(model.mixer, {}, textbook=False, pools=True)
                model.with_(**one.model(model, varied))
            assert 1e-5 < one.train({})["learning_rate"] < 0.1


def test_all_families_try_as_many_and_the_first_stay_the_first(task):
    for families in (("recurrent", "classic"), ("attention",), ("modern",), ()):
        listed = settings_for(task, families, 12)
        assert len(listed) == 12
        assert listed[:5] == settings_for(task, families, 5)
        assert listed[-1] == point(12 - len(portfolio._lists("tokens")["every"]))


def test_the_list_is_of_settings_that_complement_one_another():
    """The second is best where the first is worst, though another is better on average."""
    regrets = np.full((4, len(pool())), 1.0)
    regrets[:, 3] = (0.0, 0.0, 0.0, 1.0)
    regrets[:, 5] = (0.1, 0.1, 0.1, 0.9)
    regrets[:, 7] = (1.0, 1.0, 1.0, 0.0)
    assert _greedy(regrets)[:2] == [list(pool())[3], list(pool())[7]]


def test_a_study_of_another_portfolio_is_told_that_its_trials_run_again(
    tmp_path, in_process, monkeypatch
):
    made, _ = conditions_of(monkeypatch, tmp_path / "study")
    again = made.resolve(FRAME, None, None)
    planned = []
    listener = Listener(plan=planned.append)
    monkeypatch.setattr("seqlab.study.planning.version", lambda: 99)
    sources, spec, folder = again
    conduct(spec, sources, folder, listener)
    before = portfolio.version()
    assert planned[0].notes[0] == (
        f"tuned with portfolio {before} before: trials run again, with portfolio 99"
    )
    conduct(spec, sources, folder, listener)
    assert not any("portfolio" in note for note in planned[1].notes)
