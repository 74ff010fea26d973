"""Folders of images: classes, parts, what is no image."""

from __future__ import annotations

import numpy as np
import pytest

from seqlab.data.sources import read_table
from seqlab.errors import UserError

image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


def draw(path, shape=(4, 5), value=7):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.fromarray(np.full(shape, value, np.uint8)).save(path)


def test_a_subfolder_is_a_class(tmp_path):
    draw(tmp_path / "cat" / "1.png")
    draw(tmp_path / "dog" / "2.png", (4, 5, 3), 9)
    (tmp_path / "dog" / "notes.csv").write_text("a,b\n")
    table = read_table(tmp_path)
    assert table.frame["label"].tolist() == ["cat", "dog"]
    assert [cell.shape for cell in table.frame["image"]] == [(4, 5), (4, 5, 3)]
    assert table.frame["file"].tolist() == ["cat/1.png", "dog/2.png"]
    assert "1 files left out that are no images: dog/notes.csv" in table.notes


def test_parts_are_folders_around_classes(tmp_path):
    for part in ("train", "test"):
        for name in ("a", "b"):
            draw(tmp_path / part / name / "1.png")
    assert read_table(tmp_path).frame["split"].tolist() == ["train", "train", "test", "test"]


def test_images_alone_are_to_be_predicted(tmp_path):
    draw(tmp_path / "x.png")
    draw(tmp_path / "y.png")
    assert "label" not in read_table(tmp_path).frame
    assert read_table(tmp_path / "x.png").frame["image"][0].shape == (4, 5)


def test_a_damaged_image_is_named(tmp_path):
    draw(tmp_path / "a" / "1.png")
    draw(tmp_path / "b" / "1.png")
    (tmp_path / "b" / "2.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r'b.2\.png" is not a readable image'):
        read_table(tmp_path)


def test_without_pillow_the_extra_is_named(tmp_path, monkeypatch):
    draw(tmp_path / "a" / "1.png")
    draw(tmp_path / "b" / "1.png")
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(UserError) as error:
        read_table(tmp_path)
    assert "Pillow, which is not installed" in error.value.message
    assert error.value.hint == 'pip install "seqlab[images]"'
