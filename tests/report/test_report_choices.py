"""What contestants settled by measuring themselves stands in the account of a study."""

from types import SimpleNamespace

from seqlab.report.account import _settled


def test_what_was_chosen_is_said_with_the_reason_once_a_contestant():
    choice = {"chosen": "bfloat16", "why": "bfloat16 is 1.81 times as fast as float32"}
    run = SimpleNamespace(result={"choices": {"precision": choice}})
    plain = SimpleNamespace(result={})
    study = SimpleNamespace(
        contestants=[
            SimpleNamespace(name="transformer", verdicts=[run, run]),
            SimpleNamespace(name="gru", verdicts=[plain]),
        ]
    )
    assert _settled(study) == {
        "precision of transformer": "bfloat16: bfloat16 is 1.81 times as fast as float32"
    }
