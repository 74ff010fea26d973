"""Contestants from outside, by the names of --candidates: checkpoints and code of the user's own.

minilm, ./my-checkpoint          fine-tuned through the same training as all others
minilm-lr, ./my-checkpoint-lr    left as it is, with a logistic regression on its features
static-lr                        the same on a table that minilm's words were made into once
mine.py:build                    the network that a function of the user's makes
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.model.outline import outlined
from seqlab.pretrained.catalogue import ENTRIES
from seqlab.pretrained.checkpoint import config_of, digest_of_checkpoint, located, weight_files
from seqlab.specs import ModelSpec, Origin
from seqlab.study.building import build_model
from seqlab.study.reading import checkpoint_reader, rows_of, task_as_read
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import Task
from seqlab.tasks.inputs.text import Text
from seqlab.tasks.row_task import RowTask

FROZEN, STATIC = "-lr", "static-lr"
FROZEN_BASELINE = "frozen-lr"
CODE = re.compile(r"(?P<file>.+\.py):(?P<function>\w+)")
FAMILY = "pre-trained"
LEAST_STEPS, EPOCHS, BATCH_ROWS = 400, 3, 32  # of fine-tuning; fewer steps may collapse
RATE_FACTOR = 1 / 50  # of the learning rates that are tried: what was learned is to be kept
UNSEEN = 256  # tokens of a window, where no texts are there to tell how long they are
FIRST_RATE = 3.5e-5  # where none is tried


@dataclass(frozen=True)
class OwnTraining:
    """How a contestant trains that does not find its length by itself.

    train        TrainSpec fields over the task's own
    share        of the epochs of a usual run
    rate_factor  of the learning rates that are tried
    """

    train: dict[str, Any]
    share: float = 1.0
    rate_factor: float = 1.0


@dataclass(frozen=True)
class Outsider:
    """A contestant from outside: a network to train, or settings of a baseline."""

    name: str
    origin: Origin | None = None
    training: OwnTraining | None = None
    baseline: dict[str, Any] | None = None

    def model(self, spec: StudySpec, task: Task) -> ModelSpec:
        """Its settings; a study's own count where it has what they set."""
        assert self.origin is not None
        taken = {name: spec.model[name] for name in ("dropout",) if name in spec.model}
        return ModelSpec.read({"mixer": self.origin.kind, "origin": self.origin, **taken}, "model")


def is_outsider(name: str) -> bool:
    """Whether a candidate's name is that of no recipe or group."""
    whole = name.removesuffix(FROZEN)
    path = "/" in name or "\\" in name or name.startswith((".", "~"))
    return name == STATIC or whole in ENTRIES or path or CODE.fullmatch(name) is not None


def outsider(name: str, spec: StudySpec, task: Task, train: Examples | None) -> Outsider:
    """The contestant of a name; raises UserError for one that cannot enter."""
    code = CODE.fullmatch(name)
    if code is not None:
        return _code(code["file"], code["function"], spec, task)
    folder_is_so_called = Path(name).expanduser().is_dir()
    if name.endswith(FROZEN) and not folder_is_so_called:
        return _frozen(name, spec, task, train)
    return _checkpoint(name, spec, task, train)


def _checkpoint(name: str, spec: StudySpec, task: Task, train: Examples | None) -> Outsider:
    from seqlab.pretrained.reader import window_for

    folder = located(name)
    config_of(folder), weight_files(folder)  # the reasons to refuse it, before anything is read
    fine = spec.finetune
    origin = Origin(
        kind="checkpoint",
        name=_place(name, folder),
        content=digest_of_checkpoint(folder),
        freeze=fine.freeze,
        layer_decay=fine.layer_decay,
    )
    checkpoint_reader(task, name)
    window = UNSEEN if train is None else window_for(origin.name, train, spec.data.max_tokens)
    examples = len(train) if train is not None else 0
    return Outsider(
        name=_folder_name(name),
        origin=origin.with_(window=window),
        training=_fine_tuning(spec, task, examples),
    )


def _fine_tuning(spec: StudySpec, task: Task, examples: int) -> OwnTraining:
    """AdamW with bias correction, a tenth of the steps to warm up, at least LEAST_STEPS of them.

    Mosbach et al., 2021, On the stability of fine-tuning BERT.
    """
    declared = spec.budget.epochs or spec.budget.steps or spec.budget.train_seconds
    declared = declared or any(n in spec.train for n in ("epochs", "steps", "seconds"))
    usual = float(task.train_defaults.get("epochs", 10))
    epochs = max(EPOCHS, LEAST_STEPS * BATCH_ROWS / max(examples, 1))
    train = {
        "schedule": "linear",
        "warmup": 0.1,
        "batch_size": BATCH_ROWS,
        "patience": None,
        "learning_rate": FIRST_RATE,
    }
    return OwnTraining(train, 1.0 if declared else epochs / usual, RATE_FACTOR)


