"""String to string: what is recognised, prepared, learned, shown and refused."""

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab import registry
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.inputs.vocabulary import Vocabulary, kind_for, learn
from seqlab.tasks.targets.translation import Translation, TranslationOptions
from seqlab.tasks.translate import Translate
from seqlab.training.fit import fit
from seqlab.workbench.gathering import choose_task
from tests.translations import WORDS, frame, sentences

TOKENS = {"source_tokens": "word", "target_tokens": "word"}


def sources(table, **parts):
    tables = {name: Table(part, f"{name}.csv") for name, part in parts.items()}
    return Sources(Table(table, "pairs.csv"), **tables)


def prepare(table=None, **settings):
    settings.setdefault("options", TOKENS)
    return Translate.prepare(sources(frame() if table is None else table), DataSpec(**settings), 0)[
        0
    ]


def refused(table, **settings):
    with pytest.raises(UserError) as caught:
        Translate.prepare(sources(table), DataSpec(**settings), 0)
    return caught.value


# -- what is recognised ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns", [("src", "tgt"), ("en", "de"), ("source", "target"), ("article", "highlights")]
)
def test_pairs_of_texts_are_recognised(columns):
    table = frame(columns=columns).assign(id=[f"n{i}" for i in range(300)])
    task, why = choose_task(sources(table), None, {})
    assert task == "translate"
    assert why == f'two text columns, free-form targets ("{columns[0]}" and "{columns[1]}"): ' + (
        "translate"
    )


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"text": [s for s, _ in sentences()], "label": ["a", "b", "c"] * 100}),
        pd.DataFrame({"src": [s for s, _ in sentences()], "tgt": ["yes", "no", "so"] * 100}),
        pd.DataFrame({"text": [s for s, _ in sentences()], "score": np.linspace(0, 1, 300)}),
        pd.DataFrame({"text": [s for s, _ in sentences()]}),
    ],
)
def test_other_data_are_not_claimed(table):
    assert Translate.recognise(Table(table, "t.csv")).score < 0.5


def test_of_several_languages_the_user_names_two():
    table = frame(columns=("en", "de")).assign(fr=[t for _, t in sentences()])
    error = refused(table)
    assert error.message == '"pairs.csv": which of en, de, fr is translated into which?'
    assert error.hint == "say it with --columns src=en,tgt=de"
    assert Translate.recognise(Table(table, "t")).score >= 0.5
    prepared = prepare(table, columns={"src": "fr", "tgt": "en"})
    assert prepared.task.columns == {"src": "fr", "tgt": "en"}


# -- tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["AH0 B AW1 T", "K AE1 T", "B AW1 T", "T AE1 B"] * 30, "word"),
        (["about", "cat", "table"], "character"),
        (["12 + 7", "99 - 1"], "character"),
        (["Two young men are outside near many green bushes."] * 3, "bpe"),
        (["我们在这里等着你们回来吃晚饭好吗谢谢"], "character"),
    ],
)
def test_how_strings_are_cut_is_told_from_them(texts, kind):
    assert kind_for(texts)[0] == kind


@pytest.mark.parametrize("kind", ["word", "character", "bpe"])
def test_what_was_cut_is_put_together_again(kind, tmp_path):
    texts = ["Ein Mann, der lächelt!", "the cat – sat", "naïve <pad> </s>"]
    vocabulary = learn(texts * 3, kind, 400)
    vocabulary.save(tmp_path / "v.json")
    for v in (vocabulary, Vocabulary.load(tmp_path / "v.json")):
        assert [v.decode([*ids, v.end, 0]) for ids in v.encode(texts)] == texts
        assert v.size == v.end + 1
        assert max(int(ids.max()) for ids in v.encode(texts)) < v.end


def test_rarer_pieces_than_there_is_room_for_are_unknown():
    vocabulary = learn(["a a a b b c"], "word", 5)
    assert vocabulary.encode(["a b c d"])[0].tolist() == [2, 3, 1, 1]
    assert vocabulary.unknown(["a d d c"]) == {"d": 2, "c": 1}


