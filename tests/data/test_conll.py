"""Sentences a token a line, in all the ways that people write them."""

import lzma

import pytest

from seqlab.data.sources import read_table
from seqlab.errors import UserError

CONLL = """-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
# # I-NP O

-DOCSTART- -X- -X- O

Peter NNP B-NP B-PER
"""
UNIVERSAL = """# newdoc id = first
# sent_id = 1
# text = I don't.
1\tI\tI\tPRON\tPRP\t_\t2\tnsubj\t_\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tAUX\tVBP\t_\t0\troot\t_\t_
3\tn't\tnot\tPART\tRB\t_\t2\tadvmod\t_\t_
3.1\tgo\tgo\tVERB\tVB\t_\t_\t_\t_\t_
4\t.\t.\tPUNCT\t.\t_\t2\tpunct\t_\t_

# newdoc id = second
1\tSan Jose\tSan Jose\tPROPN\tNNP\t_\t0\troot\t_\t_
"""
ITEMS = """12\tNumber
Main St\tStreet
Bonn\tPlace

7\tNumber
Road\tStreet

9\tNumber
Way\tStreet
"""


def read(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_table(path)


def cells(table, column):
    return [list(cell) for cell in table.frame[column]]


def test_columns_documents_and_tokens_that_look_like_comments(tmp_path):
    table = read(tmp_path, "d.conll", CONLL)
    assert list(table.frame.columns) == ["tokens", "column2", "column3", "tags", "document"]
    assert cells(table, "tokens") == [["EU", "rejects", "#"], ["Peter"]]
    assert cells(table, "tags") == [["B-ORG", "O", "O"], ["B-PER"]]
    assert table.frame["document"].tolist() == ["1", "2"]


def test_conllu_leaves_out_ranges_and_empty_nodes_and_says_so(tmp_path):
    table = read(tmp_path, "d.conllu", UNIVERSAL)
    assert cells(table, "form") == [["I", "do", "n't", "."], ["San Jose"]]
    assert cells(table, "upos")[0] == ["PRON", "AUX", "PART", "PUNCT"]
    assert cells(table, "xpos")[0] == ["PRP", "VBP", "RB", "."]
    assert table.frame["document"].tolist() == ["first", "second"]
    assert "ranges of several words left out, their words kept: 1" in table.notes
    assert "empty nodes left out: 1" in table.notes
    again = read(tmp_path, "d.conll", UNIVERSAL)  # told by its ten columns
    assert again.fingerprint == table.fingerprint


@pytest.mark.parametrize("name", ["d.tsv", "d.txt", "d.conll", "d.bio"])
def test_items_divided_by_blank_lines_whatever_the_ending(tmp_path, name):
    table = read(tmp_path, name, ITEMS)
    assert cells(table, "tokens")[0] == ["12", "Main St", "Bonn"]
    assert cells(table, "tags") == [["Number", "Street", "Place"], *[["Number", "Street"]] * 2]


def test_windows_line_ends_compression_and_spaces(tmp_path):
    text = ITEMS.replace("Main St", "Main").replace("\t", " ").replace("\n", "\r\n")
    path = tmp_path / "d.txt.xz"
    path.write_bytes(lzma.compress(text.encode()))
    assert cells(read_table(path), "tokens")[0] == ["12", "Main", "Bonn"]


def test_a_column_of_word_numbers_is_left_out(tmp_path):
    table = read(tmp_path, "d.conll", "1 a X\n2 b Y\n\n1 c X\n")
    assert list(table.frame.columns) == ["tokens", "tags"]
    assert cells(table, "tokens") == [["a", "b"], ["c"]]


def test_the_language_before_every_token_is_left_out(tmp_path):
    table = read(tmp_path, "d.tsv", "en:in\tO\nen:Bonn\tB-LOC\n\nen:en:\tO\nen:x\tO\n")
    assert cells(table, "tokens") == [["in", "Bonn"], ["en:", "x"]]
    assert '"en:" before every token left out' in table.notes


def test_tokens_without_tags(tmp_path):
    table = read(tmp_path, "d.conll", "Main\nStreet\n\nBonn\n")
    assert list(table.frame.columns) == ["tokens"]
    assert cells(table, "tokens") == [["Main", "Street"], ["Bonn"]]


@pytest.mark.parametrize(
    "text",
    [
        "good film\tpos\n\nbad film\tneg\n\nfine\tpos\n\n",  # one line an item: a table
        "the sea was calm\nand so were we\n\nthen came the wind\nand blew\n",  # verse
        "red wine\nwhite wine\n\ngreen tea\nblack tea\n",  # two words a line are no tags
        "text\tlabel\ngood film\tpos\nbad film\tneg\n",
    ],
)
def test_what_merely_has_blank_lines_is_read_as_before(tmp_path, text):
    for name in ("d.tsv", "d.txt"):
        table = read(tmp_path, name, text)
        assert "tokens" not in table.frame.columns


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("d.conll", "a X\nb\n\nc Y\n", 'd.conll" line 2 has 1 column where most lines have 2'),
        ("d.conllu", "1\ta\tX\n", 'd.conllu" line 1 has 3 columns, CoNLL-U has 10'),
        ("d.conllu", UNIVERSAL.replace("3.1\t", "x\t"), 'line 8: "x" is no word number'),
        ("d.conll", "# nothing\n\n", 'd.conll" holds no sentences'),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, text, said):
    with pytest.raises(UserError) as caught:
        read(tmp_path, name, text)
    assert said in caught.value.message
    assert "\n" not in caught.value.message


def parallel(folder, prefix="", rows=2):
    folder.mkdir(exist_ok=True)
    (folder / f"{prefix}seq.in").write_text("to Bonn\n" * rows)
    (folder / f"{prefix}seq.out").write_text("O B-city\n" * rows)
    (folder / f"{prefix}label").write_text("travel\n" * rows)


def test_parallel_files_in_a_folder_its_parts_and_by_prefix(tmp_path):
    parallel(tmp_path / "one")
    table = read_table(tmp_path / "one")
    assert cells(table, "tokens") == [["to", "Bonn"]] * 2
    assert cells(table, "tags") == [["O", "B-city"]] * 2
    assert table.frame["text"].tolist() == ["to Bonn"] * 2
    assert table.frame["label"].tolist() == ["travel"] * 2
    (tmp_path / "parts").mkdir()
    for split, rows in (("train", 3), ("dev", 1), ("test", 2)):
        parallel(tmp_path / "parts" / split, rows=rows)
        parallel(tmp_path / "files", f"{split}.", rows)
    for folder in ("parts", "files"):
        counts = read_table(tmp_path / folder).frame["split"].value_counts().to_dict()
        assert counts == {"train": 3, "valid": 1, "test": 2}


def test_parallel_files_of_different_length(tmp_path):
    parallel(tmp_path / "one")
    (tmp_path / "one" / "seq.out").write_text("O B-city\n")
    with pytest.raises(UserError, match=r'seq.in" has 2 lines, "seq.out" 1'):
        read_table(tmp_path / "one")