def _frozen(name: str, spec: StudySpec, task: Task, train: Examples | None) -> Outsider:
    from seqlab.pretrained.reader import window_for
    from seqlab.tasks.targets.classes import Classes

    static = name == STATIC
    source = "minilm" if static else name.removesuffix(FROZEN)
    folder = located(source)
    config_of(folder), weight_files(folder)
    _texts_only(task, name)
    if not isinstance(rows_of(task, _named(name)).target, Classes):
        raise UserError(
            f'candidate "{name}" is a logistic regression; {task.name} predicts no classes',
            f"leave it out, or fine-tune it: --candidates {source}",
        )
    settings: dict[str, Any] = {
        "source": _place(source, folder),
        "digest": digest_of_checkpoint(folder),
        "static": static,
    }
    if not static:
        most = spec.data.max_tokens
        settings["window"] = UNSEEN if train is None else window_for(source, train, most)
    return Outsider(name=_folder_name(name), baseline={"baseline": FROZEN_BASELINE, **settings})


def _code(file: str, function: str, spec: StudySpec, task: Task) -> Outsider:
    from seqlab.pretrained.own_code import digest_of_code, examined

    path = Path(file).expanduser().resolve()
    origin = Origin(kind="code", name=f"{path}:{function}", content=digest_of_code(path))
    examined(rows_of(task, origin), origin)
    return Outsider(name=f"{path.stem}-{function}", origin=origin)


def sizes_of(task: Task, model: ModelSpec) -> tuple[int, int]:
    """Parameters of body and head, and of the token table, counted without memory."""
    read = task_as_read(task, model)
    with outlined():
        built = build_model(read, model)
    return built.body_parameters(), built.embedding_parameters()


def described(
    outsiders: Sequence[tuple[str, Origin | None, dict[str, Any] | None]],
    parts: dict[str, Examples],
    data: str,
) -> list[dict[str, Any]]:
    """How each reads the rows: its window, how many rows are cut, and what is to be said of it."""
    from seqlab.pretrained.reader import pieces_a_word, token_counts, tokenizer_of

    cards = []
    for name, origin, baseline in outsiders:
        source = origin.name if origin is not None else str((baseline or {}).get("source"))
        window = origin.window if origin is not None else (baseline or {}).get("window")
        if origin is not None and origin.kind == "code":
            continue
        pieces = tokenizer_of(located(source))
        fine = pieces_a_word(pieces, parts["train"])
        cut = {
            part: int((token_counts(pieces, rows) > window).sum()) if window else 0
            for part, rows in parts.items()
        }
        card = {"contestant": name, "window": window, "rows_cut": cut, "pieces_a_word": fine}
        cards.append({**card, "notes": _notes(name, source, card, parts, data)})
    return cards


def _notes(
    name: str, source: str, card: dict[str, Any], parts: dict[str, Examples], data: str
) -> list[str]:
    from seqlab.pretrained.reader import STRANGE_SCRIPT

    notes, total = [], sum(map(len, parts.values()))
    cut = sum(card["rows_cut"].values())
    if cut:
        done = "are read in pieces" if "tokens" in parts["train"].frame else "are cut"
        notes.append(
            f"{name} reads {card['window']} tokens at a time: {cut:,} of {total:,} rows {done}"
        )
    if card["pieces_a_word"] > STRANGE_SCRIPT:
        notes.append(
            f"{name}: its vocabulary cuts these texts into {card['pieces_a_word']:.1f} pieces a "
            "word; it was made for another language or script"
        )
    seen = _seen(source, data)
    if seen:
        notes.append(f"{name} may have seen these data: its own card names {', '.join(seen)}")
    return notes


def _seen(source: str, data: str) -> list[str]:
    """The data sets of a checkpoint's own card whose names occur in that of the user's data."""
    entry, words = ENTRIES.get(source), re.findall(r"[a-z0-9]+", data.lower())
    known = entry.trained_on if entry is not None else ()
    return [one for one in known if _joined(one) in words or _joined(one) == "".join(words)]


def _joined(name: str) -> str:
    return "".join(re.findall(r"[a-z0-9]+", name.lower()))


def _texts_only(task: Task, name: str) -> None:
    """Checkpoints read texts, and answer once for each."""
    if not isinstance(task, RowTask) or not isinstance(task.reader, Text):
        raise UserError(
            f'candidate "{name}" reads texts, which {task.name} does not have here',
            "accepted with it: classify",
        )


def _named(name: str) -> Origin:
    return Origin(kind="checkpoint", name=name, content="")


def _place(name: str, folder: Path) -> str:
    """What finds it again from any folder."""
    return name if name in ENTRIES else str(folder)


def _folder_name(name: str) -> str:
    """What its runs' folder is called."""
    return name if name in ENTRIES else Path(name).expanduser().name


def renamed_apart(outsiders: Sequence[Outsider], taken: Sequence[str]) -> list[Outsider]:
    """Contestants of one name told apart by numbers."""
    apart: list[Outsider] = []
    for one in outsiders:
        known, name, number = {*taken, *(o.name for o in apart)}, one.name, 2
        while name in known:
            name, number = f"{one.name}-{number}", number + 1
        apart.append(replace(one, name=name))
    return apart
