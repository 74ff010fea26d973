"""`seqlab generate` from trained folders: a model, n-gram counts, and what cannot write."""

from __future__ import annotations

import json

import pytest

from seqlab.errors import UserError
from seqlab.workbench.generating import Writer
from seqlab.workbench.predictor import Predictor, load
from seqlab.workbench.study import Study
from tests import inprocess
from tests.tasks.language_data import WORDS, prose


def study(folder, baselines):
    """The best/ folder of a small study done here; its report is tested elsewhere."""
    book = folder / "book.txt"
    book.write_text(prose(4000))
    with pytest.MonkeyPatch.context() as patched:
        inprocess.patch(patched)
        patched.setattr("seqlab.report.write_report", lambda folder: folder / "report.html")
        Study(
            candidates="gru",
            budget={"params": 2000, "seeds": 1, "trials": 0, "steps": 30},
            data={"options": {"block": 16}},
            folder=folder / "study",
            settings={"baselines": baselines, "model": {"depth": 1}},
        ).fit(book)
    return folder / "study" / "best"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that was kept, for there was no other contestant."""
    return study(tmp_path_factory.mktemp("model"), ())


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    """n-gram counts, which win against so little training."""
    return study(tmp_path_factory.mktemp("counts"), None)


def test_a_model_writes_the_same_for_the_same_seed(model, seqlab):
    arguments = ("generate", model, "--prompt", "the cat", "--tokens", "50", "--seed", "3")
    first, again = seqlab(*arguments), seqlab(*arguments)
    assert first.status == 0, first.err
    assert first.out == again.out
    assert first.out.startswith("the cat")
    assert len(first.out) == len("the cat") + 50 + 1
    other = seqlab(*arguments[:-1], "4")
    assert other.out != first.out
    assert load(model).generate("the cat", tokens=50, seed=3) == first.out[7:-1]


def test_json_says_what_was_done(model, seqlab):
    shown = seqlab(
        *("generate", model, "--prompt", "it", "--tokens", "20", "--temperature", "0.8"),
        *("--top-k", "5", "--top-p", "0.9", "--repetition-penalty", "1.1", "--json"),
    )
    facts = json.loads(shown.out)
    assert facts["prompt"] == "it"
    assert len(facts["text"]) == facts["characters"] == 20
    assert (facts["temperature"], facts["top_k"], facts["top_p"]) == (0.8, 5, 0.9)
    assert facts["seconds"] > 0


def test_counts_write_words(counts, seqlab):
    shown = seqlab("generate", counts, "--tokens", "300", "--temperature", "0.5")
    words = shown.out.replace(".", " ").split()[1:-1]
    assert sum(word in WORDS for word in words) > 0.9 * len(words) > 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--temperature", "0"), "--temperature 0: expected a number above 0; --top-k 1 is greedy"),
        (("--top-p", "1.2"), "--top-p 1.2: expected above 0 and at most 1"),
        (("--top-k", "0"), "--top-k 0: expected a whole number from 1 on"),
        (("--tokens", "0"), "--tokens 0: expected a whole number from 1 on"),
        (
            ("--prompt", "Was it a €, 7?"),
            "--prompt: characters that the training text does not hold: '€', ',', '7', '?'",
        ),
        (
            ("--prompt", ""),
            "--prompt is empty: a model of one running text has no beginning to go on from",
        ),
    ],
)
def test_what_cannot_be_written(counts, seqlab, arguments, message):
    assert seqlab("generate", counts, *arguments).error == message


def test_a_model_of_another_task_does_not_write():
    class Classifier:
        name = "classify"

    with pytest.raises(UserError) as error:
        Writer(Predictor(Classifier(), None, {}), "runs/x/best")
    assert error.value.message == "runs/x/best: trained for classify, which writes no text"


def test_a_prediction_says_what_a_text_costs(counts, seqlab, here):
    (here / "new.txt").write_text("the cat sat on a mat.\n\nWhat was it\n")
    done = seqlab("predict", counts, "new.txt", "--json")
    rows = json.loads(done.out)["predictions"]
    assert [row["from_character"] for row in rows] == [0, 16, 32, 0]
    assert rows[-1]["document"] == "total"
    assert rows[-1]["characters"] == 35


def test_a_file_smaller_than_a_block(here, seqlab):
    (here / "tiny.txt").write_text("the cat sat on a mat\nand saw what it was\n")
    assert seqlab("compare", "tiny.txt").error == (
        '"tiny.txt": the train part has 37 tokens, fewer than one block of 128'
    )


def test_an_empty_file(here, seqlab):
    (here / "empty.txt").write_text(" \n\n")
    assert seqlab("compare", "empty.txt").error == '"empty.txt" is empty'


def test_tasks_that_see_the_future_are_refused(here, seqlab):
    (here / "book.txt").write_text(prose(4000))
    refused = seqlab("compare", "book.txt", "--candidates", "linformer,lstm")
    assert refused.error == 'candidate "linformer" sees the future, which language must not'
