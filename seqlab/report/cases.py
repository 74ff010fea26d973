"""Single examples with what each contestant made of them: texts, marked tokens, samples, images."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqlab.report.stored import Contestant

LONG = 40  # characters of an answer
DRAWN = (240, 28)  # width and height of a small curve

Shown = tuple[Contestant, dict[str, Any]]  # a contestant and its exhibit's data


@dataclass(frozen=True)
class Piece:
    """Neighbouring tokens under one mark; `right` where the given marks say the same."""

    text: str
    tag: str = ""
    right: bool = True


@dataclass(frozen=True)
class Answer:
    """What a contestant made of an example; None where its exhibit does not say."""

    contestant: Contestant
    predicted: Any = None
    score: Any = None
    note: Any = None
    pieces: list[Piece] = field(default_factory=list)  # what it marked


@dataclass(frozen=True)
class Case:
    """An example, with the answers of the contestants that list it."""

    text: str
    target: Any
    answers: list[Answer]
    pieces: list[Piece] = field(default_factory=list)  # the text with its given marks
    image: str = ""  # as the address of an image
    width: int = 0  # of the image, in its own pixels
    title: str = ""  # what is asked of the text, say
    curve: str = ""  # the points of a small drawing, as SVG wants them

    @property
    def long(self) -> bool:
        """Whether answers are texts, of which each wants a line of its own."""
        said = [self.target, *(answer.predicted for answer in self.answers)]
        return any(isinstance(text, str) and len(text) > LONG for text in said)


def cases(kind: str, shown: list[Shown]) -> list[Case]:
    """The examples of an exhibit, those that most contestants list first."""
    read = {"marked": _marked, "images": _pictured, "samples": _sampled}.get(kind, _told)
    found: dict[Any, Case] = {}
    for contestant, data in shown:
        for item in data["items"]:
            key, case, answer = read(contestant, item)
            found.setdefault(key, case).answers.append(answer)
    return sorted(found.values(), key=lambda case: -len(case.answers))


def _answer(contestant: Contestant, item: dict[str, Any]) -> Answer:
    return Answer(contestant, item.get("predicted"), item.get("score"), item.get("note"))


def _told(contestant: Contestant, item: dict[str, Any]) -> tuple[Any, Case, Answer]:
    text, target = str(item["text"]), item.get("target")
    case = Case(text, target, [], curve=points(item.get("curve") or ()))
    return (text, str(target)), case, _answer(contestant, item)


def points(values: Sequence[float]) -> str:
    """A curve from left to right in a box of DRAWN, its highest value on top."""
    if len(values) < 2:
        return ""
    y = np.asarray(values, dtype=float)
    width, height = DRAWN
    x = np.linspace(0, width, len(y))
    y = height * (1 - (y - y.min()) / (np.ptp(y) or 1.0))
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _sampled(contestant: Contestant, item: dict[str, Any]) -> tuple[Any, Case, Answer]:
    title = str(item["title"])
    return title, Case(title, None, []), Answer(contestant, str(item["text"]))


def _marked(contestant: Contestant, item: dict[str, Any]) -> tuple[Any, Case, Answer]:
    """The text once, with what is given; of each contestant only what it marks."""
    tokens = [str(token) for token in item["tokens"]]
    given, predicted = (list(_runs(item[name])) for name in ("target", "predicted"))
    text = [Piece(" ".join(tokens[start:end]), tag) for start, end, tag in given]
    marks = [
        Piece(" ".join(tokens[start:end]), tag, (start, end, tag) in given)
        for start, end, tag in predicted
        if tag
    ]
    title = str(item.get("title") or "")
    case = Case(" ".join(tokens), None, [], pieces=text, title=title)
    answer = Answer(contestant, note=item.get("note"), pieces=marks)
    return (title, tuple(tokens), tuple(map(str, item["target"]))), case, answer


def _runs(tags: Sequence[Any]) -> Iterator[tuple[int, int, str]]:
    """Neighbours of one tag as (start, end, tag); nothing is marked by an empty tag."""
    start = 0
    for end in range(1, len(tags) + 1):
        if end == len(tags) or tags[end] != tags[start]:
            yield start, end, str(tags[start] or "")
            start = end


def _pictured(contestant: Contestant, item: dict[str, Any]) -> tuple[Any, Case, Answer]:
    pixels, target = np.asarray(item["pixels"], dtype=float), item.get("target")
    image = "data:image/png;base64," + base64.b64encode(png(pixels)).decode()
    alt = f"image of {target}" if target is not None else "image"
    case = Case(alt, target, [], image=image, width=pixels.shape[1])
    return (image, str(target)), case, _answer(contestant, item)


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    """(height, width) of grey or (height, width, 3) of red, green and blue, 0…1, as a PNG."""
    values = (np.nan_to_num(pixels).clip(0, 1) * 255).round().astype(np.uint8)
    height, width = values.shape[:2]
    colour = 2 if values.ndim == 3 else 0
    rows = values.reshape(height, -1)
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()  # 0: no filter
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )
