"""What travels between nodes: folders as bytes, and nothing that leads out of a folder."""

import numpy as np
import pytest

from seqlab.errors import UserError
from seqlab.study.cluster import parcels
from seqlab.study.cluster.parcels import pack, unpack


def written(folder):
    """A run's folder as it may be when it is sent."""
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "inner").mkdir()
    for name in (
        "result.json",
        "weights",
        "inner/part",
        ".lock",
        "checkpoints/step",
        ".x.unfinished",
    ):
        (folder / name).write_text(name)
    (folder / "empty").touch()
    return folder


def test_a_folder_arrives_as_it_was_without_what_is_of_no_use_there(tmp_path):
    parcel = pack(written(tmp_path / "here"))
    unpack(parcel, tmp_path / "there")
    arrived = {
        p.relative_to(tmp_path / "there").as_posix(): p.read_text()
        for p in (tmp_path / "there").rglob("*")
        if p.is_file()
    }
    assert arrived == {
        "result.json": "result.json",
        "weights": "weights",
        "inner/part": "inner/part",
        "empty": "",
    }
    assert parcels.size(parcel) == sum(map(len, arrived.values()))


def test_what_says_that_a_folder_is_complete_is_written_last(tmp_path, monkeypatch):
    order, replacing = [], parcels.replacing
    monkeypatch.setattr(parcels, "replacing", lambda p: order.append(p.name) or replacing(p))
    unpack(pack(written(tmp_path / "here")), tmp_path / "there")
    assert order[-1] == "result.json"
    assert len(order) == 4


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "..\\x", ""])
def test_no_name_leads_out_of_the_folder(name, tmp_path):
    with pytest.raises(UserError, match="came from a node: not written"):
        unpack({name: np.zeros(1, dtype=np.uint8)}, tmp_path / "there")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_folder_for_temporary_files_that_is_someone_elses_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(parcels.tempfile, "gettempdir", lambda: str(tmp_path))
    own = parcels.own_folder("study")
    assert own.is_dir()
    assert own == parcels.own_folder("study")
    own.rmdir()
    own.parent.rmdir()
    own.parent.symlink_to(tmp_path)
    with pytest.raises(UserError, match="belongs to another user"):
        parcels.own_folder("study")
