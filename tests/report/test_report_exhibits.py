"""What tasks leave to show, kind by kind: truthful, legible and never markup."""

import base64
import struct
import zlib

import numpy as np
import pytest

from seqlab.report.cases import cases, png
from seqlab.report.exhibits import _forecast, _scatters
from seqlab.report.stored import read_study
from tests.report.reading import read_report


@pytest.fixture(scope="module")
def report(golden):
    return read_report(golden)


@pytest.fixture
def gru(golden):
    return next(c for c in read_study(golden).contestants if c.name == "gru")


def decoded(image):
    """The pixels of a PNG without filters, as whole numbers."""
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    place, data, shape = 8, b"", None
    while place < len(image):
        (length,) = struct.unpack(">I", image[place : place + 4])
        kind, content = image[place + 4 : place + 8], image[place + 8 : place + 8 + length]
        (check,) = struct.unpack(">I", image[place + 8 + length : place + 12 + length])
        assert check == zlib.crc32(kind + content)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", content[:10])
            assert depth == 8
            shape = (height, width) if colour == 0 else (height, width, 3)
        data += content if kind == b"IDAT" else b""
        place += 12 + length
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(shape[0], -1)
    assert not lines[:, 0].any(), "no filter is named"
    return lines[:, 1:].reshape(shape)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (1, 1)])
def test_images_are_the_pixels_that_were_given(shape):
    pixels = np.random.default_rng(0).random(shape)
    assert (decoded(png(pixels)) == (pixels * 255).round()).all()


def test_pixels_beyond_their_range_are_clipped():
    assert decoded(png(np.array([[-1.0, 2.0, np.nan]]))).tolist() == [[0, 255, 0]]


def test_images_stand_in_the_page_itself(report):
    sources = [attributes["src"] for tag, attributes in report.elements if tag == "img"]
    assert len(sources) == 2
    for source in sources:
        head, _, code = source.partition(",")
        assert head == "data:image/png;base64"
        decoded(base64.b64decode(code))


def test_marks_that_nothing_given_has_are_said_to_be_wrong(gru):
    item = {
        "tokens": ["to", "New", "York", "on", "Monday"],
        "target": ["", "city", "city", "", "day"],
        "predicted": ["", "city", "city", "", "city"],
    }
    (case,) = cases("marked", [(gru, {"items": [item]})])
    told = [(piece.text, piece.tag) for piece in case.pieces]
    assert told == [("to", ""), ("New York", "city"), ("on", ""), ("Monday", "day")]
    (answer,) = case.answers
    marks = [(piece.text, piece.tag, piece.right) for piece in answer.pieces]
    assert marks == [("New York", "city", True), ("Monday", "city", False)]


def test_a_mark_of_other_ends_is_wrong(gru):
    item = {"tokens": ["a", "b", "c"], "target": ["", "x", "x"], "predicted": ["", "", "x"]}
    (case,) = cases("marked", [(gru, {"items": [item]})])
    assert [piece.right for piece in case.answers[0].pieces] == [False]


def test_all_contestants_answer_beneath_one_text(report):
    assert report.text.count("fly from New York city to Bonn city on Monday day") == 1
    assert report.text.count("Monday city") == 5
    assert report.text.count("nothing here") == 1


def test_samples_stand_beside_each_other_under_one_title(report):
    assert report.text.count("after 'ROMEO:'") == 1
    for name in ("gru", "lstm", "tfidf-logistic"):
        assert f"What says {name}? Speak." in report.text


def test_a_cloud_for_each_contestant_over_one_stretch_with_the_line_of_agreement(report):
    clouds = [f for name, f in report.figures.items() if "true stars" in str(f["layout"])]
    assert len(clouds) == 5
    assert len({str(cloud["layout"]["xaxis"]["range"]) for cloud in clouds}) == 1
    for cloud in clouds:
        line, points = cloud["data"]
        assert line["x"] == line["y"]
        assert len(points["x"]) == 200


def test_a_reliability_curve_has_its_diagonal(report):
    (figure,) = (f for f in report.figures.values() if "confidence" in str(f["layout"]))
    assert figure["data"][0]["x"] == figure["data"][0]["y"] == [0.55, 0.95]
    assert len(figure["data"]) == 6


def test_an_empty_cloud_is_drawn_empty(gru):
    data = {"x_label": "a", "y_label": "b", "x": [], "y": [], "diagonal": True}
    (figure,) = _scatters("name", "title", [(gru, data)])
    assert figure.data[1]["x"] == []


def test_the_first_interval_is_drawn_whoever_gives_it(gru):
    times = {"x": [1, 2], "y": [1.0, 2.0]}
    bare = {"title": "a", "history": times, "target": times, "predicted": times}
    sure = {**bare, "predicted": {**times, "low": [0.0, 1.0], "high": [2.0, 3.0]}}
    figure = _forecast("name", "a", [(gru, bare), (gru, sure)])
    assert "Band: the prediction interval of gru." in figure.caption
    assert [trace.get("fill") for trace in figure.data].count("toself") == 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_marks_are_legible_on_any_ground(golden, page, dark):
    """The ratio of luminances that readers need, 4.5 (WCAG 2.1), also behind the small tag."""
    read_report(golden)
    page.open(golden / "report.html", dark=dark)
    assert page.errors() == []
    ratio = """(() => {
      const numbers = (c) => c.match(/[\\d.]+/g).map(Number);
      const over = (top, base) => {
        const [r, g, b, a = 1] = top;
        return [r, g, b].map((v, i) => v * a + base[i] * (1 - a));
      };
      const light = (c) => {
        const curve = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
        const [r, g, b] = c.map((v) => curve(v / 255));
        return .2126 * r + .7152 * g + .0722 * b;
      };
      const paper = numbers(getComputedStyle(document.body).backgroundColor);
      return Math.min(...[...document.querySelectorAll('mark, mark small')].map((e) => {
        const mark = e.closest('mark');
        const ground = light(over(numbers(getComputedStyle(mark).backgroundColor), paper));
        const ink = light(numbers(getComputedStyle(e).color));
        return (Math.max(ground, ink) + .05) / (Math.min(ground, ink) + .05);
      }));
    })()"""
    assert page.ask(ratio) >= 4.5
    assert page.ask("document.querySelectorAll('.pictures img').length") == 2
    loaded = "[...document.images].every((i) => i.complete && i.naturalWidth === 28)"
    page.wait(lambda: page.ask(loaded))