# -- preparation -----------------------------------------------------------------------------------


def test_batches_are_what_teacher_forcing_needs():
    prepared = prepare()
    task, seen = prepared.task, []
    end = task.target.vocabulary.end
    for batch in task.batches(prepared.train, 16, 4096, np.random.default_rng(0)):
        for i, row in enumerate(batch.rows):
            wanted = prepared.train.arrays["target"][row].tolist()
            real = batch.extra["real"][i]
            assert batch.targets[i][real].tolist() == [*wanted, end]
            assert batch.extra["previous"][i][real].tolist() == [end, *wanted]
            assert (batch.targets[i][~real] == -1).all()
        seen += batch.rows.tolist()
    assert sorted(seen) == list(range(len(prepared.train)))


def test_a_fitted_task_survives_being_stored(tmp_path):
    prepared = prepare(options={})
    prepared.task.save(tmp_path)
    again = Translate.load(tmp_path)
    assert again.reader.plain() == prepared.task.reader.plain()
    assert again.target.plain() == prepared.task.target.plain()
    table = Table(frame(20, seed=5), "new.csv")
    for name in ("source", "target"):
        first, second = (t.encode(table).arrays[name].values for t in (prepared.task, again))
        assert first.tolist() == second.tolist()


def test_new_data_need_no_targets_and_any_single_column_will_do():
    task = prepare().task
    found = task.encode(Table(pd.DataFrame({"sentence": ["dog runs", "old cat"]}), "new.txt"))
    assert found.frame["source"].tolist() == ["dog runs", "old cat"]
    assert found.frame["target"].tolist() == [None, None]


def test_rows_without_source_or_target_are_counted_and_listed():
    table = frame()
    table.loc[[3, 7], "tgt"] = ["", None]
    table.loc[11, "src"] = "  "
    prepared = prepare(table)
    assert "2 rows left out: an empty target (rows 4, 8)" in prepared.card["notes"]
    assert "1 row left out: an empty source (row 12)" in prepared.card["notes"]
    assert sum(prepared.card["parts"].values()) == 297


def test_targets_beyond_the_limit_are_counted():
    prepared = prepare(max_tokens=4)
    notes = " | ".join(prepared.card["notes"])
    train = prepared.train.arrays["target"]
    assert train.lengths.max() == 4
    left_out = 240 - len(train)
    assert f"{left_out:,} training pairs left out: targets of more than 4 tokens" in notes
    assert "test: " in notes
    assert "targets are longer than the decoder's limit of 4 tokens" in notes


def test_unknown_characters_are_counted():
    table = frame()
    test = pd.DataFrame({"src": ["dog ☃ runs"], "tgt": ["rennt ☃ Hund"]})
    data = sources(table, test=test)
    found = Translate.prepare(data, DataSpec(options=TOKENS), 0)[0].card["notes"]
    assert 'test: 1 words of sources are not in training: "☃"' in found
    assert 'test: 1 words of targets are not in training: "☃"' in found


def test_validation_is_capped_and_says_so():
    prepared = prepare(options={**TOKENS, "validation_pairs": 10})
    assert len(prepared.valid) == 10
    assert any(n.startswith("validation: 10 of 30 pairs") for n in prepared.card["notes"])


def test_no_source_is_in_two_parts():
    table = pd.concat([frame(), frame()], ignore_index=True)
    prepared = prepare(table)
    train, test = (set(part.frame["source"]) for part in (prepared.train, prepared.test))
    assert not train & test


def test_what_is_written_is_bounded_by_what_training_suggests():
    target = Translation(
        columns={}, metrics=("bleu",), limit=40, growth=1.5, options=TranslationOptions()
    )
    assert [target.most_written(n) for n in (2, 10, 50)] == [9, 21, 41]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"options": {"bean": 4}}, 'unknown setting in options "bean"; did you mean "beam"?'),
        ({"options": {"beam": 0}}, "options.beam = 0: "),
        ({"metric": "blue"}, 'unknown metric "blue"'),
        ({"max_tokens": 1}, "max_tokens = 1: every training target is longer"),
        ({"columns": {"src": "sorce"}}, '"pairs.csv": unknown column "sorce"'),
    ],
)
def test_settings_that_are_refused(settings, message):
    settings.setdefault("options", TOKENS)
    assert message in refused(frame(), **settings).message


