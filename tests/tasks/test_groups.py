"""Whose a row is: rows of one subject, author or document stay in one part and count once."""

import numpy as np
import pandas as pd
import pytest

from seqlab import registry
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.rows import observations
from tests.tasks.language_data import prose, table
from tests.tasks.tag_data import signals

SUBJECTS, ROWS = 10, 100
GROUPED = [
    task
    for task in registry.names("tasks")
    if "group" in registry.card("tasks", task)["settings"] and task != "language"
]


def prepared(task, frame, **settings):
    kind = registry.load("tasks", task)
    return kind.prepare(Sources(Table(frame, "data.csv")), DataSpec(**settings), 0)


def texts(subjects=SUBJECTS, rows=ROWS):
    """Rows of each subject, and what subject each is of."""
    rng = np.random.default_rng(0)
    whose = np.tile([f"S{number:02d}" for number in range(subjects)], rows)
    words = [" ".join(rng.choice(["a", "b", "c", "d", "e", "f"], 9)) for _ in whose]
    labels = rng.choice(["yes", "no"], len(whose))
    return pd.DataFrame({"text": words, "label": labels, "subject": whose})


@pytest.mark.parametrize("folds", [None, 3])
def test_subjects_are_whole_and_are_what_is_counted(folds):
    frame = texts()
    spec = {"group": "subject", "keep_duplicates": True, "folds": folds}
    for fold in prepared("classify", frame, **spec):
        whose = frame.groupby("text")["subject"].agg(set)
        seen = {}
        for part in ("train", "valid", "test"):
            examples = getattr(fold, part)
            subjects = [whose[text] for text in examples.frame["text"]]
            pairs = {(int(b), *s) for b, s in zip(examples.blocks, subjects, strict=True)
                     if len(s) == 1}  # fmt: skip
            assert len(pairs) == len({b for b, _ in pairs}) == len({s for _, s in pairs})
            seen[part] = {subject for _, subject in pairs}
        assert sum(map(len, seen.values())) == SUBJECTS == len(set.union(*seen.values()))
        assert np.bincount(np.unique(fold.test.blocks, return_inverse=True)[1]).min() == ROWS
        assert any(
            f'"subject" counts as one observation: the test part has {len(seen["test"])}' in note
            for note in fold.card["notes"]
        )


@pytest.mark.parametrize("task", GROUPED)
def test_every_task_of_rows_counts_groups(task):
    """A group is given to whole examples of the task's own sample."""
    kind = registry.load("tasks", task)
    made = kind.sample(60, 0)
    frame = made.frame
    plain = kind.prepare(Sources(made), DataSpec(), 0)[0]
    examples = sum(len(getattr(plain, part)) for part in ("train", "valid", "test"))
    assert plain.test.blocks is None or task == "span"
    if len(frame) != examples:
        pytest.skip("a row is no example in this sample")
    grouped = Table(frame.assign(speaker=np.arange(len(frame)) % 12), made.origin)
    found = kind.prepare(Sources(grouped), DataSpec(group="speaker"), 0)[0]
    parts = [set(getattr(found, part).blocks.tolist()) for part in ("train", "valid", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 12


def test_recordings_of_one_subject_are_one_observation():
    """A table of time steps: a recording is an example, a subject an observation."""
    frame = signals(recordings=24)
    subjects = "p" + (frame["recording"].str[1:].astype(int) % 8).astype(str)
    found = prepared("tag", frame.assign(patient=subjects), group="patient")[0]
    parts = [getattr(found, part) for part in ("train", "valid", "test")]
    assert sum(len(part) for part in parts) == 24
    assert sum(len(np.unique(part.blocks)) for part in parts) == 8
    assert all((np.bincount(part.blocks)[np.unique(part.blocks)] == 3).all() for part in parts)


def test_pieces_of_a_long_recording_are_in_the_block_of_its_subject():
    frame = signals(recordings=24, steps=1200)
    subjects = frame["recording"].str[1:].astype(int) % 8
    whole = prepared("tag", frame, max_tokens=300)[0]
    found = prepared("tag", frame.assign(patient=subjects), group="patient", max_tokens=300)[0]
    assert len(np.unique(whole.test.blocks)) == whole.card["parts"]["test"] < len(whole.test)
    of_recording = found.test.frame.groupby("sequence").ngroup().to_numpy()
    pairs = set(zip(of_recording, found.test.blocks, strict=True))
    assert len(pairs) == found.card["parts"]["test"] == len(set(of_recording)) < len(found.test)
    assert len(np.unique(found.test.blocks)) < len(pairs)


@pytest.mark.parametrize("given", [False, True])
def test_questions_about_one_context_are_one_observation(given):
    contexts = [f"Place {i} was built in {1200 + i} by person {i}." for i in range(30)]
    rows = {
        "context": np.repeat(contexts, 2),
        "question": ["When was it built?", "Which place is it?"] * 30,
        "answer": [a for i in range(30) for a in (str(1200 + i), f"Place {i}")],
    }
    parts = {"split": np.repeat(["train", "valid", "test"], 20)} if given else {}
    test = prepared("span", pd.DataFrame({**rows, **parts}))[0].test
    assert (test.frame.groupby(test.blocks)["context"].agg(["size", "nunique"]) == [2, 1]).all(None)


def test_a_row_of_nobody_is_its_own():
    assert observations(["a", None, "b", "a", float("nan")]).tolist() == [0, 2, 1, 0, 3]
    assert observations([None, None]).tolist() == [0, 1]


def test_authors_of_documents_are_whole_and_are_what_is_counted():
    kind = registry.load("tasks", "language")
    authors = [f"author {number}" for number in range(12)]
    texts = [prose(200, i) for i in range(60)]
    made = table(texts, author=[authors[i % 12] for i in range(60)])
    spec = DataSpec(group="author", options={"block": 16}, tokenizer="word", split="60/20/20")
    found = kind.prepare(Sources(made), spec, 0)[0]
    parts = [set(getattr(found, part).frame["group"]) for part in ("train", "valid", "test")]
    assert sum(map(len, parts)) == 12 == len(set.union(*parts))
    counted = found.test.frame["group"].groupby(found.test.blocks).nunique()
    assert len(counted) == len(parts[2]) >= 2
    assert (counted == 1).all()
    assert "no group in two parts" in found.card["split"]


def test_no_part_of_texts_is_empty_where_one_author_wrote_most():
    kind = registry.load("tasks", "language")
    made = table([prose(4000), prose(200, 1), prose(200, 2)], writer=["a", "b", "c"])
    spec = DataSpec(group="writer", options={"block": 16}, tokenizer="word")
    found = kind.prepare(Sources(made), spec, 0)[0]
    parts = [getattr(found, part).frame["group"].unique().tolist() for part in
             ("train", "valid", "test")]  # fmt: skip
    assert parts == [["a"], ["b"], ["c"]]


def test_what_is_wrong_with_authors_is_said():
    kind = registry.load("tasks", "language")
    few = table([prose(400, i) for i in range(4)], author=["a", "a", "b", "b"])
    with pytest.raises(UserError, match="2 groups cannot be divided into 3 parts"):
        kind.prepare(Sources(few), DataSpec(group="author"), 0)
    missing = table([prose(400, i) for i in range(4)], author=["a", None, "b", "c"])
    with pytest.raises(UserError, match=r'"corpus\.jsonl": row 2 has no group'):
        kind.prepare(Sources(missing), DataSpec(group="author"), 0)
