"""What `seqlab ablate` toggles: practices by name, and any setting by its values.

"clipping,ema,schedule=cosine|cyclic"  →  as it is; without clipping; with ema; each schedule
"""

from __future__ import annotations

import tomllib
from typing import Any

from seqlab.errors import UserError, unknown
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.spec import NO_FOLDER

Fields = dict[str, dict[str, Any]]  # model and train settings

# A practice that is on by default is taken away, one that is off is added.
PRACTICES: dict[str, tuple[str, Fields]] = {
    "clipping": ("no", {"train": {"clip_norm": None, "clip_value": None, "clip_adaptive": None}}),
    "dropout": ("no", {"model": {"dropout": 0.0, "embedding_dropout": 0.0}}),
    "warmup": ("no", {"train": {"warmup": 0.0}}),
    "weight_decay": ("no", {"train": {"weight_decay": 0.0}}),
    "early_stopping": ("no", {"train": {"patience": None}}),
    "ema": ("with", {"train": {"ema": 0.99}}),
    "swa": ("with", {"train": {"swa": 0.25}}),
    "label_smoothing": ("with", {"train": {"label_smoothing": 0.1}}),
    "mixup": ("with", {"train": {"mixup": 0.2}}),
    "variational_dropout": ("with", {"model": {"variational_dropout": True}}),
    "weight_drop": ("with", {"model": {"weight_drop": 0.3}}),
    "stochastic_depth": ("with", {"model": {"stochastic_depth": 0.1}}),
    "attention_dropout": ("with", {"model": {"attention_dropout": 0.1}}),
    "adaptive_clipping": ("with", {"train": {"clip_adaptive": 0.05}}),
    "token_dropout": ("with", {"train": {"augment": [{"kind": "token_dropout"}]}}),
}


def variants(toggles: str) -> dict[str, Fields]:
    """A name for each way to train, with the settings in which it differs; the first in none."""
    ways: dict[str, Fields] = {"": {}}
    for toggle in filter(None, (part.strip() for part in toggles.split(","))):
        name, separator, values = toggle.partition("=")
        ways |= _values(name.strip(), values) if separator else _practice(name)
    if len(ways) < 2:
        raise UserError(
            f'--toggle "{toggles}": expected practices or settings divided by commas',
            "as in clipping,dropout,schedule=cosine|cyclic",
        )
    return ways


def _practice(name: str) -> dict[str, Fields]:
    if name not in PRACTICES:
        raise unknown("practice in --toggle", name, PRACTICES)
    how, fields = PRACTICES[name]
    return {f"{how}-{name}": fields}


def _values(name: str, values: str) -> dict[str, Fields]:
    """One for each value of a setting but its default, which is there as it is."""
    for section, spec in (("train", TrainSpec), ("model", ModelSpec)):
        if name in spec.model_fields:
            read = {text.strip(): _value(text.strip()) for text in values.split("|")}
            default = spec.model_fields[name].default
            kept = {text: value for text, value in read.items() if value != default}
            for value in kept.values():
                extra = {"mixer": "gru"} if spec is ModelSpec else {}
                spec.read({**extra, name: value}, section)
            return {
                f"{name}-{NO_FOLDER.sub('_', text)}": {section: {name: value}}
                for text, value in kept.items()
            }
    raise unknown("setting in --toggle", name, [*TrainSpec.model_fields, *ModelSpec.model_fields])


def _value(text: str) -> Any:
    if text == "none":
        return None
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text
