"""The map is short, and what it names exists."""

import re
from pathlib import Path

import pytest

from bench import docs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(\w+(?:\.\w+)?)`\s+\(`([\w/]+\.py)`\)", PAGE)


def test_the_map_can_be_read_at_once():
    assert len(PAGE.splitlines()) <= 200


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([\w/]+/\w+\.py|\w+\.py)`", PAGE))))
def test_every_file_that_is_named_exists(name):
    assert (ROOT / "seqlab" / name).is_file()


@pytest.mark.parametrize(("name", "path"), NAMED, ids=[f"{p}:{n}" for n, p in NAMED])
def test_the_walk_goes_through_what_is_there(name, path):
    source = (ROOT / "seqlab" / path).read_text(encoding="utf-8")
    for part in name.split("."):
        assert re.search(rf"^ *(def|class) {part}\b", source, re.MULTILINE)


def test_the_walk_names_its_functions():
    assert len(NAMED) >= 20


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two layers, as the generator sees it."""
    (tmp_path / "pyproject.toml").write_text(
        '[[tool.importlinter.contracts]]\ntype = "layers"\n'
        'layers = ["seqlab.top", "seqlab.beside | seqlab.low"]\n'
    )
    for path in ("top", "top/within", "beside", "low", "apart"):
        folder = tmp_path / "seqlab" / path
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(f'"""What {path} is for."""\n')
    (tmp_path / "seqlab" / "low" / "first.py").write_text(
        '"""One sentence\nover two lines.\n\nMore."""\n'
    )
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    return tmp_path / "seqlab"


def test_folders_are_found_and_stand_in_the_order_of_the_layers(package):
    headings = re.findall(r"^## (\S+)", docs.files_page(""), re.MULTILINE)
    assert headings == [
        "seqlab/",
        "seqlab/beside/",
        "seqlab/low/",
        "seqlab/top/",
        "seqlab/top/within/",
        "seqlab/apart/",
    ]


def test_a_file_has_the_first_sentence_of_its_docstring(package):
    assert "- `seqlab/low/first.py` – One sentence over two lines.\n" in docs.files_page("")


def test_a_file_without_a_docstring_is_named(package):
    (package / "low" / "second.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match=r"seqlab/low/second\.py has no docstring"):
        docs.files_page("")


def test_the_list_of_folders_is_renewed_and_the_rest_kept(package):
    page = f"before\n\n{docs.MARKERS[0]}\n\n- old\n\n{docs.MARKERS[1]}\n\nafter\n"
    renewed = docs.architecture_page(page)
    assert renewed.startswith("before\n")
    assert renewed.endswith("\nafter\n")
    assert "- old" not in renewed
    assert "- `seqlab/top/` – What top is for." in renewed
    assert "within" not in renewed, "folders inside others stand in the list of files"
    assert docs.architecture_page(renewed) == renewed