def test_data_that_are_refused():
    blank = frame().assign(tgt="")
    assert (
        refused(blank).message == '"pairs.csv" row 1: an empty target; no other can be used either'
    )
    numbers = pd.DataFrame({"a": range(9), "b": range(9)})
    assert refused(numbers).message.startswith('"pairs.csv": no columns of sources and targets')
    assert refused(numbers).hint == "name them: --columns src=…,tgt=…"


# -- metrics -----------------------------------------------------------------------------------


def test_the_metric_is_chosen_by_what_is_written():
    assert prepare().task.metrics[0] == "token-error-rate"
    assert prepare(options={"target_tokens": "bpe"}).task.metrics[0] == "bleu"
    assert prepare(metric="rouge-l").task.metrics[0] == "rouge-l"
    long = frame().assign(src=[f"{s} {i} " * 30 for i, (s, _) in enumerate(sentences())])
    long["tgt"] = [f"{t} {i} und mehr als das" for i, (_, t) in enumerate(sentences())]
    assert prepare(long, options={}).task.metrics[0] == "rouge-l"


def test_how_scores_were_obtained_is_recorded():
    card = prepare(options={"target_tokens": "bpe"}).card
    assert card["signatures"]["bleu"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp")


def test_right_answers_score_best():
    prepared = prepare(options={"target_tokens": "bpe"})
    task, test = prepared.task, prepared.test
    for name in task.metrics:
        metric = registry.load("metrics", name)()
        value = metric.value(task.statistics(metric, test.arrays["target"], test))
        assert value == pytest.approx({"token-error-rate": 0, "sequence-match": 1}.get(name, 100))


# -- learning ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"mixer": "gru", "attention": "bahdanau"},
        {"mixer": "attention", "residual": True, "norm": "pre", "mlp": 2.0}
        | {"positions": "sinusoidal"},
    ],
    ids=lambda fields: f"{fields['mixer']}-{fields.get('attention', 'cross')}",
)
def test_models_learn_to_translate_and_to_turn_the_order(fields):
    prepared = prepare(frame(1200, longest=4))
    spec = ModelSpec.read({"width": 32, "dropout": 0.0, **fields})
    train = TrainSpec(learning_rate=1e-2, batch_size=32, epochs=8, evaluations=1)
    model = build_model(prepared.task, spec)
    fit(model, TaskObjective(prepared, prepared.train, train), train)
    task, test = prepared.task, prepared.test
    match = registry.load("metrics", "sequence-match")()
    predictions = predict_all(task, model, test)
    assert match.value(task.statistics(match, predictions, test)) > 0.5
    shown = task.model_exhibits(model, test)
    assert [e.kind for e in shown] == ["matrix"] * 3
    for exhibit in shown:
        values = np.array(exhibit.data["values"])
        assert values.shape == (len(exhibit.data["rows"]), len(exhibit.data["columns"]))
        assert np.abs(values.sum(axis=1) - 100).max() <= 3
    options = task.target.options.with_(beam=4)
    target = task.target.model_copy(update={"options": options})
    wide = predict_all(Translate(task.reader, target, task.state), model, test)
    assert match.value(task.statistics(match, wide, test)) > 0.5


def test_exhibits_show_the_same_examples_whoever_wrote():
    prepared = prepare()
    task, test = prepared.task, prepared.test
    right = test.arrays["target"]
    wrong = right.take(np.roll(np.arange(len(right)), 1))
    (first, curve), (second, _) = (task.exhibits(p, test) for p in (right, wrong))
    texts = [[item["text"] for item in e.data["items"]] for e in (first, second)]
    assert texts[0] == texts[1]
    assert len(texts[0]) == 12
    assert all(item["score"] == 0 for item in first.data["items"])  # the token error rate
    assert sum(curve.data["count"]) == len(test)
    assert curve.data["y"] == [0] * len(curve.data["y"])


