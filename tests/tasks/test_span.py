"""Answering by span: what is read, what is refused, and that models learn it."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab import registry
from seqlab.baselines.storage import load_baseline, save_baseline
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.study.objective import predict_all
from seqlab.study.training_one import train_one
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.span import Span
from seqlab.tasks.targets.span_decoding import best_spans
from seqlab.tasks.targets.span_texts import answers, normalised, spans_of
from tests.tasks.span_data import people, squad


def frame(rows=200, seed=0, columns=("context", "question", "answer")):
    return pd.DataFrame([row[: len(columns)] for row in people(rows, seed)], columns=list(columns))


def prepare(data, **settings):
    return Span.prepare(Sources(Table(data, "data.csv")), DataSpec.read(settings, "data"), 0)[0]


def score(task, name, predictions, examples):
    metric = registry.load("metrics", name)()
    return metric.value(task.statistics(metric, predictions, examples))


def gold(examples):
    """The right positions as predictions."""
    answer = np.asarray(examples.arrays["answer"], dtype=float)
    return np.column_stack([answer, np.ones(len(answer))])


# -- recognition and reading ---------------------------------------------------------------------


def test_usual_columns_are_recognised():
    assert Span.recognise(Table(frame(), "x")).score == 0.93
    strange = frame().assign(answer="nowhere")
    assert Span.recognise(Table(strange, "x")).score < 0.5
    assert Span.recognise(Table(frame().drop(columns="answer"), "x")).score == 0.0


def test_squad_is_read_with_its_unanswerable_questions(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps(squad(people(100))))
    table = read_table(str(path))
    assert len(table.frame) == 102
    assert Span.recognise(table).score == 0.95
    prepared = Span.prepare(Sources(table), DataSpec(), 0)[0]
    assert prepared.task.target.unanswerable
    assert prepared.card["questions_without_answer"] == 2
    without = DataSpec(options={"unanswerable": False})
    prepared = Span.prepare(Sources(table), without, 0)[0]
    assert not prepared.task.target.unanswerable
    assert any("2 rows left out: there is no answer" in n for n in prepared.card["notes"])


def test_incomplete_squad_is_one_line(tmp_path):
    path = tmp_path / "train.json"
    path.write_text('{"data": [{"paragraphs": [{"qas": []}, {"context": "a", "qas": [{}]}]}]}')
    with pytest.raises(UserError, match=r"SQuAD's JSON is not complete: question is missing"):
        read_table(str(path))


def test_answers_by_text_by_offsets_and_as_dicts_agree():
    rows = people(80)
    by_text = frame(80)
    by_offset = pd.DataFrame(
        [(c, q, s, s + len(a)) for c, q, a, s in rows],
        columns=["context", "question", "start", "end"],
    )
    as_dicts = by_text.assign(
        answer=[{"text": [a], "answer_start": [s]} for _, _, a, s in rows]
    ).rename(columns={"answer": "answers"})
    wanted = [a for _, _, a, _ in rows]
    for data in (by_text, by_offset, as_dicts):
        prepared = prepare(data)
        found = {
            (c, q): given
            for part in (prepared.train, prepared.valid, prepared.test)
            for c, q, given in zip(
                part.frame["context"],
                part.frame["question"],
                answers(gold(part), part),
                strict=True,
            )
        }
        assert [found[(c, q)] for c, q, _, _ in rows] == wanted


def test_several_answers_are_accepted():
    context = "It was Mount Everest, in the Himalaya."
    data = pd.concat(
        [
            frame(60).assign(answers=lambda f: [[a] for a in f.pop("answer")]),
            pd.DataFrame(
                {
                    "context": [context],
                    "question": ["Which?"],
                    "answers": [["Mount Everest", "Everest"]],
                }
            ),
        ],
        ignore_index=True,
    )
    prepared = prepare(data)
    parts = (prepared.train, prepared.valid, prepared.test)
    held = [list(a) for part in parts for a in part.frame["answers"] if len(a) > 1]
    assert held == [["Mount Everest", "Everest"]]


def test_questions_about_one_context_stay_together():
    once = frame(40)
    both = pd.concat([once, once.assign(question="And ?")], ignore_index=True)
    prepared = prepare(both)
    contexts = [set(p.frame["context"]) for p in (prepared.train, prepared.valid, prepared.test)]
    assert not contexts[0] & contexts[2]
    assert not contexts[0] & contexts[1]
    assert any("no context is in two parts" in note for note in prepared.card["notes"])


# -- bad input -----------------------------------------------------------------------------------

DROPPED = {
    "the answer is not in the context": {"answer": "Atlantis"},
    "the context is empty": {"context": " "},
    "the question is empty": {"question": ""},
    "there is no answer": {"answer": None},
}


@pytest.mark.parametrize("why", DROPPED)
def test_rows_that_do_not_fit_are_counted_and_listed(why):
    data = frame(60)
    for column, value in DROPPED[why].items():
        data.loc[[4, 9], column] = value
    prepared = prepare(data)
    assert f"2 rows left out: {why} (rows 5, 10)" in prepared.card["notes"]
    assert sum(prepared.card["parts"].values()) == 58


def test_offsets_outside_of_the_context():
    data = pd.DataFrame(
        [(c, q, s, s + len(a)) for c, q, a, s in people(60)],
        columns=["context", "question", "start", "end"],
    )
    data.loc[2, "end"] = 10_000
    data.loc[3, ["start", "end"]] = [9, 4]
    notes = prepare(data).card["notes"]
    assert "2 rows left out: the offsets are outside of the context (rows 3, 4)" in notes


def test_wrong_offsets_of_a_text_are_corrected_and_counted():
    data = frame(60, columns=("context", "question", "answer", "start"))
    data.loc[:4, "start"] += 3
    assert (
        "offsets that did not fit their answer were moved to it: 5" in prepare(data).card["notes"]
    )


def test_nothing_that_can_be_used_is_one_line():
    with pytest.raises(UserError) as caught:
        prepare(frame(20).assign(answer="Atlantis"))
    assert caught.value.message == (
        '"data.csv" row 1: the answer is not in the context; no other can be used either'
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"context": "none"}, "no column for the context among none, question, answer"),
        ({"answer": "start"}, 'column "start" says where answers start, but no column says'),
    ],
)
def test_missing_columns(change, message):
    with pytest.raises(UserError, match=message):
        prepare(frame(20).rename(columns=change))


def test_settings_are_checked():
    with pytest.raises(UserError, match="longest_answer = 0"):
        prepare(frame(40), options={"longest_answer": 0})
    with pytest.raises(UserError, match='unknown metric "bleu"'):
        prepare(frame(40), metric="bleu")
    with pytest.raises(UserError, match="max_tokens = 2"):
        prepare(frame(40), max_tokens=2)


def test_inspection_warns_of_what_is_left_out():
    data = frame(60)
    data.loc[4, "answer"] = "Atlantis"
    findings = Span.inspect(Sources(Table(data, "x")), DataSpec(), 0)
    assert any(f.severity == "warning" and "left out" in f.title for f in findings)
    assert any("60" not in f.title and "59 questions" in f.title for f in findings)


# -- positions and decoding ----------------------------------------------------------------------


def test_every_answer_is_learned_whatever_the_window():
    prepared = prepare(frame(100), max_tokens=16)
    answer = np.asarray(prepared.train.arrays["answer"])
    assert (answer >= 0).all()
    longer = (prepared.train.arrays["tokens"].lengths > 16).sum()
    assert any(
        note.startswith("questions whose context is longer than the 16 tokens that are read at once"
                        f": {longer} in train")
        for note in prepared.card["notes"]
    )  # fmt: skip
    assert score(prepared.task, "exact-match", gold(prepared.test), prepared.test) == 1


@pytest.mark.parametrize("unanswerable", [False, True])
def test_best_spans_are_those_of_all_spans(unanswerable):
    B, T, longest = 6, 9, 3
    logits = torch.randn(B, T, 2, generator=torch.Generator().manual_seed(1))
    begin = torch.tensor([2, 3, 4, 2, 5, 6])
    inside = torch.arange(T) >= begin.unsqueeze(1)
    inside[0, 7:] = False
    none = begin - 1 if unanswerable else None
    first, last, probability = best_spans(logits, inside, longest, none)
    for row in range(B):
        places = [int(p) for p in inside[row].nonzero()]
        held = places + ([int(begin[row]) - 1] if unanswerable else [])
        start, end = (logits[row, held, i].double().softmax(0) for i in (0, 1))
        every = {
            (a, b): float(start[held.index(a)] * end[held.index(b)])
            for a in places
            for b in places
            if a <= b < a + longest
        }
        if unanswerable:
            every[(held[-1], held[-1])] = float(start[-1] * end[-1])
        best = max(every, key=every.__getitem__)
        assert (int(first[row]), int(last[row])) == best
        assert float(probability[row]) == pytest.approx(every[best])


def test_no_answer_is_an_empty_answer(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps(squad(people(40))))
    prepared = Span.prepare(Sources(read_table(str(path))), DataSpec(), 0)[0]
    parts = (prepared.train, prepared.valid, prepared.test)
    given = [
        text
        for part in parts
        for text, wanted in zip(answers(gold(part), part), part.frame["answers"], strict=True)
        if list(wanted) == [""]
    ]
    assert given == ["", ""]
    for part in parts:
        assert score(prepared.task, "answer-f1", gold(part), part) == 1.0


# -- metrics -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("The  Rolling Stones!", "rolling stones"), ("a.b", "ab"), ("An apple, a day", "apple day")],
)
def test_answers_are_normalised_as_squad_does(answer, expected):
    assert normalised(answer) == expected


def test_metrics_by_hand():
    given = ["denver broncos", "broncos", "", "1843"]
    wanted = [["denver broncos"], ["denver broncos", "the team"], [""], ["1834"]]
    f1, exact = (registry.load("metrics", name)() for name in ("answer-f1", "exact-match"))
    assert f1.collect(given, wanted)[:, 0].tolist() == pytest.approx([1, 2 / 3, 1, 0])
    assert exact.collect(given, wanted)[:, 0].tolist() == [1, 0, 1, 0]


# -- learning, baseline, exhibits ----------------------------------------------------------------


@pytest.fixture(scope="module")
def learned():
    torch.set_num_threads(1)
    prepared = prepare(frame(500))
    model, _ = train_one(
        prepared,
        "gru",
        params=10_000,
        model={},
        train={"epochs": 6, "learning_rate": 1e-2, "batch_size": 32, "patience": None},
        refit=False,
    )
    return prepared, model, predict_all(prepared.task, model, prepared.test)


def test_a_model_learns_whom_and_what_is_asked(learned, tmp_path):
    prepared, _, predictions = learned
    baseline = registry.load("baselines", "best-overlap")()
    baseline = baseline.fit(prepared.task, prepared.train, prepared.valid, 0)
    save_baseline(baseline, tmp_path)
    overlap = load_baseline(tmp_path).predict(prepared.task, prepared.test)
    np.testing.assert_array_equal(overlap, baseline.predict(prepared.task, prepared.test))
    humble = score(prepared.task, "answer-f1", overlap, prepared.test)
    assert 0.2 < humble < 0.5
    assert score(prepared.task, "answer-f1", predictions, prepared.test) > humble + 0.3


def test_the_best_overlap_is_the_sentence_that_holds_the_question():
    data = frame(60)
    prepared = prepare(data)
    baseline = registry.load("baselines", "best-overlap")()
    baseline = baseline.fit(prepared.task, prepared.train, prepared.valid, 0)
    asked = Table(
        pd.DataFrame(
            {
                "context": ["Ada lives in Rome. Bela was born in 1910. Cora eats rice."],
                "question": ["When was Bela born ?"],
            }
        ),
        "new",
    )
    examples = prepared.task.encode(asked)
    given = answers(baseline.predict(prepared.task, examples), examples)
    assert given == ["Bela was born in 1910."]


def test_exhibits_mark_answers_in_their_contexts(learned):
    prepared, _, predictions = learned
    made = prepared.task.exhibits(predictions, prepared.test)
    assert [e.kind for e in made] == ["table", "curve", "marked", "marked"]
    json.dumps([e.data for e in made])
    for item in [item for exhibit in made[2:] for item in exhibit.data["items"]]:
        assert len(item["tokens"]) == len(item["target"]) == len(item["predicted"])
        assert "answer" in item["target"]
        assert "answer" in item["predicted"]


def test_what_was_saved_answers_alike(learned, tmp_path):
    prepared, model, _ = learned
    prepared.task.save(tmp_path)
    task = Span.load(tmp_path)
    new = frame(5, seed=9).drop(columns="answer")
    examples = task.encode(Table(new, "new"))
    predictions = predict_all(task, model, examples)
    shown = task.present(predictions, examples)
    assert list(shown.columns) == ["context", "question", "answer", "start", "end", "probability"]
    spans = spans_of(predictions, examples)
    assert [c[a:b] for c, (a, b) in zip(new["context"], spans, strict=True)] == list(
        shown["answer"]
    )


def test_new_rows_are_answered_one_by_one(learned):
    prepared, model, _ = learned
    new = frame(6, seed=9)
    new.loc[1, "context"] = " "
    new.loc[2, "question"] = None
    new.loc[3, "answer"] = "Atlantis"
    new = new.rename(columns={"context": "passage"}).assign(surplus=1)
    examples = prepared.task.encode(Table(new, "new"))
    assert prepared.task.known(examples).tolist() == [True, False, False, False, True, True]
    predictions = predict_all(prepared.task, model, examples)
    shown = prepared.task.present(predictions, examples)
    assert shown["problem"].tolist() == [
        "",
        "the context is empty",
        "the question is empty",
        "",
        "",
        "",
    ]
    assert shown["not scored"].iloc[3] == "the answer is not in the context"
    assert shown["answer"].isna().tolist() == [False, True, True, False, False, False]
