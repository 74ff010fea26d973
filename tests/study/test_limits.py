"""Limits that nothing can meet are refused before training, with what the nearest needs."""

import pytest

from seqlab import registry
from seqlab.errors import UserError
from seqlab.study import limits as checking
from seqlab.study.preparation import PreparedStudy
from seqlab.study.spec import Constraints, StudySpec
from tests.study.test_study_folder import study


def refused(folder, **constraints):
    candidates = constraints.pop("candidates", ("rnn", "gru"))
    baselines = constraints.pop("baselines", ("majority",))
    with pytest.raises(UserError) as error:
        study(folder, candidates, baselines, constraints=constraints)
    assert not (folder / "runs").exists()
    return error.value.message


def test_five_megabytes_for_a_whole_process(tmp_path, in_process):
    message = refused(tmp_path / "study", max_memory_mb=5)
    start = "--max-memory-mb 5: no contestant can meet that; "
    assert message.startswith(start)
    name, rest = message.removeprefix(start).split(" comes nearest, with ")
    assert name in ("rnn", "gru")
    assert float(rest.removesuffix(" MB of memory").replace(",", "")) > 50


def test_parameters_and_size_are_known_exactly(tmp_path, in_process):
    made = study(tmp_path / "made", constraints={"max_size_mb": 1})
    row = made.leaderboard_.set_index("candidate").loc["rnn"]
    weights = made.folder_ / "runs/rnn/verdict-0/weights.safetensors"
    assert row["size_mb"] == weights.stat().st_size / 1e6
    message = refused(tmp_path / "a", max_size_mb=0.9 * row["size_mb"], candidates=("rnn",))
    assert message.endswith(f"rnn comes nearest, with {row['size_mb']:.2g} MB of weights")
    assert refused(tmp_path / "b", max_params=row["params"] - 1, candidates=("rnn",)).endswith(
        f"rnn comes nearest, with {row['params']:,.0f} parameters"
    )
    kept = study(tmp_path / "c", constraints={"max_params": int(row["params"])})
    assert (kept.folder_ / "runs").exists()


def test_several_limits_are_said_together(tmp_path, in_process):
    message = refused(tmp_path / "study", max_params=10, max_size_mb=100)
    assert message.startswith("--max-size-mb 100 --max-params 10: no contestant can meet all of")
    assert " MB of weights and " in message


def test_a_latency_below_all_others(tmp_path, in_process):
    message = refused(tmp_path / "study", max_latency_ms=0.001)
    assert message.endswith(" ms an example")


def test_a_baseline_may_meet_what_no_model_does(tmp_path, in_process):
    made = study(
        tmp_path / "study", ("rnn",), ("majority", "tfidf-lr"), constraints={"max_params": 500}
    )
    assert made.leaderboard_.set_index("candidate").loc["tfidf-lr", "params"] <= 500


def test_what_was_measured_before_training_must_be_clearly_beyond_the_limit(
    tmp_path, in_process, monkeypatch
):
    monkeypatch.setattr(checking, "measure", lambda *given: {"peak_memory_mb": 500.0})
    assert refused(tmp_path / "a", max_memory_mb=400).endswith("with 500 MB of memory")
    assert (study(tmp_path / "b", constraints={"max_memory_mb": 420}).folder_ / "runs").exists()


def test_the_first_that_meets_them_is_enough(tmp_path, in_process, monkeypatch):
    seen = []
    tried = checking._tried

    def watched(study, entry, *rest):
        seen.append(entry.name)
        return tried(study, entry, *rest)

    monkeypatch.setattr(checking, "_tried", watched)
    study(tmp_path / "study", ("rnn", "gru"), constraints={"max_params": 1_000_000})
    assert len(seen) == 1
    seen.clear()
    study(tmp_path / "other", ("rnn", "gru"))
    assert seen == []


def test_what_writes_step_by_step_is_not_judged_by_how_long_it_writes_untrained(tmp_path):
    class Fold:
        task = registry.load("tasks", "translate")

    spec = StudySpec(task="translate", constraints=Constraints(max_latency_ms=1, max_params=5))
    prepared = PreparedStudy(
        spec=spec,
        folder=tmp_path,
        workers=1,
        identity={},
        folds=[Fold],
        digests=[],
        sizes=[],
        entries=[],
    )
    assert set(checking._known_before(prepared).given) == {"max_params"}