def test_predictions_are_a_table_of_strings():
    prepared = prepare()
    shown = prepared.task.present(prepared.test.arrays["target"], prepared.test)
    assert list(shown.columns) == ["source", "predicted"]
    assert shown["predicted"].tolist() == prepared.test.frame["target"].tolist()


# -- inspection ----------------------------------------------------------------------------------


def test_the_doctor_finds_what_is_odd():
    table = frame()
    copied = pd.DataFrame({"src": ["Berlin", "Paris"] * 20, "tgt": ["Berlin", "Paris"] * 20})
    odd = pd.DataFrame({"src": ["dog"], "tgt": ["Hund " * 60]})
    twice = pd.DataFrame({"src": ["now here"] * 2, "tgt": ["hier jetzt", "jetzt hier"]})
    table = pd.concat([table, copied, odd, twice], ignore_index=True)
    findings = Translate.inspect(sources(table), DataSpec(), 0)
    said = " | ".join(f.title for f in findings)
    assert "targets that copy their source: 40" in said
    assert "pairs far from that: 1" in said
    assert "sources with more than one target: 1" in said
    assert "tokens of sources: " in said
    assert {f.severity for f in findings if "copy" in f.title} == {"warning"}


def test_the_doctor_reports_what_would_end_a_study():
    (finding,) = Translate.inspect(sources(frame().assign(tgt="")), DataSpec(), 0)
    assert (finding.severity, finding.title) == (
        "error",
        '"pairs.csv" row 1: an empty target; no other can be used either',
    )


# -- baselines -------------------------------------------------------------------------------------


def score(baseline, prepared, name):
    metric = registry.load("metrics", name)()
    predictions = baseline.predict(prepared.task, prepared.test)
    return metric.value(prepared.task.statistics(metric, predictions, prepared.test))


def fitted(name, prepared):
    baseline = registry.load("baselines", name)()
    baseline = baseline.fit(prepared.task, prepared.train, prepared.valid, 0)
    again = type(baseline).from_state(baseline.state())
    first, second = (b.predict(prepared.task, prepared.test) for b in (baseline, again))
    assert prepared.task.texts(first) == prepared.task.texts(second)
    return baseline


def test_a_dictionary_learns_every_word():
    dictionary = fitted("word-dictionary", prepare())
    assert dictionary.words == WORDS


def test_a_dictionary_is_right_where_order_does_not_turn():
    forward = [(s, " ".join(WORDS[w] for w in s.split())) for s, _ in sentences()]
    prepared = prepare(pd.DataFrame(forward, columns=["src", "tgt"]))
    assert score(fitted("word-dictionary", prepared), prepared, "sequence-match") == 1


def test_copying_is_right_where_nothing_changes():
    same = pd.DataFrame({"src": [s for s, _ in sentences()], "tgt": [s for s, _ in sentences()]})
    prepared = prepare(same)
    assert score(fitted("copy-source", prepared), prepared, "token-error-rate") == 0
    assert fitted("copy-source", prepared).parameters == 0


def test_the_nearest_pair_is_found_again():
    prepared = prepare()
    known = prepared.train.take(np.arange(20))
    nearest = fitted("nearest-pair", prepared)
    assert prepared.task.texts(nearest.predict(prepared.task, known)) == list(known.frame["target"])
    dictionary = fitted("word-dictionary", prepared)
    assert 0 < score(nearest, prepared, "token-error-rate") < 1
    assert score(dictionary, prepared, "token-error-rate") < 1


def test_only_what_is_written_counts():
    """A model that never ends is stopped at the limit, and padding is no prediction."""
    prepared = prepare()
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8))
    with torch.no_grad():
        model.bias[prepared.task.target.vocabulary.end] = -100
    found = predict_all(prepared.task, model, prepared.test)
    longest = prepared.task.target.limit + 1
    assert found.lengths.max() <= longest
    assert found.values.min() >= 2
