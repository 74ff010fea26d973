"""Tags that are stored as numbers, as Hugging Face stores them."""

import pytest

from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.tag import Tag
from tests.tasks.tag_data import orders, prepare, table

NAMES = ("O", "B-start", "I-start", "B-goal", "I-goal")


def numbered():
    data = orders()
    return data | {"tags": [[NAMES.index(tag) for tag in own] for own in data["tags"]]}


def test_numbers_alone_are_tags():
    prepared = prepare(numbered())
    assert set(prepared.task.classes) == set("01234")
    assert prepared.task.metrics[0] == "token-accuracy"
    found = Tag.inspect(Sources(table(numbered())), DataSpec(), 0)
    assert "tags are numbers without names" in [finding.title for finding in found]


def test_names_make_them_spans():
    options = {"tag_names": ",".join(NAMES)}
    prepared = prepare(numbered(), options=options)
    assert set(prepared.task.classes) == set(NAMES)
    assert prepared.task.metrics[0] == "span-f1"
    new = prepared.task.encode(table(numbered()))  # as labelled new data come
    assert new.frame["tags"].tolist() == orders()["tags"]


def test_a_number_without_a_name_is_an_error():
    with pytest.raises(UserError) as raised:
        prepare(numbered(), options={"tag_names": "O,B-start"})
    assert "has no name in options.tag_names, which has 2" in raised.value.message
